/** Decoders against changed real traffic and made-up bytes; a million inputs for each run in `npm run test:slow`. */

import { test } from "node:test";
import { fuzz } from "./fuzz.ts";
import { targetsWithX25519 } from "./targets.ts";

const SEED = 2_026;

for (const target of await targetsWithX25519()) {
  test(`${target.name}: bad bytes are refused with our own error, quickly, in bounded memory, and leave nothing there`, async () => {
    await fuzz(target, { cases: 400, madeUp: 80, seed: SEED });
  });
}
