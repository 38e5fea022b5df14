/** The observer's bars at small size; at full size in test/slow/observer.test.ts. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { findsPairsWithoutCover, intervalsThatHold, lineLearnsNothing, noWorseThan } from "./bars.ts";
import { CLOCKS, underClock } from "./experiments.ts";
import { type PairExperiment, type PairResult, runPairExperiment } from "./pair-experiment.ts";

const SMALL = { profile: "mail", cover: "on", packets: [25, 100], tested: 150, trained: 60, unmatched: 5 } as const;

const small = (varied: Partial<PairExperiment> & Pick<PairExperiment, "eye" | "parameters" | "seed">): PairResult[] =>
  runPairExperiment({ ...SMALL, ...varied });

for (const clock of CLOCKS) {
  const parameters = underClock(clock);

  test(`who watches lines does not find out who writes to whom (${clock} clock)`, () => {
    const results = small({ seed: `small ${clock}`, parameters, eye: "line" });
    assert.deepEqual(lineLearnsNothing(clock, results), []);
  });

  test(`the same classifiers find out when there is no cover (${clock} clock)`, () => {
    const results = small({ seed: `bare ${clock}`, parameters, eye: "line", cover: "off", packets: [100] });
    assert.deepEqual(findsPairsWithoutCover(clock, results), []);
    assert.notDeepEqual(lineLearnsNothing(clock, results), [], "and the bar sees it");
  });
}

test("common slots hide a sender from lines and the reader's provider together, better than Poisson clocks", () => {
  const [slot, poisson] = CLOCKS.map((clock) =>
    small({ seed: `both ${clock}`, parameters: underClock(clock), eye: "provider", packets: [25] }),
  ) as [PairResult[], PairResult[]];
  assert.ok(auc(poisson) > 0.99, `Poisson ${auc(poisson)}`);
  assert.ok(auc(slot) < 0.75, `slots ${auc(slot)}`);
});

test("figures that grew since the last release are named", () => {
  assert.deepEqual(noWorseThan([result(0.3)], "here", [result(0.35)]), []);
  assert.equal(noWorseThan([result(0.3)], "here", [result(0.5)]).length, 1);
  assert.equal(noWorseThan([], "here", [result(0.1)]).length, 1);
  assert.deepEqual(intervalsThatHold([result(0.01), result(0.5)]), { holds: 1, of: 2 });
});

const auc = (results: PairResult[]): number => Math.max(...results.map((one) => one.auc));

const result = (tpr: number): PairResult => ({
  packets: 25,
  classifier: "flow",
  matched: 100,
  unmatched: 500,
  auc: 0.9,
  points: [{ fpr: 1e-2, threshold: 0, tpr, interval: { low: tpr - 0.05, high: tpr + 0.05 } }],
});
