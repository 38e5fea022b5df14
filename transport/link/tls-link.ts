/** A link over one TLS socket whose handshake is over and whose peer is known. Spec: docs/spec/05-link.md §4 */

import type { TLSSocket } from "node:tls";
import type { Milliseconds } from "../core/units.ts";
import { FrameAssembler, type FrameMemory } from "./frame-assembler.ts";
import { FRAME_TYPES, type FrameTable, isFrame } from "./frame-table.ts";
import { IDLE_TIME_MAX, lineTime, PARTIAL_FRAME_TIME_MAX } from "./limits.ts";
import type { FrameOptions, Link, PeerIdentity, Protocol } from "./link.ts";

export class TlsLink implements Link {
  readonly protocol: Protocol;
  readonly peer: PeerIdentity;
  readonly from: string | undefined;
  readonly #socket: TLSSocket;
  readonly #reset: () => void;
  readonly #outgoing: FrameTable;
  readonly #assembler: FrameAssembler;
  readonly #sendBufferBytes: number;
  readonly #now: () => Milliseconds;
  #frameHandler: ((frame: Uint8Array) => void) | undefined;
  #onPiece: ((bytes: number) => void) | undefined;
  #closeHandler: ((reason: string) => void) | undefined;
  #closeReason: string | undefined;
  #closedAt: Milliseconds | undefined;
  #lastData: Milliseconds;
  #partialSince: Milliseconds | undefined;

  constructor(o: {
    socket: TLSSocket;
    /** Ends the TCP connection with a reset; what the system holds of it is lost. */
    reset: () => void;
    protocol: Protocol;
    peer: PeerIdentity;
    from: string | undefined;
    incoming: FrameTable;
    outgoing: FrameTable;
    memory: FrameMemory;
    sendBufferBytes: number;
    now: () => Milliseconds;
  }) {
    this.protocol = o.protocol;
    this.peer = o.peer;
    this.from = o.from;
    this.#socket = o.socket;
    this.#reset = o.reset;
    this.#outgoing = o.outgoing;
    this.#assembler = new FrameAssembler(o.incoming, o.memory);
    this.#sendBufferBytes = o.sendBufferBytes;
    this.#now = o.now;
    this.#lastData = o.now();
    o.socket.setNoDelay(true);
    o.socket.on("error", (error) => this.#closeBecause(`socket: ${(error as NodeJS.ErrnoException).code ?? "error"}`));
    o.socket.on("end", () => this.#closeBecause("the peer closed it"));
    o.socket.on("close", () => this.#closeBecause("the connection ended"));
    // Nothing is lost where no more can come than that the peer is alive, and the end of the connection is to be heard.
    if ([...o.incoming.keys()].every((type) => type === FRAME_TYPES.alive)) this.onFrame(() => undefined);
  }

  get writable(): boolean {
    return this.#closeReason === undefined && this.#socket.writableLength < this.#sendBufferBytes;
  }

  send(frame: Uint8Array, onTaken?: () => void): boolean {
    this.#assertLength(frame);
    if (this.#closeReason !== undefined) return false;
    // An empty buffer takes any frame, so that no frame is too large to be sent at all.
    const waiting = this.#socket.writableLength;
    if (waiting > 0 && waiting + frame.length > this.#sendBufferBytes) return false;
    this.#socket.write(frame, onTaken);
    return true;
  }

  onFrame(handler: (frame: Uint8Array) => void, { lent = false, onPiece }: FrameOptions = {}): void {
    const isFirst = this.#frameHandler === undefined;
    this.#frameHandler = handler;
    this.#onPiece = onPiece;
    this.#assembler.lend = lent;
    // Not before: until somebody listens, TCP holds the peer back and nothing piles up here.
    if (isFirst) this.#socket.on("data", (chunk: Uint8Array) => this.#read(chunk));
  }

  onClose(handler: (reason: string) => void): void {
    this.#closeHandler = handler;
    const reason = this.#closeReason;
    if (reason !== undefined) queueMicrotask(() => this.#reportClose(reason));
  }

  close({ isDead = false }: { readonly isDead?: boolean } = {}): void {
    this.#closeBecause(isDead ? DEAD_LINE : CLOSED_HERE);
  }

  /** Called every few seconds by whoever made the link; one timer serves all links. */
  sweep(now: Milliseconds): void {
    if (this.#closedAt !== undefined) {
      if (now - this.#closedAt > PARTIAL_FRAME_TIME_MAX) this.#socket.destroy();
    } else if (this.#isOverdue(now)) {
      this.#closeBecause("a frame was not completed in time");
    } else if (now - this.#lastData > IDLE_TIME_MAX) {
      this.#closeBecause("nothing came for too long");
    }
  }

  #isOverdue(now: Milliseconds): boolean {
    if (this.#partialSince === undefined) return false;
    return now - this.#partialSince > PARTIAL_FRAME_TIME_MAX + lineTime(this.#assembler.needed);
  }

  destroy(): void {
    this.#closeBecause(CLOSED_HERE);
    this.#socket.destroy();
  }

  #read(chunk: Uint8Array): void {
    if (this.#closeReason !== undefined) return;
    this.#lastData = this.#now();
    const isWhole = this.#assembler.push(chunk, (frame) => {
      this.#partialSince = undefined;
      if (this.#closeReason === undefined) this.#frameHandler?.(frame);
    });
    if (!isWhole) this.#closeBecause("a frame that does not belong here");
    else if (this.#assembler.partialBytes > 0) {
      this.#partialSince ??= this.#lastData;
      if (this.#closeReason === undefined) this.#onPiece?.(this.#assembler.partialBytes);
    }
    release(chunk);
  }

  #closeBecause(reason: string): void {
    if (this.#closeReason !== undefined) return;
    this.#closeReason = reason;
    this.#closedAt = this.#now();
    // What was handed over before still leaves; a peer that does not take it is cut by the sweep.
    if (reason === CLOSED_HERE) this.#socket.destroySoon();
    else if (reason === DEAD_LINE) this.#reset();
    else this.#socket.destroy();
    queueMicrotask(() => this.#reportClose(reason));
  }

  #reportClose(reason: string): void {
    const handler = this.#closeHandler;
    this.#closeHandler = undefined;
    handler?.(reason);
  }

  /** A frame of another length would show an observer what it carries. */
  #assertLength(frame: Uint8Array): void {
    if (!isFrame(this.#outgoing, frame)) throw new RangeError("a frame that does not belong on this link");
  }
}

/**
 * Frees what was read and copied. Left to V8, 90 MB a second of it bring on collections of the whole heap, twice a second, each
 * of which holds up packets that are due for some 15 ms (docs/benchmarks.md).
 */
function release({ buffer, byteLength }: Uint8Array): void {
  // What Node hands over has memory of its own; a piece of something larger would be somebody else's too.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

const CLOSED_HERE = "closed here";
const DEAD_LINE = "the line is dead";
