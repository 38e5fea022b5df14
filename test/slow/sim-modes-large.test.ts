/** Sampled mode against packet mode in the largest network that every packet is made for. The others: sim-modes.test.ts */

import { test } from "node:test";
import { assertModesAgree } from "#test/sim/modes.ts";
import { DEFAULT_OPTIONS } from "#test/sim/options.ts";

test("packets and a sample agree on 3000 clients within 5 %", async () => {
  await assertModesAgree({ ...DEFAULT_OPTIONS, users: 3_000, hours: 0.5, mails: 120 });
});
