/**
 * The network of a sampled simulation: no nodes, only the times that a packet takes through them, by the laws of production.
 * Docs: docs/simulator.md §5
 */

import { ANSWER_DELAY_MAX, ANSWER_DELAY_MEAN } from "#provider-server/services/limits.ts";
import { BATCH_WAIT } from "#provider-server/mailbox/limits.ts";
import { POLL_ANSWER_WAIT } from "#provider-server/entry/limits.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import { exponential, type RandomSource, uniform } from "#transport/core/random.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";
import { drawDelay } from "#transport/directory/path.ts";
import type { VirtualClock } from "#test/support/virtual-clock.ts";
import { LookupCount } from "./lookup-count.ts";
import type { Flow } from "./meter.ts";
import { latency } from "./link-end.ts";
import type { SampledBox } from "./sampled-box.ts";
import type { SampledUser } from "./sampled-user.ts";
import type { Writing } from "./workload.ts";

/** Where packets bring something: a mailbox, or a box. */
export interface Destination {
  /** Something came; its owner's program reads it when that has fetched it. */
  deposit(read: () => void): void;
}

/** A message on its way. */
export interface Letter {
  readonly writing: Writing;
  readonly from: SampledUser;
  readonly to: SampledUser;
  /** The reader's box that it goes to, and the writer's that its receipt goes to; undefined: their mailboxes. */
  readonly place: SampledBox | undefined;
  readonly ownPlace: SampledBox | undefined;
  readonly needed: number;
  /** Padding included. */
  readonly total: number;
  readonly acceptedAt: Milliseconds;
  /** Needed fragments that its reader's provider has, and those that the reader has. */
  stored: number;
  readonly has: Set<number>;
  readAt: Milliseconds | undefined;
  deliveredAt: Milliseconds | undefined;
}

const HOPS: readonly Flow[] = [
  "provider to layer 1",
  "layer 1 to layer 2",
  "layer 2 to layer 3",
  "layer 3 to provider",
];
const LAYERS = 3;

export class SampledNetwork {
  readonly frames = new Map<Flow, number>();
  /** Packets times milliseconds that each layer held while it was measured. */
  readonly held = [0, 0, 0];
  readonly lookups: LookupCount;
  isMeasuring = false;
  readonly onRead: (letter: Letter) => void;
  readonly #clock: VirtualClock;
  readonly #parameters: Parameters;
  /** Of lines and services; the mixes' delays are drawn from their senders' streams. */
  readonly #random: RandomSource;

  constructor(o: {
    clock: VirtualClock;
    parameters: Parameters;
    random: RandomSource;
    providers: number;
    onRead: (letter: Letter) => void;
  }) {
    this.lookups = new LookupCount(o.providers);
    this.#clock = o.clock;
    this.#parameters = o.parameters;
    this.#random = o.random;
    this.onRead = o.onRead;
  }

  /** A packet goes from a client, or from a provider, through three mixes to the provider where it ends. */
  fly(o: { meanDelay: Milliseconds; delays: RandomSource; from: "client" | "provider"; arrive: () => void }): void {
    const { meanDelay, delays } = o;
    const { delayCap } = this.#parameters;
    const waits = Array.from({ length: LAYERS }, () => drawDelay({ delays, meanDelay, delayCap }));
    if (o.from === "client") this.#count("client to provider: packets");
    let at = this.#clock.now() + (o.from === "client" ? this.linkTime() : 0);
    for (const [hop, flow] of HOPS.entries()) {
      this.#at(at, () => this.#count(flow));
      at += this.linkTime();
      const wait = waits[hop];
      if (wait === undefined) break;
      if (this.isMeasuring) this.held[hop] = (this.held[hop] ?? 0) + wait;
      at += wait;
    }
    this.#at(at, o.arrive);
  }

  /** A service answers after a time that its work does not change. */
  serve(reply: () => void): void {
    const wait = Math.min(exponential(this.#random, ANSWER_DELAY_MEAN), ANSWER_DELAY_MAX);
    this.#at(this.#clock.now() + wait, reply);
  }

  polled(): void {
    this.#count("client to provider: polls");
  }

  answered(): void {
    this.#count("provider to client: entries");
  }

  linkTime(): number {
    return latency(this.#random);
  }

  answerTime(): number {
    return POLL_ANSWER_WAIT + this.linkTime();
  }

  /** Commits are shared: an entry waits for the rest of one that an earlier entry began. */
  commitWait(): number {
    return uniform(this.#random) * BATCH_WAIT;
  }

  #count(flow: Flow): void {
    if (this.isMeasuring) this.frames.set(flow, (this.frames.get(flow) ?? 0) + 1);
  }

  #at(time: number, task: () => void): void {
    this.#clock.at(milliseconds(time), task);
  }
}
