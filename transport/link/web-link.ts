/** A link over one WebSocket whose ends have proven their keys: one frame is one binary message. Spec: docs/spec/15-web-link.md §4 */

import type { Milliseconds } from "../core/units.ts";
import { type FrameSizes, type FrameTable, frameTable, isFrame } from "./frame-table.ts";
import { CLIENT_SEND_BUFFER_BYTES, IDLE_TIME_MAX, PARTIAL_FRAME_TIME_MAX, WEB_EARLY_BYTES_MAX } from "./limits.ts";
import type { Link, PeerIdentity, Protocol } from "./link.ts";
import type { MessageSocket } from "./web-socket.ts";

export class WebLink implements Link {
  readonly protocol: Protocol = "starling-client/2";
  readonly peer: PeerIdentity;
  readonly from: string | undefined;
  readonly #socket: MessageSocket;
  readonly #incoming: FrameTable;
  readonly #outgoing: FrameTable;
  readonly #now: () => Milliseconds;
  readonly #bytesRead: () => number;
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  #frameHandler: ((frame: Uint8Array) => void) | undefined;
  #closeHandler: ((reason: string) => void) | undefined;
  #closeReason: string | undefined;
  #closedAt: Milliseconds | undefined;
  #lastFrame: Milliseconds;
  #readAtLastFrame: number;
  #partialSince: Milliseconds | undefined;

  constructor(o: {
    socket: MessageSocket;
    peer: PeerIdentity;
    from?: string;
    end: "dialer" | "listener";
    sizes: FrameSizes;
    now: () => Milliseconds;
    /** What came on the connection so far, where that can be known: more than whole frames means that one has begun. */
    bytesRead?: () => number;
    /** The connection is gone: nothing has to look after the link any more. */
    onGone: (link: WebLink) => void;
  }) {
    this.peer = o.peer;
    this.from = o.from;
    this.#socket = o.socket;
    const { protocol } = this;
    const fromDialer = frameTable({ protocol, direction: "fromDialer", sizes: o.sizes });
    const toDialer = frameTable({ protocol, direction: "toDialer", sizes: o.sizes });
    this.#incoming = o.end === "dialer" ? toDialer : fromDialer;
    this.#outgoing = o.end === "dialer" ? fromDialer : toDialer;
    this.#now = o.now;
    this.#bytesRead = o.bytesRead ?? (() => 0);
    this.#lastFrame = o.now();
    this.#readAtLastFrame = this.#bytesRead();
    o.socket.onMessage((bytes) => this.#read(bytes));
    o.socket.onClose(() => {
      this.#closeBecause("the peer closed it");
      o.onGone(this);
    });
  }

  get writable(): boolean {
    return this.#closeReason === undefined && this.#socket.isOpen && this.#socket.waiting < CLIENT_SEND_BUFFER_BYTES;
  }

  send(frame: Uint8Array): boolean {
    // A frame of another length would show an observer what it carries.
    if (!isFrame(this.#outgoing, frame)) throw new RangeError("a frame that does not belong on this link");
    if (this.#closeReason !== undefined || !this.#socket.isOpen) return false;
    // An empty buffer takes any frame, so that no frame is too large to be sent at all.
    const { waiting } = this.#socket;
    if (waiting > 0 && waiting + frame.length > CLIENT_SEND_BUFFER_BYTES) return false;
    this.#socket.send(frame);
    return true;
  }

  onFrame(handler: (frame: Uint8Array) => void): void {
    this.#frameHandler = handler;
    for (const frame of this.#early.splice(0)) handler(frame);
    this.#socket.resume();
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
      return;
    }
    if (this.#bytesRead() > this.#readAtLastFrame) this.#partialSince ??= now;
    if (this.#partialSince !== undefined && now - this.#partialSince > PARTIAL_FRAME_TIME_MAX) {
      this.#closeBecause("a frame was not completed in time");
    } else if (now - this.#lastFrame > IDLE_TIME_MAX) {
      this.#closeBecause("nothing came for too long");
    }
  }

  destroy(): void {
    this.#closeBecause(CLOSED_HERE);
    this.#socket.destroy();
  }

  #read(bytes: Uint8Array | undefined): void {
    if (this.#closeReason !== undefined) return;
    if (bytes === undefined || !isFrame(this.#incoming, bytes)) {
      return this.#closeBecause("a frame that does not belong here");
    }
    this.#lastFrame = this.#now();
    this.#readAtLastFrame = this.#bytesRead();
    this.#partialSince = undefined;
    if (this.#frameHandler !== undefined) return this.#frameHandler(bytes);
    // From here on TCP holds the peer back where the runtime can; a browser cannot: who floods it unheard is cut.
    this.#early.push(bytes);
    this.#socket.pause();
    this.#earlyBytes += bytes.length;
    if (this.#earlyBytes > WEB_EARLY_BYTES_MAX) this.#closeBecause("too much before anyone listened");
  }

  #closeBecause(reason: string): void {
    if (this.#closeReason !== undefined) return;
    this.#closeReason = reason;
    this.#closedAt = this.#now();
    this.#early = [];
    // Else the peer's word that it closes too would never be read.
    this.#socket.resume();
    if (reason === CLOSED_HERE) this.#socket.close();
    else this.#socket.destroy();
    queueMicrotask(() => this.#reportClose(reason));
  }

  #reportClose(reason: string): void {
    const handler = this.#closeHandler;
    this.#closeHandler = undefined;
    handler?.(reason);
  }
}

const CLOSED_HERE = "closed here";
const DEAD_LINE = "the line is dead";
