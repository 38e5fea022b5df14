/**
 * What a web link needs of a WebSocket (RFC 6455), in the words of the browsers' interface, which `ws` has too: whole
 * binary messages, and how much waits to leave. Spec: docs/spec/15-web-link.md §4
 */

/** The part of the browsers' WebSocket that is used here; Node's `ws` adds the last two. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  /** Bytes handed over that have not left this process. */
  readonly bufferedAmount: number;
  send(data: Uint8Array): void;
  close(code?: number): void;
  addEventListener(type: "open" | "error" | "close", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  /** Stops and goes on reading, so that TCP holds the peer back. */
  pause?(): void;
  resume?(): void;
  /** Ends the connection without a word. */
  terminate?(): void;
}

/** Messages in, messages out; a text message is no message of ours. */
export class MessageSocket {
  readonly #socket: WebSocketLike;
  #messageHandler: ((bytes: Uint8Array | undefined) => void) | undefined;
  #closeHandler: (() => void) | undefined;
  #isClosed = false;

  constructor(socket: WebSocketLike) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => {
      this.#messageHandler?.(data instanceof ArrayBuffer ? new Uint8Array(data) : undefined);
    });
    // An error is followed by the end of the connection, which is all that matters here.
    socket.addEventListener("error", () => undefined);
    socket.addEventListener("close", () => {
      this.#isClosed = true;
      this.#closeHandler?.();
    });
  }

  get waiting(): number {
    return this.#socket.bufferedAmount;
  }

  get isOpen(): boolean {
    return !this.#isClosed && this.#socket.readyState === OPEN;
  }

  send(bytes: Uint8Array): void {
    if (this.isOpen) this.#socket.send(bytes);
  }

  /** Undefined stands for a message that is not binary. One handler: the next one replaces it. */
  onMessage(handler: (bytes: Uint8Array | undefined) => void): void {
    this.#messageHandler = handler;
  }

  onClose(handler: () => void): void {
    this.#closeHandler = handler;
    if (this.#isClosed) queueMicrotask(handler);
  }

  pause(): void {
    if (this.isOpen) this.#socket.pause?.();
  }

  resume(): void {
    if (this.isOpen) this.#socket.resume?.();
  }

  /** What was handed over before still leaves. */
  close(): void {
    this.#socket.close();
  }

  destroy(): void {
    if (this.#socket.terminate === undefined) this.#socket.close();
    else this.#socket.terminate();
  }
}

const OPEN = 1;
