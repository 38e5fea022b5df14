/** One end of a link of the virtual network: what becomes of each frame on its line. */

import type { Clock } from "#transport/core/clock.ts";
import { exponential, type RandomSource, uniform } from "#transport/core/random.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";
import type { Direction } from "#transport/link/frame-table.ts";
import type { Link, PeerIdentity, Protocol } from "#transport/link/link.ts";
import type { NetworkInMemory, Tap, Weather } from "./network-in-memory.ts";

const LATENCY_MIN = 5;
const LATENCY_SPREAD: Milliseconds = milliseconds(15);

/** Of one frame on one link, in milliseconds. */
export const latency = (random: RandomSource): number => LATENCY_MIN + exponential(random, LATENCY_SPREAD);

interface EndOptions {
  /** The machine's. */
  readonly clock: Clock;
  /** The world's. */
  readonly wire: Clock;
  readonly protocol: Protocol;
  readonly peer: PeerIdentity;
  /** Latency, loss and doubling of what this end sends. */
  readonly random: RandomSource;
  readonly weather: () => Weather;
  readonly direction: Direction;
  /** On which this end is. */
  readonly machine: string;
  readonly net: NetworkInMemory;
  readonly gone: (end: LinkEnd) => void;
}

export class LinkEnd implements Link {
  readonly protocol: Protocol;
  readonly peer: PeerIdentity;
  readonly #options: EndOptions;
  other: LinkEnd | undefined;
  tap: Tap | undefined;
  #frameHandler: ((frame: Uint8Array) => void) | undefined;
  #early: Uint8Array[] = [];
  #closeHandler: ((reason: string) => void) | undefined;
  #isClosed = false;
  /** A frame of a client's link was lost: nothing behind it arrives, as on a TCP connection that repeats it in vain. */
  #isTorn = false;
  #lastArrival = 0;

  constructor(options: EndOptions) {
    this.#options = options;
    this.protocol = options.protocol;
    this.peer = options.peer;
  }

  get writable(): boolean {
    return !this.#isClosed;
  }

  send(frame: Uint8Array): boolean {
    if (this.#isClosed) return false;
    const { clock, random, weather, net, protocol, direction } = this.#options;
    this.tap?.({ at: clock.now(), direction: "out", length: frame.length });
    net.capture?.({ protocol, direction, bytes: frame });
    const { loss, duplicates } = weather();
    const wait = latency(random);
    const fate = uniform(random);
    const other = this.other;
    const line = other === undefined ? undefined : net.line?.(this.machine, other.machine);
    if (line?.cut === true && protocol === "starling-client/2") this.#isTorn = true;
    const isLost = fate < loss || line?.cut === true || this.#isTorn;
    // In order, as on a TCP connection.
    if (!isLost) this.#lastArrival = Math.max(this.#lastArrival, clock.now() + wait + (line?.delay ?? 0));
    this.#tellOf(frame, isLost);
    const { tally } = net;
    tally.sent++;
    if (isLost || other === undefined) {
      tally.lostOnLine++;
      return true;
    }
    const sent = frame.slice();
    const copies = fate > 1 - duplicates ? 2 : 1;
    tally.doubled += copies - 1;
    tally.underWay += copies;
    for (let copy = 0; copy < copies; copy++) {
      if (other.tap !== undefined)
        this.#options.wire.at(milliseconds(this.#lastArrival), () => other.passed(sent.length));
      this.#arrive(() => {
        tally.underWay--;
        other.receive(sent);
      });
    }
    return true;
  }

  #tellOf(frame: Uint8Array, isLost: boolean): void {
    const { net, clock, protocol, direction, machine } = this.#options;
    net.onPassage?.({
      at: clock.now(),
      arrives: isLost ? undefined : milliseconds(Math.ceil(this.#lastArrival)),
      from: machine,
      to: this.other?.machine ?? "",
      protocol,
      direction,
      frame,
    });
  }

  /** Nothing can come of it any more. */
  get isLost(): boolean {
    const { net, machine } = this.#options;
    const { other } = this;
    if (other === undefined) return false;
    return this.#isTorn || other.#isTorn || net.line?.(machine, other.machine).cut === true;
  }

  get machine(): string {
    return this.#options.machine;
  }

  /** The line is dead: both ends learn it. */
  break(): void {
    this.ended();
    this.other?.ended();
  }

  onFrame(handler: (frame: Uint8Array) => void): void {
    this.#frameHandler = handler;
    const { tally } = this.#options.net;
    for (const frame of this.#early.splice(0)) {
      tally.unread--;
      tally.arrived++;
      this.#hand(frame, handler);
    }
  }

  onClose(handler: (reason: string) => void): void {
    this.#closeHandler = handler;
    if (this.#isClosed) this.#options.clock.at(this.#options.clock.now(), () => handler("closed"));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#close();
    this.#lastArrival = Math.max(this.#lastArrival, this.#options.clock.now());
    this.#arrive(() => this.other?.ended());
    this.#options.clock.at(this.#options.clock.now(), () => this.#closeHandler?.("closed"));
  }

  /** The machine is gone: nothing it sent arrives any more, and the other side learns it soon. */
  vanish(): void {
    if (this.#isClosed) return;
    this.#close();
    this.#closeHandler = undefined;
    this.#frameHandler = undefined;
    this.other?.ended();
  }

  /** What a watcher of the line sees of a frame that comes; when the machine reads it is another matter. */
  passed(length: number): void {
    if (!this.#isClosed) this.tap?.({ at: this.#options.wire.now(), direction: "in", length });
  }

  receive(frame: Uint8Array): void {
    const { tally } = this.#options.net;
    if (this.#isClosed) {
      tally.lostWithLink++;
      this.#options.net.onLostWithLink?.(this.other?.machine ?? "", this.machine);
    } else if (this.#frameHandler === undefined) {
      tally.unread++;
      this.#early.push(frame);
    } else {
      tally.arrived++;
      this.#hand(frame, this.#frameHandler);
    }
  }

  #hand(frame: Uint8Array, handler: (frame: Uint8Array) => void): void {
    const { net, protocol, direction: own, machine } = this.#options;
    if (net.onComing === undefined) return handler(frame);
    const direction = own === "fromDialer" ? "toDialer" : "fromDialer";
    net.onComing({ machine, protocol, direction, frame, handle: () => handler(frame) });
  }

  ended(): void {
    if (this.#isClosed) return;
    this.#close();
    this.#closeHandler?.("the other side is gone");
  }

  #close(): void {
    this.#isClosed = true;
    this.#options.gone(this);
  }

  /** On the receiving machine's clock: a busy machine reads later. */
  #arrive(task: () => void): void {
    const clock = this.other?.clock ?? this.#options.clock;
    clock.at(milliseconds(this.#lastArrival), task);
  }

  get clock(): Clock {
    return this.#options.clock;
  }
}
