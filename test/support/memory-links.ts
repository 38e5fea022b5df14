/** Links without sockets: frames arrive after a fixed latency of the clock, whole and in order. */

import type { Clock } from "#transport/core/clock.ts";
import { toHex } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import { milliseconds, type Milliseconds } from "#transport/core/units.ts";
import type { Dialer, Link, PeerIdentity, Protocol } from "#transport/link/link.ts";

/** What somebody sees who watches the lines: which way a frame passed, when, how long it was. Keys of links, in hexadecimal. */
export interface Passing {
  readonly from: string;
  readonly to: string;
  readonly at: Milliseconds;
  readonly length: number;
}

export class MemoryLinks {
  readonly #clock: Clock;
  readonly #latency: Milliseconds;
  /** Told of every frame that a dialler sends. */
  tap: ((passing: Passing) => void) | undefined;
  readonly #listeners = new Map<string, { key: Uint8Array; accept: (link: Link) => void }>();

  constructor(options: { clock: Clock; latency: Milliseconds }) {
    this.#clock = options.clock;
    this.#latency = options.latency;
  }

  /** Takes links at an address; returns what takes the listener away again. */
  listen(options: { address: string; key: Uint8Array; accept: (link: Link) => void }): () => void {
    this.#listeners.set(options.address, options);
    return () => void this.#listeners.delete(options.address);
  }

  /** What dials with this key. */
  dialer(key: Uint8Array): Dialer {
    return {
      dial: ({ address, expectedKey, protocol }) =>
        new Promise((resolve, reject) => {
          this.#clock.at(milliseconds(this.#clock.now() + this.#latency), () => {
            const listener = this.#listeners.get(address);
            if (listener === undefined) return reject(new TransportError("PROVIDER_DOWN"));
            if (toHex(listener.key) !== toHex(expectedKey)) return reject(new TransportError("REFUSED"));
            const role = protocol === "starling-client/2" ? "client" : "node";
            const near = new MemoryEnd(this.#clock, this.#latency, protocol, { role: "node", key: listener.key });
            const far = new MemoryEnd(this.#clock, this.#latency, protocol, { role, key });
            near.sent = (length) =>
              this.tap?.({ from: toHex(key), to: toHex(listener.key), at: this.#clock.now(), length });
            near.other = far;
            far.other = near;
            resolve(near);
            listener.accept(far);
          });
        }),
    };
  }
}

class MemoryEnd implements Link {
  readonly protocol: Protocol;
  readonly peer: PeerIdentity;
  readonly #clock: Clock;
  readonly #latency: Milliseconds;
  other: MemoryEnd | undefined;
  sent: ((length: number) => void) | undefined;
  #handler: ((frame: Uint8Array) => void) | undefined;
  #early: Uint8Array[] = [];
  #closeHandler: ((reason: string) => void) | undefined;
  #isClosed = false;

  constructor(clock: Clock, latency: Milliseconds, protocol: Protocol, peer: PeerIdentity) {
    this.#clock = clock;
    this.#latency = latency;
    this.protocol = protocol;
    this.peer = peer;
  }

  get writable(): boolean {
    return !this.#isClosed;
  }

  send(frame: Uint8Array): boolean {
    if (this.#isClosed) return false;
    this.sent?.(frame.length);
    const sent = frame.slice();
    this.#later(() => this.other?.receive(sent));
    return true;
  }

  onFrame(handler: (frame: Uint8Array) => void): void {
    this.#handler = handler;
    for (const frame of this.#early.splice(0)) handler(frame);
  }

  onClose(handler: (reason: string) => void): void {
    this.#closeHandler = handler;
    if (this.#isClosed) this.#later(() => handler("closed"));
  }

  close(): void {
    if (this.#isClosed) return;
    this.end();
    this.#later(() => this.other?.end());
  }

  receive(frame: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#handler === undefined) this.#early.push(frame);
    else this.#handler(frame);
  }

  end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closeHandler?.("closed");
  }

  #later(task: () => void): void {
    this.#clock.at(milliseconds(this.#clock.now() + this.#latency), task);
  }
}
