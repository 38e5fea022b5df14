/**
 * Who watches lines alone, on whole simulated networks of 200 people of whom 100 write to the 100 others without pause: at the size
 * that docs/anonymity.md asks for, and planted faults beside it. A small version: test/observer/lines.test.ts
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { lineLearnsNothing } from "#test/observer/bars.ts";
import { type LineFault, type LineNetwork, watchLines } from "#test/observer/line-network.ts";
import { figuresOf, judgeLines } from "#test/observer/line-pairs.ts";
import type { PairResult } from "#test/observer/pair-experiment.ts";

const PACKETS = 100;
const PAIRS = 100;
/** What the learned classifier learns from, in a network of its own. */
const TRAINED = 40;
/** Of the 99 strangers that a writer has in its network. */
const UNMATCHED = 20;

for (const { clock, runs } of [
  { clock: "slot", runs: 20 },
  { clock: "poisson", runs: 5 },
] as const) {
  test(`lines of whole networks do not show who writes to whom (${clock} clock, ${runs} networks)`, async (t) => {
    const results = await run(clock, "none", runs);
    figuresOf(results).forEach((line) => t.diagnostic(line));
    assert.deepEqual(lineLearnsNothing(clock, results), []);
  });
}

test("the same classifiers find nearly everybody on lines without cover", async (t) => {
  const results = await run("slot", "bare", 1);
  figuresOf(results).forEach((line) => t.diagnostic(line));
  for (const { classifier, points } of results) assert.ok((points[1]?.tpr ?? 0) >= 0.9, classifier);
});

test("they find pairs when a provider answers only if something came", async (t) => {
  const results = await run("poisson", "tells", 1);
  figuresOf(results).forEach((line) => t.diagnostic(line));
  for (const { classifier, points } of results) assert.ok((points[1]?.interval.low ?? 0) > 0.1, classifier);
});

async function run(clock: LineNetwork["clock"], fault: LineFault, runs: number): Promise<PairResult[]> {
  const common = { clock, fault, packets: PACKETS } as const;
  const name = `lines ${clock} ${fault}`;
  const trained = [await watchLines({ ...common, seed: `${name} train`, pairs: TRAINED })];
  const tested = [];
  for (let i = 0; i < runs; i++) tested.push(await watchLines({ ...common, seed: `${name} ${i}`, pairs: PAIRS }));
  for (const { mail } of tested.flat()) assert.ok(mail > 0.6 * PACKETS, `a writer sent ${mail} pieces of mail`);
  return judgeLines({ ...common, seed: name, unmatched: UNMATCHED, trained, tested });
}
