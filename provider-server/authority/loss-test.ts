/** When a number of lost loops is too large for chance and honest links. Spec: docs/spec/08-directory.md §12 */

import { ACCUSED_BY_CHANCE_MAX, EXTRA_LOSS_SEEN, HONEST_LINK_LOSS } from "./limits.ts";

/** What an honest network loses of loops over four links. */
export const HONEST_LOOP_LOSS = 1 - (1 - HONEST_LINK_LOSS) ** 4;

/** `lost` of `sent` loops over one target, where `base` of them are lost anyway. */
export interface Cell {
  readonly lost: number;
  /** Expected by the law of paths; not a whole number. */
  readonly sent: number;
  /** Share that is lost without the target's doing. */
  readonly base: number;
}

/** Likelier with an extra loss at the target than without, and seldom enough by chance alone. One lost loop at least. */
export function accuses({ lost, sent, base }: Cell): boolean {
  return lost >= 1 && lost >= sent * turningPoint(base) && isSeldom(lost, sent * base);
}

/** Chance that an honest target gets who sent so many loops over it to accuse it; `ACCUSED_BY_CHANCE_MAX` at most. */
export function accusedByChance({ sent, base }: Omit<Cell, "lost">): number {
  const mean = sent * base;
  let lost = Math.max(1, Math.ceil(sent * turningPoint(base)));
  while (!isSeldom(lost, mean)) lost++;
  return poissonTail(lost, mean);
}

/**
 * What one operator says of a target: 1 if it accuses it, and else so much less than nothing that of an honest target it says
 * −1 on the average, however few loops it sent over it. So the liars it takes to outweigh honest operators are as many as these.
 */
export function voice(cell: Cell): number {
  if (accuses(cell)) return 1;
  const chance = accusedByChance(cell);
  return -(1 + chance) / (1 - chance);
}

/** The chance of one lost loop or more is below their mean. */
const isSeldom = (lost: number, mean: number): boolean =>
  mean <= ACCUSED_BY_CHANCE_MAX || poissonTail(lost, mean) <= ACCUSED_BY_CHANCE_MAX;

/** The share of lost loops at which `base` and `base` with the extra loss explain them equally well. */
export function turningPoint(base: number): number {
  const more = base + (1 - base) * EXTRA_LOSS_SEEN;
  const kept = Math.log((1 - base) / (1 - more));
  return kept / (kept + Math.log(more / base));
}

/**
 * The share of loops that is lost without the target: what the same witness saw on all other ways, and no less than an honest
 * network loses.
 */
export function baseLoss(elsewhere: { lost: number; sent: number }): number {
  if (elsewhere.sent < 1) return HONEST_LOOP_LOSS;
  return Math.min(BASE_MAX, Math.max(HONEST_LOOP_LOSS, elsewhere.lost / elsewhere.sent));
}

/** So that there is something left to lose. */
const BASE_MAX = 0.9;

/**
 * The chance of `count` or more events where `mean` are expected: for independent events above their mean no law has a longer
 * tail (W. Hoeffding, "On the distribution of the number of successes in independent trials", Ann. Math. Statist. 27, 1956).
 */
export function poissonTail(count: number, mean: number): number {
  if (count <= mean) return 1;
  let term = Math.exp(count * Math.log(mean) - mean - logFactorial(count));
  let sum = 0;
  for (let k = count; term > sum * 1e-12; k++) {
    sum += term;
    term *= mean / (k + 1);
  }
  return Math.min(1, sum);
}

/** Twice this is the likelihood ratio of "as many as were seen" against "as many as were expected". */
export function gain(count: number, mean: number): number {
  return count <= mean ? 0 : count * Math.log(count / mean) - (count - mean);
}

function logFactorial(n: number): number {
  let sum = 0;
  for (let i = 2; i <= n; i++) sum += Math.log(i);
  return sum;
}
