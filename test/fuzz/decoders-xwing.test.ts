/** The decoders that depend on the suite, with X-Wing: packets as long as in live networks. */

import { test } from "node:test";
import { fuzz } from "./fuzz.ts";
import { targetsWithXWing } from "./targets.ts";

const SEED = 2_026;

for (const target of await targetsWithXWing()) {
  test(`${target.name}: bad bytes are refused with our own error, quickly, in bounded memory, and leave nothing there`, async () => {
    await fuzz(target, { cases: 400, madeUp: 80, seed: SEED });
  });
}
