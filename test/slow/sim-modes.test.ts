/** Sampled mode against packet mode, at full size: what a sample of users says of a network is what its packets say. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { DEFAULT_OPTIONS, type SimOptions } from "#test/sim/options.ts";
import { simulateSampled } from "#test/sim/sampled.ts";
import { simulate } from "#test/sim/simulation.ts";

/** The bar. */
const AGREEMENT = 0.05;

const OTHER = LIVE_PARAMETERS.clock === "slot" ? "poisson" : "slot";

for (const [users, hours, clock] of [
  [1_000, 1, LIVE_PARAMETERS.clock],
  [1_000, 1, OTHER],
  [3_000, 0.5, LIVE_PARAMETERS.clock],
] as const) {
  test(`packets and a sample agree on ${users} clients within 5 % (${clock} clock)`, async () => {
    const options: SimOptions = { ...DEFAULT_OPTIONS, clock, users, hours, mails: 120, sample: users };
    const { report: packets } = await simulate(options);
    const sampled = simulateSampled({ ...options, mode: "sampled" });
    const { wallSeconds, memoryMB, eventsPerSecond } = packets.run;
    console.log(
      JSON.stringify({ users, clock, wallSeconds, memoryMB, eventsPerSecond, sampled: sampled.run.wallSeconds }),
    );
    assert.deepEqual(packets.invariants.violations, []);
    assert.equal(packets.messages.read, packets.messages.written);
    for (const [flow, rate] of Object.entries(packets.rates)) {
      if (!flow.endsWith("other")) near(sampled.rates[flow as keyof typeof sampled.rates], rate, flow);
    }
    for (const quantile of ["median", "p95"] as const) {
      near(sampled.latencyMs?.[quantile], packets.latencyMs?.[quantile] as number, `latency, ${quantile}`);
    }
    const held = (pools: typeof packets.pools): number => {
      const means = Object.values(pools).map(({ mean }) => mean);
      return means.reduce((sum, mean) => sum + mean, 0) / means.length;
    };
    near(held(sampled.pools), held(packets.pools), "packets held by a mix");
  });
}

test("with X-Wing the network does at the same times what it does without cryptography", async () => {
  const small: SimOptions = { ...DEFAULT_OPTIONS, users: 6, hours: 0.05, pool: 1, mails: 600 };
  const { report: none } = await simulate(small);
  const { report: xwing } = await simulate({ ...small, suite: "xwing" });
  assert.deepEqual(xwing.invariants.violations, []);
  assert.equal(xwing.rates["client to provider: packets"], none.rates["client to provider: packets"]);
});

function near(value: number | undefined, wanted: number, name: string): void {
  console.log(`${name}: ${value?.toFixed(2)} sampled, ${wanted.toFixed(2)} by packets`);
  assert.ok(Math.abs((value ?? 0) - wanted) <= AGREEMENT * wanted, `${name}: ${value} sampled, ${wanted} by packets`);
}
