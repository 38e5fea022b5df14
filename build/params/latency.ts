/**
 * How long one packet's mail takes: the wait for a payload slot, an exponential delay at each of three mixes, and the wait
 * for the poll that fetches it. Computed on a grid of time, not simulated. Spec: docs/spec/11-parameters.md §4
 */

import type { Parameters, Profile } from "#transport/core/parameters.ts";
import { type Milliseconds, meanInterval, milliseconds, perSecond } from "#transport/core/units.ts";
import { WRAP_LEAD } from "#transport/traffic/limits.ts";

export interface Latency {
  readonly median: Milliseconds;
  readonly p95: Milliseconds;
}

export const MIXES = 3;
/** Client to entry, to three mixes, to the destination provider: what one link takes between two towns, assumed. */
export const LINKS = 5;
export const LINK_TIME: Milliseconds = milliseconds(40);

/** Answers of a client's boxes (docs/spec/17-boxes.md §6): so many for each drop slot. */
export const boxRepliesPerSecond = ({ boxReplies }: Pick<Parameters, "boxReplies">, profile: Profile): number =>
  boxReplies * profile.dropShare * profile.sendRate;

/**
 * For a mail of one fragment between two clients that are on, the reader's mailbox holding nothing but its own loops and answers
 * of its boxes. `to` a box: it waits there for the next answer, which passes three mixes more.
 */
export function packetLatency(
  parameters: Pick<Parameters, "clock" | "sendSpread" | "boxReplies">,
  profile: Profile,
  to: "mailbox" | "box" = "mailbox",
): Latency {
  const { clock, sendSpread } = parameters;
  const slot = meanInterval(profile.sendRate);
  const replies = boxRepliesPerSecond(parameters, profile);
  const loops = profile.loopShare * profile.sendRate;
  // A poll fetches one entry, so the mailbox is a queue that polls serve: under Poisson clocks M/M/1, whose sojourn is
  // exponential with the difference of the rates. For the slot clock this is an upper bound.
  const fetch = meanInterval(perSecond(profile.pollRate - loops - replies));
  // Drop slots come by chance, and each one's answers are spread over the time to the next: nearly a Poisson process.
  const atBox = to === "box" ? [meanInterval(perSecond(replies)), ...mixes(profile)] : [];
  const stages = [...mixes(profile), ...atBox, fetch];
  const mean = slot / profile.payloadShare + stages.reduce((sum, stage) => sum + stage, 0);
  const grid = new Grid(milliseconds(mean / 2000), 24_000);

  if (clock === "poisson") {
    grid.startAtOnce();
    grid.addExponential(milliseconds(slot / profile.payloadShare));
  } else {
    grid.startInSlots({ slot, share: profile.payloadShare, spread: sendSpread });
  }
  for (const stage of stages) grid.addExponential(stage);
  const fixed = WRAP_LEAD + (to === "box" ? 2 : 1) * LINKS * LINK_TIME;
  return { median: milliseconds(grid.quantile(0.5) + fixed), p95: milliseconds(grid.quantile(0.95) + fixed) };
}

const mixes = ({ meanDelay }: Profile): Milliseconds[] => Array.from({ length: MIXES }, () => meanDelay);

/** The time that a sum of `count` exponential waits exceeds only with this chance (Erlang's law). */
export function erlangQuantile(options: { count: number; mean: Milliseconds; exceededWith: number }): Milliseconds {
  const tail = (time: number): number => {
    let term = Math.exp(-time / options.mean);
    let sum = term;
    for (let k = 1; k < options.count; k++) {
      term *= time / options.mean / k;
      sum += term;
    }
    return sum;
  };
  let [low, high] = [0, options.mean * 1000];
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (tail(middle) > options.exceededWith) low = middle;
    else high = middle;
  }
  return milliseconds(high);
}

/** The law of a waiting time as the chance of each small step. */
class Grid {
  readonly #step: Milliseconds;
  readonly #chances: Float64Array;

  constructor(step: Milliseconds, steps: number) {
    this.#step = step;
    this.#chances = new Float64Array(steps);
  }

  startAtOnce(): void {
    this.#chances[0] = 1;
  }

  /** From a random moment to the next payload tick: one tick in the first part of each slot, a share of them payload. */
  startInSlots({ slot, share, spread }: { slot: Milliseconds; share: number; spread: number }): void {
    const PHASES = 400;
    for (let i = 0; i < PHASES; i++) {
      const phase = (i + 0.5) / PHASES;
      // What is left of this slot's part, and the chance that its tick is in it and payload.
      const rest = Math.max(0, spread - phase);
      const inThisSlot = (share * rest) / spread;
      if (rest > 0) this.#spread({ from: 0, to: rest * slot, chance: inThisSlot / PHASES });
      let left = (1 - inThisSlot) / PHASES;
      for (let k = 1; left > 1e-12; k++) {
        this.#spread({ from: (k - phase) * slot, to: (k + spread - phase) * slot, chance: left * share });
        left *= 1 - share;
      }
    }
  }

  /** Adds an independent exponential wait: a density convolved with one is a first-order recursive filter. */
  addExponential(mean: Milliseconds): void {
    const keep = 1 / Math.exp(this.#step / mean);
    let state = 0;
    for (let i = 0; i < this.#chances.length; i++) {
      state = keep * state + (1 - keep) * (this.#chances[i] as number);
      this.#chances[i] = state;
    }
  }

  quantile(chance: number): number {
    let sum = 0;
    const index = this.#chances.findIndex((value) => {
      sum += value;
      return sum >= chance;
    });
    if (index < 0) return Number.POSITIVE_INFINITY;
    return index * this.#step;
  }

  #spread({ from, to, chance }: { from: number; to: number; chance: number }): void {
    const first = Math.floor(from / this.#step);
    const last = Math.max(first + 1, Math.floor(to / this.#step));
    for (let i = first; i < Math.min(last, this.#chances.length); i++) {
      this.#chances[i] = (this.#chances[i] as number) + chance / (last - first);
    }
  }
}
