/**
 * Who watches lines alone, on small whole simulated networks: production's clients and providers decide what the lines show, so that
 * this fails when they show more than they should. At full size: test/slow/lines.test.ts
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { lineLearnsNothing } from "./bars.ts";
import { type LineFault, type LineNetwork, watchLines } from "./line-network.ts";
import { figuresOf, judgeLines } from "./line-pairs.ts";
import type { PairResult } from "./pair-experiment.ts";

const PACKETS = 60;
const PAIRS = 10;

test("lines of a whole network do not show who writes to whom", async (t) => {
  const results = await run("slot", "none");
  figuresOf(results).forEach((line) => t.diagnostic(line));
  assert.deepEqual(lineLearnsNothing("slot", results), []);
});

test("they do when clients send nothing but mail and providers answer only if something came", async (t) => {
  const results = await run("slot", "bare");
  figuresOf(results).forEach((line) => t.diagnostic(line));
  assert.notDeepEqual(lineLearnsNothing("bare", results), [], "the bar sees it");
  for (const { classifier, points } of results) assert.ok((points[1]?.tpr ?? 0) > 0.6, classifier);
});

test("they do under a Poisson clock when providers answer only if something came", async (t) => {
  const results = await run("poisson", "tells");
  figuresOf(results).forEach((line) => t.diagnostic(line));
  assert.notDeepEqual(lineLearnsNothing("tells", results), [], "the bar sees it");
  for (const { classifier, auc } of results) assert.ok(auc > 0.75, `${classifier}: area ${auc}`);
});

async function run(clock: LineNetwork["clock"], fault: LineFault): Promise<PairResult[]> {
  const common = { clock, fault, packets: PACKETS } as const;
  const watch = (seed: string): ReturnType<typeof watchLines> => watchLines({ ...common, seed, pairs: PAIRS });
  const [trained, tested] = [[await watch("train")], [await watch("test")]];
  for (const { mail } of tested.flat()) assert.ok(mail > PACKETS / 2, `a writer sent ${mail} pieces of mail`);
  return judgeLines({ ...common, seed: "lines", unmatched: PAIRS - 1, trained, tested });
}
