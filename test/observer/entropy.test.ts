/** Entropy on cases whose answers are known. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { entropy, follow, Pool, type Step, stepsOf } from "./entropy.ts";
import { LogWriter, readLog } from "./log.ts";
import { runEntropyExperiment } from "./population.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";

test("entropy counts equally likely outcomes in bits, and what is missing as one more", () => {
  assert.equal(entropy([1]), 0);
  assert.equal(entropy([0.25, 0.25, 0.25, 0.25]), 2);
  assert.equal(entropy([0.5]), 1);
});

test("a pool of memoryless packets shares the chance among all of them", () => {
  const pool = new Pool();
  assert.equal(pool.depart(), 0);
  pool.arrive(1);
  pool.arrive(0);
  pool.arrive(0);
  assert.equal(pool.depart(), 1 / 3);
  pool.arrive(0);
  assert.ok(Math.abs(pool.depart() - 2 / 9) < 1e-12);
  assert.ok(Math.abs(pool.chance - 4 / 9) < 1e-12);
});

test("two packets through two mixes in a row are one bit, and never more", () => {
  const enters: Step[] = [0, 1].map((at) => ({ at, from: undefined, to: "one" }));
  const steps = [
    ...enters,
    ...[2, 3].map((at) => ({ at, from: "one", to: "two" })),
    ...[4, 5].map((at) => ({ at, from: "two", to: undefined })),
  ];
  const chances = follow(steps, enters[1] as Step);
  assert.deepEqual(chances, [0.5, 0.5]);
  // One after the other: whoever leaves alone is known.
  const apart = [steps[0], steps[2], steps[1], steps[3]] as Step[];
  assert.deepEqual(follow([...apart.slice(0, 2), { at: 1, from: "two", to: undefined }], apart[0] as Step), [1]);
});

test("the steps of a log are the packets between nodes, in order of time, and not what says that a node is there", () => {
  let text = "";
  const writer = new LogWriter({ sink: (piece) => (text += piece), unit: "frame" });
  const client = writer.link({ protocol: "client", dialer: "alice", listener: "a" });
  const entry = writer.link({ protocol: "node", dialer: "a", listener: "mix0" });
  const end = writer.link({ protocol: "node", dialer: "mix0", listener: "b" });
  writer.record({ at: 1, link: client, direction: ">", length: 10 });
  writer.record({ at: 9, link: end, direction: ">", length: 9 });
  writer.record({ at: 2, link: entry, direction: ">", length: 9 });
  writer.record({ at: 3, link: entry, direction: "<", length: 1 });
  writer.end();
  const steps = stepsOf(readLog(text), (name) => name.startsWith("mix"));
  assert.deepEqual(steps, [
    { at: 2, from: undefined, to: "mix0" },
    { at: 9, from: "mix0", to: undefined },
  ]);
});

test("more people hide a message among more packets", () => {
  const common = {
    seed: "crowd",
    parameters: LIVE_PARAMETERS,
    profile: "mail",
    mixesPerLayer: 2,
    messages: 10,
  } as const;
  const few = runEntropyExperiment({ ...common, clients: 20 });
  const many = runEntropyExperiment({ ...common, clients: 200 });
  assert.ok(many.meanBits > few.meanBits + 2, `${few.meanBits} and ${many.meanBits} bits`);
});
