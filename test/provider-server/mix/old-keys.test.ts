/** A running node's old keys: gone from its folder at the second the specification names, whatever was going on. */

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FileEpochStore } from "#provider-server/mix/epoch-store.ts";
import { MixNode } from "#provider-server/mix/mix-node.ts";
import { GENESIS, SmallNetwork } from "#test/support/small-network.ts";
import { milliseconds } from "#transport/core/units.ts";

const KEY_AT = 12;

test("every epoch's key leaves the folder at the end of its overlap, not sooner and not later, and no file holds it still", async (t) => {
  const { net, folder } = await running(t);
  const { duration, overlap } = net.network.parameters.epoch;
  const seen = new Map<string, Buffer>();
  const look = (): string[] => {
    const names = readdirSync(folder);
    for (const name of names) seen.set(name, readFileSync(join(folder, name)).subarray(KEY_AT, KEY_AT + 32));
    return names;
  };
  for (let epoch = 0; epoch <= 3; epoch++) {
    const end = GENESIS + (epoch + 1) * duration + overlap;
    await net.clock.runUntil(milliseconds(end - 1));
    assert.ok(look().includes(`${epoch}.epoch`), `the key of ${epoch} still opens what is on its way`);
    await net.clock.runUntil(milliseconds(end));
    const left = look();
    assert.ok(!left.includes(`${epoch}.epoch`));
    const old = seen.get(`${epoch}.epoch`);
    assert.ok(old !== undefined);
    for (const name of left) assert.equal(readFileSync(join(folder, name)).includes(old), false, name);
  }
});

test("a node that was stopped for epochs erases what is over before it publishes anything", async (t) => {
  const { net, folder, node, start } = await running(t);
  const { duration } = net.network.parameters.epoch;
  await net.clock.runUntil(milliseconds(GENESIS + duration / 2));
  const before = readdirSync(folder);
  assert.ok(before.includes("0.epoch"));
  await node.stop();
  await net.clock.runUntil(milliseconds(GENESIS + 5 * duration));
  assert.deepEqual(readdirSync(folder), before, "a program that does not run erases nothing");
  start();
  for (const name of readdirSync(folder)) assert.ok(Number.parseInt(name, 10) >= 4, name);
});

/** A network whose first mix keeps its keys in a folder. */
async function running(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "starling-old-keys-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const net = await SmallNetwork.create();
  t.after(() => net.stop());
  const dependencies = net.dependencies("mix-with-a-folder");
  const start = (): MixNode => {
    const node = new MixNode({ ...dependencies, epochs: new FileEpochStore(folder) });
    t.after(() => node.stop());
    node.start();
    return node;
  };
  const node = start();
  await net.start();
  return { net, folder, node, start };
}
