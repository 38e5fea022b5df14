/**
 * Links without sockets for the virtual network: every frame takes a seeded time and may be lost or doubled, in order on each
 * link; addresses can go dark. Each direction of each link draws from a stream of its own, so that what happens on one says
 * nothing about another.
 */

import { equalBytes } from "#transport/core/bytes.ts";
import type { Clock } from "#transport/core/clock.ts";
import { TransportError } from "#transport/core/errors.ts";
import type { RandomSource } from "#transport/core/random.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";
import type { Direction } from "#transport/link/frame-table.ts";
import type { Dialer, Link, Protocol } from "#transport/link/link.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { LinkEnd, latency } from "./link-end.ts";

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

/** What is done with a frame that has come, when somebody watches: `handle` gives it to the machine. */
export interface Coming {
  readonly machine: string;
  readonly protocol: Protocol;
  readonly direction: Direction;
  readonly frame: Uint8Array;
  readonly handle: () => void;
}

/** Where all frames are: the first two together are as many as the last five together. */
export interface FrameTally {
  sent: number;
  /** Copies that a line made. */
  doubled: number;
  lostOnLine: number;
  /** The link ended before they came. */
  lostWithLink: number;
  underWay: number;
  /** They came before the machine reads. */
  unread: number;
  arrived: number;
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

/**
 * After this both ends of a cut line learn of it, sooner than they would by themselves (docs/spec/05-link.md §4.1): a frame lost here
 * is not repeated as TCP would, so that a link which outlived its cut would be worse than any real one.
 */
const DEAD_LINE_WAIT = 20_000;
/** Nobody answers a call on a cut line; the caller waits this long. */
const DIAL_WAIT = 10_000;

export class NetworkInMemory {
  readonly #clock: Clock;
  readonly #seed: string;
  readonly #listeners = new Map<string, ListenOptions & { readonly links: Set<LinkEnd> }>();
  readonly #dials = new Map<string, number>();
  weather: Weather = { loss: 0, duplicates: 0 };
  capture: ((frame: Captured) => void) | undefined;
  /** Told of every frame between two machines. */
  onPassage: ((passage: Passage) => void) | undefined;
  /** Given every frame that comes, in place of the machine, to be handed on. */
  onComing: ((coming: Coming) => void) | undefined;
  /** Told of every frame that came too late for its link. */
  onLostWithLink: ((from: string, to: string) => void) | undefined;
  readonly tally: FrameTally = {
    sent: 0,
    doubled: 0,
    lostOnLine: 0,
    lostWithLink: 0,
    underWay: 0,
    unread: 0,
    arrived: 0,
  };
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

  /** Gives up every link whose line is cut, or on which a client's frame was lost: to be called when a line was cut. */
  async dropCutLinks(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#clock.at(milliseconds(this.#clock.now() + DEAD_LINE_WAIT), resolve);
    });
    for (const { links } of this.#listeners.values()) {
      for (const end of links) if (end.isLost) end.break();
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
    const weather = (): Weather => (protocol === "starling-node/2" ? this.weather : CALM);
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
        const role = protocol === "starling-client/2" ? "client" : "node";
        const shared = {
          protocol,
          weather,
          wire: this.#clock,
          net: this,
          gone: (end: LinkEnd) => listener.links.delete(end),
        };
        const out = new LinkEnd({
          ...shared,
          direction: "fromDialer",
          machine: machines.near,
          clock: near,
          peer: { role: "node", key: listener.key },
          random: stream("out"),
        });
        const back = new LinkEnd({
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
/** Where a node of this name listens. */
export const addressOf = (name: string): string => `${name}.test:1`;
