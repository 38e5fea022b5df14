/**
 * Links without sockets for the virtual network: every frame takes a seeded time and may be lost or doubled, in order on each
 * link; addresses can go dark. Each direction of each link draws from a stream of its own, so that what happens on one says
 * nothing about another.
 */

import { equalBytes } from "#transport/core/bytes.ts";
import type { Clock } from "#transport/core/clock.ts";
import { TransportError } from "#transport/core/errors.ts";
import { exponential, type RandomSource, uniform } from "#transport/core/random.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";
import type { Direction } from "#transport/link/frame-table.ts";
import type { Dialer, Link, PeerIdentity, Protocol } from "#transport/link/link.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";

export interface Weather {
  /** Shares of frames between nodes. */
  readonly loss: number;
  readonly duplicates: number;
}

/** What passes one end of a link: for observers. */
export type Tap = (event: { at: Milliseconds; direction: "out" | "in"; length: number }) => void;

/** A frame as its sender gave it to a link, on any link: for tests that want real traffic to start from. */
export interface Captured {
  readonly protocol: Protocol;
  readonly direction: Direction;
  readonly bytes: Uint8Array;
}

/** One frame on the wire between two machines, told when it leaves: what somebody knows who taps every cable. */
export interface Passage {
  readonly at: Milliseconds;
  /** When its last byte is there; undefined when the line loses it. */
  readonly arrives: Milliseconds | undefined;
  readonly from: string;
  readonly to: string;
  readonly protocol: Protocol;
  readonly direction: Direction;
  /** Its first byte is its type, which TLS hides from everybody but the two ends. */
  readonly frame: Uint8Array;
}

/** What a line does to frames, beyond the weather; drawn anew for each. */
export interface LineState {
  /** Nothing passes, and nobody can be dialled. */
  readonly cut: boolean;
  /** Added to the latency. */
  readonly delay: number;
}

export interface ListenOptions {
  readonly address: string;
  readonly key: Uint8Array;
  readonly accept: (link: Link) => void;
  /** The machine, for `line` and `onPassage`; its address unless given. */
  readonly name?: string;
}

interface DialerOptions {
  readonly name: string;
  readonly key: Uint8Array;
  readonly clock?: Clock;
  readonly tap?: Tap;
  /** The machine, for `line` and `onPassage`; its name unless given. */
  readonly machine?: string;
}

const LATENCY_MIN = 5;
const LATENCY_SPREAD: Milliseconds = milliseconds(15);
/** A line that stays dead is given up by both ends after this, as TLS links that get no acknowledgement are. */
const DEAD_LINE_WAIT = 20_000;
/** Nobody answers a call on a cut line; the caller waits this long. */
const DIAL_WAIT = 10_000;

export class NetworkInMemory {
  readonly #clock: Clock;
  readonly #seed: string;
  readonly #listeners = new Map<string, ListenOptions & { readonly links: Set<End> }>();
  readonly #dials = new Map<string, number>();
  weather: Weather = { loss: 0, duplicates: 0 };
  capture: ((frame: Captured) => void) | undefined;
  /** Told of every frame between two machines. */
  onPassage: ((passage: Passage) => void) | undefined;
  /** The state of the line between two machines; all lines are well unless given. */
  line: ((from: string, to: string) => LineState) | undefined;

  constructor(options: { clock: Clock; seed: string }) {
    this.#clock = options.clock;
    this.#seed = options.seed;
  }

  listen(options: ListenOptions): void {
    this.#listeners.set(options.address, { ...options, links: new Set() });
  }

  /** Nobody answers at the address any more, and every link to it is gone. */
  darken(address: string): void {
    const listener = this.#listeners.get(address);
    this.#listeners.delete(address);
    for (const end of listener?.links ?? []) end.vanish();
  }

