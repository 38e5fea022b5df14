/**
 * Networks by chance, struck by faults by chance: every invariant holds at every step, and every message arrives. A failure
 * prints the one line that shows it again.
 *
 *   STARLING_SEED=… node --test test/slow/sim-explorer.test.ts     the same scenarios again
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { scenario } from "#test/sim/explorer.ts";
import { commandLine, type SimOptions } from "#test/sim/options.ts";
import { simulatePair } from "#test/sim/pair.ts";
import { simulate } from "#test/sim/simulation.ts";
import { toHex } from "#transport/core/bytes.ts";
import { SystemRandom } from "#transport/core/system-random.ts";

const SCENARIOS = 24;
const seed = process.env["STARLING_SEED"] ?? toHex(new SystemRandom().bytes(4));

test(`${SCENARIOS} networks survive what happens to them, seed ${seed}`, async () => {
  const failures: string[] = [];
  for (let i = 0; i < SCENARIOS; i++) {
    const options = scenario(`${seed}-${i}`);
    const problem = await problemOf(options);
    if (problem === undefined) continue;
    console.log(problem);
    console.log(commandLine(options));
    failures.push(commandLine(options));
  }
  assert.deepEqual(failures, []);
});

/** What was broken, or thrown. */
async function problemOf(options: SimOptions): Promise<string | undefined> {
  try {
    const report = options.pair ? await simulatePair(options) : (await simulate(options)).report;
    const [violation] = report.invariants.violations;
    return violation === undefined ? undefined : `${violation.invariant}: ${violation.detail}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
