/**
 * Does a client's own line show whether its user writes? Windows of what passes one line, as features; the same small learned
 * classifier as for pairs, trained on some clients and tested on others.
 */

import type { Sighting } from "#test/sim/observer.ts";
import { type Example, train } from "./learned.ts";
import { areaUnderCurve, operatingPoint, type OperatingPoint } from "./statistics.ts";

export interface Line {
  readonly sightings: readonly Sighting[];
  readonly isBusy: boolean;
}

export interface UnobservabilityResult {
  readonly busyWindows: number;
  readonly idleWindows: number;
  readonly auc: number;
  readonly points: readonly OperatingPoint[];
}

/** `trained` and `tested` are lines of different clients; all are cut into windows of so many ms from `from` on. */
export function tellBusyFromIdle(options: {
  trained: readonly Line[];
  tested: readonly Line[];
  from: number;
  until: number;
  window: number;
  seed: string;
}): UnobservabilityResult {
  const { trained, tested, seed } = options;
  const score = train(
    trained.flatMap((line) => windows(line, options)),
    { seed },
  );
  const examples = tested.flatMap((line) => windows(line, options));
  const scores = (isMatch: boolean): Float64Array =>
    Float64Array.from(examples.filter((example) => example.isMatch === isMatch).map(({ features }) => score(features)));
  const [busy, idle] = [scores(true), scores(false)];
  return {
    busyWindows: busy.length,
    idleWindows: idle.length,
    auc: areaUnderCurve(busy, idle),
    points: [1e-1, 1e-2].map((fpr) => operatingPoint(busy, idle, fpr)),
  };
}

/** Lengths of frames that are told apart by their size: large ones out (packets), small ones out (polls), entries in, the rest. */
const SMALL_BYTES = 64;
const GAPS = [25, 50, 100, 200, 400, 800];

function windows(line: Line, { from, until, window }: { from: number; until: number; window: number }): Example[] {
  const count = Math.floor((until - from) / window);
  const groups: Sighting[][] = Array.from({ length: count }, () => []);
  for (const sighting of line.sightings) groups[Math.floor((sighting.at - from) / window)]?.push(sighting);
  return groups.map((group) => ({ features: featuresOf(group), isMatch: line.isBusy }));
}

function featuresOf(group: readonly Sighting[]): Float64Array {
  const sent = group.filter(({ direction, length }) => direction === "out" && length >= SMALL_BYTES);
  const asked = group.filter(({ direction, length }) => direction === "out" && length < SMALL_BYTES);
  const came = group.filter(({ direction }) => direction === "in");
  const features: number[] = [];
  for (const kind of [sent, asked, came]) {
    features.push(kind.length, kilobytes(kind));
    features.push(...gapHistogram(kind.map(({ at }) => at)));
  }
  return Float64Array.from(features);
}

const kilobytes = (of: readonly Sighting[]): number => of.reduce((sum, { length }) => sum + length, 0) / 1000;

/** Shares of the gaps below each bound, and the spread of gaps against their mean. */
function gapHistogram(times: readonly number[]): number[] {
  const gaps = times.slice(1).map((at, i) => at - (times[i] as number));
  if (gaps.length === 0) return [...GAPS.map(() => 0), 0];
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const spread = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
  return [...GAPS.map((bound) => gaps.filter((gap) => gap < bound).length / gaps.length), spread / (mean || 1)];
}
