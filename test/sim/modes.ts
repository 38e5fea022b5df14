/** Sampled mode against packet mode: what a sample of users says of a network is what its packets say. Docs: docs/simulator.md §5 */

import assert from "node:assert/strict";
import type { SimOptions } from "./options.ts";
import { simulateSampled } from "./sampled.ts";
import { simulate } from "./simulation.ts";

/** Of latency, link rates and pools. */
const AGREEMENT = 0.05;

/** Runs both, says what each says, and throws where they differ by more. */
export async function assertModesAgree(options: SimOptions): Promise<void> {
  const { users, clock } = options;
  const { report: packets } = await simulate(options);
  const sampled = simulateSampled({ ...options, mode: "sampled", sample: users });
  const { wallSeconds, memoryMB, eventsPerSecond } = packets.run;
  const { boxReplies } = packets.network;
  console.log(
    JSON.stringify({
      users,
      clock,
      boxReplies,
      wallSeconds,
      memoryMB,
      eventsPerSecond,
      sampled: sampled.run.wallSeconds,
    }),
  );
  assert.deepEqual(packets.invariants.violations, []);
  assert.equal(packets.messages.read, packets.messages.written);
  for (const [flow, rate] of Object.entries(packets.rates)) {
    if (!flow.endsWith("other")) near(sampled.rates[flow as keyof typeof sampled.rates], rate, flow);
  }
  for (const quantile of ["median", "p95"] as const) {
    near(sampled.latencyMs?.[quantile], packets.latencyMs?.[quantile] as number, `latency, ${quantile}`);
  }
  assert.equal(packets.messages.toBoxes > 0, boxReplies > 0);
  if (boxReplies > 0) near(sampled.messages.toBoxes, packets.messages.toBoxes, "messages to boxes");
  const held = (pools: typeof packets.pools): number => {
    const means = Object.values(pools).map(({ mean }) => mean);
    return means.reduce((sum, mean) => sum + mean, 0) / means.length;
  };
  near(held(sampled.pools), held(packets.pools), "packets held by a mix");
}

function near(value: number | undefined, wanted: number, name: string): void {
  console.log(`${name}: ${value?.toFixed(2)} sampled, ${wanted.toFixed(2)} by packets`);
  assert.ok(Math.abs((value ?? 0) - wanted) <= AGREEMENT * wanted, `${name}: ${value} sampled, ${wanted} by packets`);
}
