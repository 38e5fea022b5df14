/** A running node's old keys: gone from its folder at the second the specification names, whatever was going on. */

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FilePeriodStore } from "#provider-server/mix/period-store.ts";
import { MixNode } from "#provider-server/mix/mix-node.ts";
import { FileClockMemory } from "#provider-server/node/clock-memory.ts";
import { CLOCK_LOOK_SHARE } from "#provider-server/node/limits.ts";
import { GENESIS, SmallNetwork } from "#test/support/small-network.ts";
import { WrongClock } from "#test/support/wrong-clock.ts";
import { TransportError } from "#transport/core/errors.ts";
import { keyPeriodNumber, milliseconds } from "#transport/core/units.ts";
import { clockErrorMax, keyErasedAt } from "#transport/directory/epochs.ts";

const KEY_AT = 12;
/** How long the machine has run when the network begins. */
const UP_BEFORE = 3_600_000;

test("every period's key leaves the folder at the end of its overlap, not sooner and not later, and no file holds it still", async (t) => {
  const { net, folder } = await running(t);
  const { network } = net;
  const seen = new Map<string, Buffer>();
  const look = (): string[] => {
    const names = keysIn(folder);
    for (const name of names) seen.set(name, readFileSync(join(folder, name)).subarray(KEY_AT, KEY_AT + 32));
    return names;
  };
  const { duration, keyPeriods, overlap } = network.parameters.epoch;
  for (let period = 0; period <= 3 * keyPeriods; period++) {
    const end = GENESIS + ((period + 1) * duration) / keyPeriods + overlap;
    await net.clock.runUntil(milliseconds(end - 1));
    assert.ok(look().includes(`${period}.period`), `the key of ${period} still opens what is on its way`);
    await net.clock.runUntil(milliseconds(end));
    const left = look();
    assert.ok(!left.includes(`${period}.period`));
    const old = seen.get(`${period}.period`);
    assert.ok(old !== undefined);
    for (const name of left) assert.equal(readFileSync(join(folder, name)).includes(old), false, name);
  }
});

test("a node that was stopped for epochs erases what is over before it publishes anything", async (t) => {
  const { net, folder, node, start } = await running(t);
  const { duration } = net.network.parameters.epoch;
  await net.clock.runUntil(milliseconds(GENESIS + duration / 2));
  const before = readdirSync(folder);
  assert.ok(before.includes("0.period"));
  await node.stop();
  await net.clock.runUntil(milliseconds(GENESIS + 5 * duration));
  assert.deepEqual(readdirSync(folder), before, "a program that does not run erases nothing");
  start();
  for (const name of keysIn(folder)) assert.ok(Number.parseInt(name, 10) >= 9, name);
});

test("a node that starts with its clock far ahead, or not as it was when the authorities agreed with it, erases no key that the list names", async (t) => {
  for (const { error, hasForgotten } of [
    { error: 40 * 24, hasForgotten: false },
    { error: 3, hasForgotten: true },
  ]) {
    const { net, folder, node, start, clock } = await running(t);
    const { duration } = net.network.parameters.epoch;
    await net.clock.runUntil(milliseconds(GENESIS + duration / 2));
    const before = keysIn(folder);
    assert.equal(before.length, 6);
    await node.stop();
    if (hasForgotten) rmSync(join(folder, "agreed.clock"));
    clock.error = error * 3_600_000;
    start();
    await net.clock.runFor(milliseconds(duration / 4));
    assert.deepEqual(keysIn(folder), before, `${error} hours ahead`);
    clock.error = 0;
    await net.clock.runUntil(milliseconds(keyErasedAt(net.network, keyPeriodNumber(0)) - 1));
    for (const name of before) assert.ok(keysIn(folder).includes(name));
    await net.clock.runFor(milliseconds(1));
    assert.ok(!keysIn(folder).includes("0.period"), "put right, it erases on time");
    await net.stop();
  }
});