  /** What dials with this key, from a machine with this clock. */
  dialer(options: DialerOptions): Dialer {
    return { dial: (target) => this.#dial(options, target) };
  }

  /** Gives up every link whose line is cut: to be called when one was. */
  async dropCutLinks(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#clock.at(milliseconds(this.#clock.now() + DEAD_LINE_WAIT), resolve);
    });
    for (const { links } of this.#listeners.values()) {
      for (const end of links) if (this.line?.(end.machine, end.other?.machine ?? "").cut === true) end.break();
    }
  }

  #dial(from: DialerOptions, target: { address: string; expectedKey: Uint8Array; protocol: Protocol }): Promise<Link> {
    const { address, expectedKey, protocol } = target;
    const way = `${from.name}->${address}`;
    const number = (this.#dials.get(way) ?? 0) + 1;
    this.#dials.set(way, number);
    const stream = (direction: string): RandomSource =>
      new SeededRandom(`${this.#seed}/link/${way}/${number}/${direction}`);
    const near = from.clock ?? this.#clock;
    const handshake = stream("handshake");
    const weather = (): Weather => (protocol === "starling-node/1" ? this.weather : CALM);
    return new Promise((resolve, reject) => {
      this.#clock.at(milliseconds(near.now() + 3 * latency(handshake)), () => {
        const listener = this.#listeners.get(address);
        if (listener === undefined) return reject(new TransportError("PROVIDER_DOWN"));
        const machines = { near: from.machine ?? from.name, far: listener.name ?? address };
        if (this.line?.(machines.near, machines.far).cut === true) {
          this.#clock.at(milliseconds(this.#clock.now() + DIAL_WAIT), () =>
            reject(new TransportError("PROVIDER_DOWN")),
          );
          return;
        }
        if (!equalBytes(listener.key, expectedKey)) return reject(new TransportError("REFUSED"));
        const role = protocol === "starling-client/1" ? "client" : "node";
        const shared = {
          protocol,
          weather,
          wire: this.#clock,
          net: this,
          gone: (end: End) => listener.links.delete(end),
        };
        const out = new End({
          ...shared,
          direction: "fromDialer",
          machine: machines.near,
          clock: near,
          peer: { role: "node", key: listener.key },
          random: stream("out"),
        });
        const back = new End({
          ...shared,
          direction: "toDialer",
          machine: machines.far,
          clock: this.#clock,
          peer: { role, key: from.key },
          random: stream("in"),
        });
        out.other = back;
        back.other = out;
        if (from.tap !== undefined) out.tap = from.tap;
        listener.links.add(back);
        listener.accept(back);
        resolve(out);
      });
    });
  }
}

const CALM: Weather = { loss: 0, duplicates: 0 };
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
  readonly gone: (end: End) => void;
}

class End implements Link {
  readonly protocol: Protocol;
  readonly peer: PeerIdentity;
  readonly #options: EndOptions;
  other: End | undefined;
  tap: Tap | undefined;
  #frameHandler: ((frame: Uint8Array) => void) | undefined;
  #early: Uint8Array[] = [];
  #closeHandler: ((reason: string) => void) | undefined;
  #isClosed = false;
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
    const isLost = fate < loss || line?.cut === true;
    // In order, as on a TCP connection.
    if (!isLost) this.#lastArrival = Math.max(this.#lastArrival, clock.now() + wait + (line?.delay ?? 0));
    this.#tellOf(frame, isLost);
    if (isLost || other === undefined) return true;
    const sent = frame.slice();
    const copies = fate > 1 - duplicates ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (other.tap !== undefined)
        this.#options.wire.at(milliseconds(this.#lastArrival), () => other.passed(sent.length));
      this.#arrive(() => other.receive(sent));
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
    for (const frame of this.#early.splice(0)) handler(frame);
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
    if (this.#isClosed) return;
    if (this.#frameHandler === undefined) this.#early.push(frame);
    else this.#frameHandler(frame);
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

/** Where a node of this name listens. */
export const addressOf = (name: string): string => `${name}.test:1`;
