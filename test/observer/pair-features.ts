/**
 * What a learned classifier looks at: how the lags between a sender's departures and a reader's arrivals are spread (the "drift"
 * that MixMatch's network learns from), and how their counts go together. No law of delays is told to it.
 */

import type { PairView } from "./flow-likelihood.ts";
import { expectedDepartures, type SenderLaw } from "./sender-law.ts";

export interface FeatureScale {
  /** Width of a bin in ms: what the learner takes as the grain of the network's delays. */
  readonly bin: number;
  /** What anybody's departures look like: the network's clock is public. */
  readonly sender: SenderLaw;
}

const BINS_BEFORE = 4;
const BINS_AFTER = 28;
/** Counts are compared over so many bins at a time. */
const WINDOWS = [4, 12] as const;
const COUNT_LAGS = [0, 1, 2] as const;

export const FEATURES = 2 * (BINS_BEFORE + BINS_AFTER) + WINDOWS.length * COUNT_LAGS.length;

/** Each near a standard normal value for a pair that has nothing to do with each other. */
export function pairFeatures(view: PairView, scale: FeatureScale): Float64Array {
  const { bin } = scale;
  const features = new Float64Array(FEATURES);
  const bins = BINS_BEFORE + BINS_AFTER;
  lagHistogram(features.subarray(0, bins), view, bin);
  const expected = expectedLags(view.arrivals, scale);
  for (let i = 0; i < bins; i++) {
    const usual = Math.max(expected[i] as number, 1);
    const surplus = (features[i] as number) - (expected[i] as number);
    features[i] = surplus / Math.sqrt(usual);
    // Whether there are more than there should be, or none where one must be: both ends of the law show.
    features[bins + i] = (surplus / usual) ** 2 * Math.sign(surplus);
  }
  let at = 2 * bins;
  for (const window of WINDOWS) {
    const [departed, arrived] = [
      counts(view.departures, view, window * bin),
      counts(view.arrivals, view, window * bin),
    ];
    for (const lag of COUNT_LAGS) features[at++] = correlation(departed, arrived, lag) * Math.sqrt(departed.length);
  }
  return features;
}

/** Counts arrival − departure in bins, from BINS_BEFORE bins before 0 on. */
function lagHistogram(into: Float64Array, { arrivals, departures }: PairView, bin: number): void {
  const longest = BINS_AFTER * bin;
  let from = 0;
  for (const arrival of arrivals) {
    while (from < departures.length && (departures[from] as number) <= arrival - longest) from++;
    for (let k = from; k < departures.length; k++) {
      const place = Math.floor((arrival - (departures[k] as number)) / bin) + BINS_BEFORE;
      if (place < 0) break;
      into[place] = (into[place] as number) + 1;
    }
  }
}

/** The same for somebody of whom only the clock is known. */
function expectedLags(arrivals: Float64Array, { bin, sender }: FeatureScale): Float64Array {
  const result = new Float64Array(BINS_BEFORE + BINS_AFTER);
  if (sender.kind === "anywhere") return result.fill((arrivals.length * bin) / sender.period);
  for (const arrival of arrivals) {
    for (let i = 0; i < result.length; i++) {
      const latest = arrival - (i - BINS_BEFORE) * bin;
      result[i] = (result[i] as number) + expectedDepartures(sender, latest - bin, latest);
    }
  }
  return result;
}

function counts(times: Float64Array, { from, until }: PairView, width: number): Float64Array {
  const result = new Float64Array(Math.max(4, Math.ceil((until - from) / width)));
  for (const time of times) {
    const place = Math.floor((time - from) / width);
    if (place >= 0 && place < result.length) result[place] = (result[place] as number) + 1;
  }
  return result;
}

/** Of departures with arrivals `lag` windows later; 0 when one of them never changes. */
function correlation(departed: Float64Array, arrived: Float64Array, lag: number): number {
  const n = departed.length - lag;
  let [sumX, sumY, sumXX, sumYY, sumXY] = [0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [x, y] = [departed[i] as number, arrived[i + lag] as number];
    sumX += x;
    sumY += y;
    sumXX += x * x;
    sumYY += y * y;
    sumXY += x * y;
  }
  const spread = (sumXX - sumX ** 2 / n) * (sumYY - sumY ** 2 / n);
  return spread <= 1e-9 ? 0 : (sumXY - (sumX * sumY) / n) / Math.sqrt(spread);
}
