/**
 * A clock that ticks at a profile's rate, whatever happens: the time of the next tick is drawn before anything is done at
 * this one, from a stream nothing else draws from. Spec: docs/spec/04-traffic.md §2
 */

import type { Cancel, Clock } from "../core/clock.ts";
import { exponential, type RandomSource, uniform } from "../core/random.ts";
import { meanInterval, type Milliseconds, milliseconds, type PerSecond } from "../core/units.ts";
import { CATCH_UP_MAX } from "./limits.ts";

export type TickLaw = "poisson" | "slot";

export interface Pace {
  /** The rate in force at a time, and when it changes next. */
  at(time: Milliseconds): { readonly rate: PerSecond; readonly until: Milliseconds | undefined };
}

export interface TickerOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly law: TickLaw;
  readonly pace: Pace;
  /** Slot clock: the share of a slot, from its start, in which its tick may fall; all of it unless given. */
  readonly spread?: number;
  /** The next tick was drawn. */
  readonly planned?: (time: Milliseconds) => void;
  readonly tick: (time: Milliseconds) => void;
}

export class Ticker {
  readonly #options: TickerOptions;
  readonly #draw: (after: Milliseconds) => Milliseconds;
  #cancel: Cancel = () => undefined;
  #next: Milliseconds | undefined;

  constructor(options: TickerOptions) {
    this.#options = options;
    this.#draw = options.law === "poisson" ? poissonTicks(options) : slotTicks(options);
  }

  /** When it ticks next; undefined when it stands. */
  get next(): Milliseconds | undefined {
    return this.#next;
  }

  start(): void {
    if (this.#next === undefined) this.#plan(this.#options.clock.now());
  }

  stop(): void {
    this.#cancel();
    this.#next = undefined;
  }

  #plan(after: Milliseconds): void {
    const time = this.#draw(after);
    this.#next = time;
    this.#options.planned?.(time);
    this.#cancel = this.#options.clock.at(time, () => {
      const { clock } = this.#options;
      const now = clock.now();
      // From the time that was drawn, so that a busy thread does not stretch the law; after a sleep, or when the clock was
      // set, from now: else a clock that is put back by hours would be silent for hours.
      this.#plan(Math.abs(now - time) > CATCH_UP_MAX ? now : time);
      this.#options.tick(time);
    });
  }
}

/** Exponential waits. Without memory, so at a change of rate the rest of the wait is drawn anew. */
function poissonTicks({ random, pace }: TickerOptions): (after: Milliseconds) => Milliseconds {
  return (after) => {
    let from = after;
    for (;;) {
      const { rate, until } = pace.at(from);
      const time = milliseconds(from + exponential(random, meanInterval(rate)));
      if (until === undefined || time < until) return time;
      from = until;
    }
  };
}

/**
 * One tick at a uniformly random moment of each slot, or of its first part. Slots are the same for everybody, whole mean
 * intervals since the clock's zero: a sender is not told from others by when its slots begin.
 */
function slotTicks({ random, pace, spread = 1 }: TickerOptions): (after: Milliseconds) => Milliseconds {
  let last = { length: 0, number: -1 };
  return (after) => {
    const length = meanInterval(pace.at(after).rate);
    const current = Math.floor(after / length);
    // Rounding may put a tick at the very start of its slot into the slot before, whose turn is over.
    const isOver = last.length === length && current === last.number - 1;
    last = { length, number: (isOver ? last.number : current) + 1 };
    return milliseconds((last.number + uniform(random) * spread) * length);
  };
}
