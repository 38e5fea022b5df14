/** What packets do between the clients: waits are exponential, and nothing leaves before its time. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Observer as NodeObserver } from "#provider-server/observe/observer.ts";
import { toHex } from "#transport/core/bytes.ts";
import { seconds } from "#transport/core/units.ts";
import { sendFrameBytes } from "#transport/link/frame-table.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { evenlySpread } from "./planted-faults.ts";
import type { ClientOptions } from "./sim-client.ts";
import { SIM_PARAMETERS, World } from "./world.ts";

const SIZES = geometry({ suite: SIM_PARAMETERS.suite, packetBytes: SIM_PARAMETERS.packetBytes });

test("nothing leaves a node before its delay, and nothing much after", async () => {
  const due = new Map<string, number>();
  let early = 0;
  let late = 0;
  const observer: NodeObserver = {
    // From what the sender drew, not from what the node made of it.
    packetHeld: ({ node, tag, at, delay }) => due.set(toHex(node) + toHex(tag), at + delay),
    packetLeft: ({ node, tag, at }) => {
      const wanted = due.get(toHex(node) + toHex(tag)) as number;
      if (at < wanted) early++;
      if (at > wanted + 1) late++;
    },
  };
  const world = await World.create({ seed: "in time", observer });
  await world.join({ name: "alice", provider: "a" });
  await world.clock.runFor(seconds(60));
  await world.stop();
  assert.ok(due.size > 500, `${due.size} packets were held`);
  assert.deepEqual({ early, late }, { early: 0, late: 0 });
});

test("the delays that mixes see fit the law of their slots: payload slots one mean, loops and drops either", async () => {
  const delays: number[] = [];
  const observer: NodeObserver = { packetHeld: ({ delay }) => delays.push(delay) };
  const { mail, chat } = SIM_PARAMETERS.profiles;
  // An empty payload slot has the delays of one with mail in it.
  const slow = mail.payloadShare + (1 - mail.payloadShare) / 2;
  // Node loops and decoys have a law of their own and are left out here.
  const world = await World.create({ seed: "law", observer, parameters: WITHOUT_NODE_LOOPS });
  await world.join({ name: "alice", provider: "a" });
  delays.length = 0;
  await world.clock.runFor(seconds(120));
  await world.stop();
  const mixture = (x: number): number =>
    1 - slow * Math.exp(-x / mail.meanDelay) - (1 - slow) * Math.exp(-x / chat.meanDelay);
  assert.ok(delays.length > 800);
  assert.ok(distance(delays, mixture) < critical(delays.length), `distance ${distance(delays, mixture)}`);
  const single = (x: number): number => 1 - Math.exp(-x / mail.meanDelay);
  assert.ok(distance(delays, single) > critical(delays.length), "the test can tell laws apart");
});

test("the waits between a client's packets are exponential under a Poisson clock", async () => {
  const waits = await waitsOf({});
  assert.ok(distance(waits, poissonWaits) < critical(waits.length), `distance ${distance(waits, poissonWaits)}`);
});

test("a client whose waits are not exponential is found out", async () => {
  const waits = await waitsOf(evenlySpread("even"));
  assert.ok(distance(waits, poissonWaits) > critical(waits.length));
});

const WITHOUT_NODE_LOOPS = {
  ...SIM_PARAMETERS,
  nodeLoopRate: 1e-9 as typeof SIM_PARAMETERS.nodeLoopRate,
  minimumPool: 0,
};
const poissonWaits = (x: number): number => 1 - Math.exp((-x * SIM_PARAMETERS.profiles.mail.sendRate) / 1000);

async function waitsOf(options: Pick<ClientOptions, "make" | "streams">): Promise<number[]> {
  const world = await World.create({ seed: "ticks", parameters: { ...SIM_PARAMETERS, clock: "poisson" } });
  const alice = await world.join({ name: "alice", provider: "a", ...options });
  const since = world.clock.now();
  await world.clock.runFor(seconds(240));
  await world.stop();
  const times = alice.observer.out(sendFrameBytes(SIZES), since);
  assert.ok(times.length > 800, `${times.length} packets`);
  return times.slice(1).map((time, i) => time - (times[i] as number));
}

/** Kolmogorov and Smirnov's: the largest gap between what was seen and the law. */
function distance(sample: readonly number[], law: (x: number) => number): number {
  const sorted = sample.toSorted((a, b) => a - b);
  // Times are whole milliseconds: half of one takes the rounding out.
  return sorted.reduce((worst, x, i) => {
    const expected = law(Math.max(0, x - 0.5));
    return Math.max(worst, Math.abs(expected - i / sorted.length), Math.abs(expected - (i + 1) / sorted.length));
  }, 0);
}

/** One honest sample in a thousand is farther away; the seed is fixed, so this one never is. */
const critical = (n: number): number => 1.95 / Math.sqrt(n);
