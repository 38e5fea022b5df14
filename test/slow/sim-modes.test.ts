/** Sampled mode against packet mode, at full size. The largest network: sim-modes-large.test.ts */

import assert from "node:assert/strict";
import { test } from "node:test";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { assertModesAgree } from "#test/sim/modes.ts";
import { DEFAULT_OPTIONS, type SimOptions } from "#test/sim/options.ts";
import { simulate } from "#test/sim/simulation.ts";

const OTHER = LIVE_PARAMETERS.clock === "slot" ? "poisson" : "slot";

for (const [hours, clock, boxes] of [
  [1, LIVE_PARAMETERS.clock, LIVE_PARAMETERS.boxReplies],
  [1, OTHER, LIVE_PARAMETERS.boxReplies],
  [0.5, LIVE_PARAMETERS.clock, 0],
] as const) {
  const network = `${clock} clock, ${boxes === 0 ? "no boxes" : `boxes with ${boxes} answers`}, ${hours} h`;
  test(`packets and a sample agree on 1000 clients within 5 % (${network})`, async () => {
    await assertModesAgree({ ...DEFAULT_OPTIONS, clock, boxes, users: 1_000, hours, mails: 120 });
  });
}

test("with X-Wing the network does at the same times what it does without cryptography", async () => {
  const small: SimOptions = { ...DEFAULT_OPTIONS, users: 6, hours: 0.05, pool: 1, mails: 600 };
  const { report: none } = await simulate(small);
  const { report: xwing } = await simulate({ ...small, suite: "xwing" });
  assert.deepEqual(xwing.invariants.violations, []);
  assert.equal(xwing.rates["client to provider: packets"], none.rates["client to provider: packets"]);
});
