/** What the observer's figures are made of: curves, intervals, distances between samples. */

/** How much of the matched scores lies above the highest thresholds that let a share of the unmatched pass. */
export interface OperatingPoint {
  /** Wanted share of unmatched pairs above the threshold; never more are. */
  readonly fpr: number;
  readonly threshold: number;
  readonly tpr: number;
  /** Clopper and Pearson's, 95 %. */
  readonly interval: Interval;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export function operatingPoint(matched: Float64Array, unmatched: Float64Array, fpr: number): OperatingPoint {
  const descending = Float64Array.from(unmatched).toSorted((a, b) => b - a);
  // The threshold is the first score that may not pass.
  const threshold = descending[Math.floor(fpr * descending.length)] ?? Number.NEGATIVE_INFINITY;
  const passed = matched.reduce((sum, score) => sum + (score > threshold ? 1 : 0), 0);
  return { fpr, threshold, tpr: passed / matched.length, interval: clopperPearson(passed, matched.length, 0.95) };
}

/** The chance that a matched score is above an unmatched one; ties count half. */
export function areaUnderCurve(matched: Float64Array, unmatched: Float64Array): number {
  const sorted = Float64Array.from(unmatched).toSorted();
  let sum = 0;
  for (const score of matched) sum += countBelow(sorted, score, "less") + countBelow(sorted, score, "less-or-equal");
  return sum / (2 * matched.length * unmatched.length);
}

function countBelow(sorted: Float64Array, value: number, order: "less" | "less-or-equal"): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = sorted[middle] as number;
    if (item < value || (order === "less-or-equal" && item === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The exact interval for a share of which `hits` of `trials` were seen (Clopper and Pearson 1934). */
export function clopperPearson(hits: number, trials: number, confidence: number): Interval {
  const tail = (1 - confidence) / 2;
  // P(at least `hits`) at share p is I_p(hits, trials - hits + 1); both ends are where a tail has its share.
  const low = hits === 0 ? 0 : solve((p) => betaShare(p, hits, trials - hits + 1) - tail);
  const high = hits === trials ? 1 : solve((p) => betaShare(p, hits + 1, trials - hits) - (1 - tail));
  return { low, high };
}

/** Where an increasing function of a share crosses 0. */
function solve(rising: (p: number) => number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (rising(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The regularised incomplete beta function I_x(a, b), by its continued fraction (NIST DLMF 8.17.22). */
export function betaShare(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betaShare(1 - x, b, a);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b)) / a;
  let [c, d, result] = [1, 1 - ((a + b) * x) / (a + 1), 0];
  d = 1 / d;
  result = d;
  for (let m = 1; m < 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    result *= d * c;
    if (Math.abs(d * c - 1) < 1e-14) break;
  }
  return front * result;
}

const logBeta = (a: number, b: number): number => logGamma(a) + logGamma(b) - logGamma(a + b);

/** Stirling's series, after shifting the argument up (NIST DLMF 5.11.1). */
export function logGamma(x: number): number {
  let [y, shift] = [x, 0];
  for (; y < 10; y++) shift += Math.log(y);
  const series = 1 / (12 * y) - 1 / (360 * y ** 3) + 1 / (1260 * y ** 5);
  return (y - 0.5) * Math.log(y) - y + 0.5 * Math.log(2 * Math.PI) + series - shift;
}

/** Kolmogorov and Smirnov's distance between two samples, and what two honest samples exceed once in a thousand. */
export function samplesDistance(a: readonly number[], b: readonly number[]): { distance: number; critical: number } {
  const [one, other] = [a.toSorted((x, y) => x - y), b.toSorted((x, y) => x - y)];
  let [i, j, distance] = [0, 0, 0];
  while (i < one.length && j < other.length) {
    const value = Math.min(one[i] as number, other[j] as number);
    while (i < one.length && (one[i] as number) <= value) i++;
    while (j < other.length && (other[j] as number) <= value) j++;
    distance = Math.max(distance, Math.abs(i / one.length - j / other.length));
  }
  return { distance, critical: 1.95 * Math.sqrt(1 / one.length + 1 / other.length) };
}

export const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((a, b) => a + b, 0) / values.length;

export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).toSorted();
  return ((sorted[(sorted.length - 1) >> 1] as number) + (sorted[sorted.length >> 1] as number)) / 2;
}
