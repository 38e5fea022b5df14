/** A million changed inputs for each decoder that the network reaches, and a tenth as many that fast-check makes up. */

import { test } from "node:test";
import { fuzz, fuzzFromNothing } from "#test/fuzz/fuzz.ts";
import { allTargets } from "#test/fuzz/targets.ts";

const CASES = 1_000_000;
const MADE_UP = CASES / 10;

for (const target of await allTargets()) {
  test(`${target.name}: ${CASES} changed inputs and ${MADE_UP} made-up ones`, (t) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    t.diagnostic(`seed ${seed}`);
    const { accepted, slowestMs } = fuzz(target, { cases: CASES, seed });
    fuzzFromNothing(target, { cases: MADE_UP, seed });
    t.diagnostic(`${accepted} taken, slowest ${slowestMs.toFixed(1)} ms`);
  });
}
