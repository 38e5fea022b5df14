/** Boxes of an account with several devices: all read them, and who was put out is told of no new one. Spec: docs/spec/17-boxes.md §5 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { equalBytes, toHex, utf8 } from "#transport/core/bytes.ts";
import { milliseconds, perSecond, seconds } from "#transport/core/units.ts";
import type { OwnBox } from "#transport/client/boxes/own-box.ts";
import { TELL_AGAIN_AFTER } from "#transport/client/boxes/limits.ts";
import { noCryptography } from "#test/support/no-cryptography.ts";
import { BOX_PARAMETERS, boxesOf, boxWorld, putInto, sealedTo, untilBox } from "./box-scene.ts";
import { asDevice, join, repliesWaiting } from "./household.ts";
import type { SimClient } from "./sim-client.ts";
import { days, lookUp, slowWorld, startClient, stopClient, until } from "./slow-world.ts";
import type { World } from "./world.ts";

const PATIENCE = seconds(300);

async function laptopAndPhone(seed: string) {
  const world = await boxWorld({ seed });
  const laptop = await world.join({ name: "bob", provider: "b" });
  const { joined: phone } = await join(world, laptop, "phone");
  const box = await untilBox(world, laptop);
  return { world, laptop, phone, box };
}

async function put(world: World, laptop: SimClient, box: Parameters<typeof putInto>[1], text: string): Promise<void> {
  putInto(world, box, await sealedTo(world, laptop, { body: utf8(text), seed: text }));
}

async function haveAll(world: World, devices: readonly SimClient[], texts: readonly string[]): Promise<void> {
  await world.clock.runWhile(() => devices.some((device) => device.received.size < texts.length), PATIENCE);
  await world.clock.runFor(seconds(20));
  for (const device of devices) assert.deepEqual(device.texts().toSorted(), texts.toSorted());
}

const secretsOf = async (client: SimClient): Promise<string[]> =>
  (await boxesOf(client)).map(({ secret }) => toHex(secret)).toSorted();

test("both devices learn of a box that one of them opened, and each gets everything that comes into it, once", async () => {
  const { world, laptop, phone, box } = await laptopAndPhone("two readers");
  await untilBox(world, phone, ({ secret }) => equalBytes(secret, box.secret));
  const texts = ["one", "two", "three", "four", "five"];
  for (const text of texts) await put(world, laptop, box, text);
  await haveAll(world, [laptop, phone], texts);
  assert.deepEqual([laptop.offers, phone.offers], [5, 5]);
  // Neither opens one of its own while there is a good one, or both know of both.
  await world.clock.runFor(seconds(120));
  assert.deepEqual(await secretsOf(phone), await secretsOf(laptop));
  await world.stop();
});

test("a device that joins is given the boxes, and gets what still lies in them", async () => {
  const { world, laptop, phone, box } = await laptopAndPhone("joins");
  await untilBox(world, phone, ({ secret }) => equalBytes(secret, box.secret));
  await world.clock.runUntilSettled(phone.stop(), seconds(60));
  await put(world, laptop, box, "before");
  await haveAll(world, [laptop], ["before"]);
  const { joined: tablet } = await join(world, laptop, "tablet");
  assert.ok((await secretsOf(tablet)).includes(toHex(box.secret)));
  await put(world, laptop, box, "after");
  // The phone has not read it, so it is still there for the tablet.
  await haveAll(world, [laptop, tablet], ["before", "after"]);
  await world.clock.runUntilSettled(phone.start(), seconds(60));
  await haveAll(world, [laptop, tablet, phone], ["before", "after"]);
  await world.stop();
});

test("a device that joins with a code of before a box was announced hears of that box all the same", async () => {
  const { mail } = BOX_PARAMETERS.profiles;
  const slower = { ...mail, sendRate: perSecond(1 / 2), pollRate: perSecond(1) };
  const profiles = { ...BOX_PARAMETERS.profiles, mail: slower };
  const world = await boxWorld({
    seed: "between",
    parameters: { ...BOX_PARAMETERS, profiles },
    suite: noCryptography(),
  });
  const laptop = await world.join({ name: "bob", provider: "b" });
  assert.deepEqual(await boxesOf(laptop), []);
  const code = await world.clock.runUntilSettled(laptop.client.offerDevice({ extra: utf8("none") }), seconds(60));
  const box = await untilBox(world, laptop);
  await world.clock.runFor(seconds(60));
  const phone = world.client({ name: "phone", provider: "b" });
  await startClient(world, phone);
  const joining = phone.client.joinDevice({ ...asDevice(world, "phone"), code });
  await world.clock.runUntilSettled(joining, seconds(120));
  await world.clock.runFor(seconds(60));
  assert.ok(!(await secretsOf(phone)).includes(toHex(box.secret)));
  await world.clock.runFor(milliseconds(TELL_AGAIN_AFTER));
  assert.ok((await secretsOf(phone)).includes(toHex(box.secret)));
  await put(world, laptop, box, "for both");
  await haveAll(world, [laptop, phone], ["for both"]);
  await world.stop();
});

test("while one device is off for days the other reads its boxes and hears answers, and nothing of that waits for the first", async () => {
  const world = await slowWorld("one is off", { boxReplies: 2 });
  const laptop = await world.join({ name: "bob", provider: "b" });
  const { joined: phone } = await join(world, laptop, "phone");
  let box: OwnBox | undefined;
  const isKnown = async (): Promise<boolean> => {
    const known = await Promise.all([boxesOf(laptop), boxesOf(phone)]);
    box = known[0].find(({ era }) => era !== undefined);
    return known.every((boxes) => boxes.some(({ secret }) => equalBytes(secret, box?.secret ?? new Uint8Array(0))));
  };
  for (let hour = 0; hour < 72 && !(await isKnown()); hour++) await world.clock.runFor(seconds(3600));
  assert.ok(box !== undefined, "both know a box");
  await stopClient(world, phone);
  let replies = 0;
  for (let day = 1; day <= 3; day++) {
    await world.clock.runFor(days(1));
    await put(world, laptop, box, `day ${day}`);
    await until(world, () => laptop.received.size === day);
    assert.equal((await lookUp(world, laptop, laptop.address)).address, laptop.address);
    replies = Math.max(replies, repliesWaiting(world));
  }
  assert.ok(replies <= 8, `${replies} replies wait`);
  await startClient(world, phone);
  await until(world, () => phone.received.size === 3);
  assert.deepEqual(phone.texts().toSorted(), ["day 1", "day 2", "day 3"]);
  await world.stop();
});

test("when a device is put out another box is opened, of which it hears nothing; the old one is read until its end", async () => {
  const { world, laptop, phone, box } = await laptopAndPhone("put out");
  await untilBox(world, phone, ({ secret }) => equalBytes(secret, box.secret));
  const known = await secretsOf(phone);
  const { deviceKey } = asDevice(world, "phone");
  await world.clock.runUntilSettled(laptop.client.removeDevice({ deviceKey }), seconds(120));
  const next = await untilBox(world, laptop, ({ secret }) => !known.includes(toHex(secret)));
  await world.clock.runFor(seconds(60));
  assert.deepEqual(await secretsOf(phone), known);
  assert.ok(!(await boxesOf(phone)).some(({ secret }) => equalBytes(secret, next.secret)));
  await put(world, laptop, box, "to the old one");
  await put(world, laptop, next, "to the new one");
  await haveAll(world, [laptop], ["to the old one", "to the new one"]);
  await world.stop();
});
