/** A device's link as an entry sees it: what was sent stands there until the test lets it go. */

import type { VirtualClock } from "#test/support/virtual-clock.ts";
import type { Milliseconds } from "#transport/core/units.ts";
import { decodeFrame, encodeFrame, type Frame } from "#transport/link/frame.ts";
import type { Link } from "#transport/link/link.ts";

export const SIZES = { packetBytes: 4096, payloadBytes: 3674 };

/** The server's end of a client's link: what it sends is kept with its time. */
export class FakeLink implements Link {
  readonly protocol = "starling-client/2";
  readonly peer: Link["peer"];
  readonly sent: { at: Milliseconds; frame: Frame; bytes: Uint8Array; onTaken: (() => void) | undefined }[] = [];
  isClosed = false;
  /** Takes nothing. */
  isFull = false;
  readonly #clock: VirtualClock;
  #onFrame: (frame: Uint8Array) => void = () => undefined;
  #onClose: (reason: string) => void = () => undefined;

  constructor(clock: VirtualClock, name: number) {
    this.#clock = clock;
    const key = new Uint8Array(32);
    new DataView(key.buffer).setUint32(0, name);
    this.peer = { role: "client", key };
  }

  get writable(): boolean {
    return !this.isClosed;
  }

  send(bytes: Uint8Array, onTaken?: () => void): boolean {
    if (this.isClosed || this.isFull) return false;
    const context = { protocol: this.protocol, direction: "toDialer", sizes: SIZES } as const;
    this.sent.push({ at: this.#clock.now(), frame: decodeFrame(bytes, context), bytes, onTaken });
    return true;
  }

  onFrame(handler: (frame: Uint8Array) => void): void {
    this.#onFrame = handler;
  }

  onClose(handler: (reason: string) => void): void {
    this.#onClose = handler;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#onClose("closed");
  }

  receive(frame: Frame): void {
    this.#onFrame(encodeFrame(frame, SIZES));
  }
}