test("a node whose clock is as it was erases what is over when it starts, also when no authority can be reached", async (t) => {
  const { net, folder, node, start } = await running(t);
  const { duration } = net.network.parameters.epoch;
  await net.clock.runUntil(milliseconds(GENESIS + duration / 2));
  await node.stop();
  net.authority.fetchConsensus = () => Promise.reject(new TransportError("PROVIDER_DOWN"));
  await net.clock.runUntil(keyErasedAt(net.network, keyPeriodNumber(1)));
  start();
  assert.deepEqual(keysIn(folder), ["2.period", "3.period", "4.period", "5.period"]);
  await net.clock.runFor(milliseconds(duration));
  assert.deepEqual(keysIn(folder), ["4.period", "5.period"]);
});

test("nobody keeps a key by setting the clock back again and again while no authority can be reached", async (t) => {
  const { net, folder, clock } = await running(t);
  const { network } = net;
  const { duration, keyPeriods } = network.parameters.epoch;
  await net.clock.runUntil(milliseconds(GENESIS + duration / 2));
  net.authority.fetchConsensus = () => Promise.reject(new TransportError("PROVIDER_DOWN"));
  const late = clockErrorMax(network) + duration * CLOCK_LOOK_SHARE;
  const before = keysIn(folder).map((name) => keyPeriodNumber(Number.parseInt(name, 10)));
  assert.ok(before.length > keyPeriods);
  for (const period of before) {
    clock.error -= duration / 4;
    const end = keyErasedAt(network, period);
    await net.clock.runUntil(milliseconds(end - 1));
    assert.ok(keysIn(folder).includes(`${period}.period`), "it may open what is on its way");
    await net.clock.runUntil(milliseconds(end + late));
    assert.ok(!keysIn(folder).includes(`${period}.period`));
  }
});

test("a node that is started again within a key period has the keys of before, and makes no others", async (t) => {
  const { net, folder, node, start } = await running(t);
  const { duration } = net.network.parameters.epoch;
  await net.clock.runUntil(milliseconds(GENESIS + 1.6 * duration));
  const read = (): Map<string, string> =>
    new Map(
      keysIn(folder).map((name) => [name, readFileSync(join(folder, name)).toString("hex", KEY_AT, KEY_AT + 32)]),
    );
  const before = read();
  await node.stop();
  start();
  await net.clock.runFor(milliseconds(duration / 8));
  assert.deepEqual(read(), before);
});

test("a node goes on knowing the time when its folder takes no note of it", (t) => {
  const folder = temporaryFolder(t);
  let uptime = 5_000;
  const memory = new FileClockMemory(join(folder, "none"), () => milliseconds(uptime));
  const now = milliseconds(1_800_000_000_000);
  memory.agreed(now);
  uptime += 60_000;
  assert.equal(memory.time(), now + 60_000);
});

test("nothing is known of a clock by a note that was cut short, or of another run of the machine", (t) => {
  const folder = temporaryFolder(t);
  let uptime = 5_000;
  const memory = new FileClockMemory(folder, () => milliseconds(uptime));
  const now = milliseconds(1_800_000_000_000);
  const later = (): FileClockMemory => new FileClockMemory(folder, () => milliseconds(uptime));
  assert.equal(memory.time(), undefined);
  memory.agreed(now);
  uptime += 60_000;
  assert.equal(memory.time(), now + 60_000);
  assert.equal(later().time(), now + 60_000);
  uptime = 10;
  assert.ok((later().time() ?? now) < now);
  const path = join(folder, "agreed.clock");
  writeFileSync(path, readFileSync(path).subarray(0, -2));
  assert.equal(later().time(), undefined);
});

const keysIn = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith(".period"));

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "starling-old-keys-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A network whose first mix keeps its keys in a folder. */
async function running(t: TestContext) {
  const folder = temporaryFolder(t);
  const net = await SmallNetwork.create();
  t.after(() => net.stop());
  const clock = new WrongClock(net.clock);
  const dependencies = { ...net.dependencies("mix-with-a-folder"), clock };
  const start = (): MixNode => {
    const clockMemory = new FileClockMemory(folder, () => milliseconds(net.clock.now() - GENESIS + UP_BEFORE));
    const node = new MixNode({ ...dependencies, clockMemory, periodStore: new FilePeriodStore(folder) });
    t.after(() => node.stop());
    node.start();
    return node;
  };
  const node = start();
  await net.start();
  return { net, folder, node, start, clock };
}
