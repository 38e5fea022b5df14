/** What the figures must not break, checked at full size by test/slow/observer.test.ts and at small size in npm test. */

import { CLASSIFIERS, type Classifier, type PairResult } from "./pair-experiment.ts";
import type { BurstResult } from "./provider-bursts.ts";
import { clopperPearson, type OperatingPoint } from "./statistics.ts";

/** Sentences that say which bar is broken, and by how much; none when all hold. */
export type Broken = readonly string[];

/** 1 false in 100: where published attacks are compared. */
const FPR = 1e-2;

/**
 * Who sees lines alone does no better than by guessing. Each 95 % interval would miss the truth one time in twenty by chance
 * alone, and here are dozens; so each point is held to an interval that makes the whole family miss one time in twenty.
 */
export function lineLearnsNothing(name: string, results: readonly PairResult[]): Broken {
  const points = results.flatMap((result) => result.points.map((point) => ({ result, point })));
  const confidence = 1 - 0.05 / points.length;
  return points.flatMap(({ result, point }) => {
    const { low, high } = clopperPearson(Math.round(point.tpr * result.matched), result.matched, confidence);
    // The threshold itself rests on so many unmatched pairs: that share is not known better than this.
    const fpr = clopperPearson(Math.round(point.fpr * result.unmatched), result.unmatched, confidence);
    if (low <= fpr.high && high >= fpr.low) return [];
    return [`${name}, ${result.packets} packets, ${result.classifier}: TPR ${point.tpr} at FPR ${point.fpr}`];
  });
}

/** How many of the plain 95 % intervals hold their FPR: for the page. */
export function intervalsThatHold(results: readonly PairResult[]): { holds: number; of: number } {
  const points = results.flatMap((result) => result.points);
  const holds = points.filter(({ fpr, interval }) => interval.low <= fpr && fpr <= interval.high).length;
  return { holds, of: points.length };
}

/** The same classifiers find pairs when there is no cover, or the bar above is worth nothing. */
export function findsPairsWithoutCover(name: string, results: readonly PairResult[]): Broken {
  return CLASSIFIERS.flatMap((classifier) => {
    const point = pointAt(results, classifier, 100);
    return point !== undefined && point.tpr >= 0.9 ? [] : [`${name}, ${classifier}: TPR ${point?.tpr} at 100 packets`];
  });
}

/** No classifier finds more than in the last release: its TPR is not above what the release's interval holds. */
export function noWorseThan(released: readonly PairResult[], name: string, results: readonly PairResult[]): Broken {
  return results.flatMap((result) => {
    const before = released.find((old) => old.packets === result.packets && old.classifier === result.classifier);
    if (before === undefined) return [`${name}, ${result.packets} packets, ${result.classifier}: not in the release`];
    return result.points.flatMap((point) => {
      const old = before.points.find(({ fpr }) => fpr === point.fpr);
      if (old !== undefined && point.interval.low <= old.interval.high) return [];
      return [`${name}, ${result.packets} packets, ${result.classifier}: TPR ${point.tpr}, was ${old?.tpr}`];
    });
  });
}

/** The formula of the page, beside which long mails and short ones are measured, is no further off than this. */
const RECKONING_ERROR = 0.05;

/** What is measured is what was reckoned: no more and no less is seen by counting on the lines into providers. */
export function asReckoned(name: string, results: readonly BurstResult[]): Broken {
  return results.flatMap(({ packets, right, trials, reckoned }) => {
    const { low, high } = clopperPearson(Math.round(right * trials), trials, 0.999);
    if (low <= reckoned + RECKONING_ERROR && high >= reckoned - RECKONING_ERROR) return [];
    return [`${name}, ${packets} packets: right in ${right}, reckoned ${reckoned}`];
  });
}

interface Guesses {
  readonly packets: number;
  readonly right: number;
  readonly interval: { readonly low: number; readonly high: number };
}

/** Nobody guesses a provider more often than in the last release; both in the same order. */
export function guessesNoBetter(released: readonly Guesses[], name: string, results: readonly Guesses[]): Broken {
  return results.flatMap(({ packets, right, interval }, i) => {
    const old = released[i];
    if (old?.packets !== packets) return [`${name}, ${packets} packets: not in the release`];
    return interval.low <= old.interval.high
      ? []
      : [`${name}, ${packets} packets: right in ${right}, was ${old.right}`];
  });
}

function pointAt(results: readonly PairResult[], classifier: Classifier, packets: number): OperatingPoint | undefined {
  const found = results.find((result) => result.classifier === classifier && result.packets === packets);
  return found?.points.find(({ fpr }) => fpr === FPR);
}
