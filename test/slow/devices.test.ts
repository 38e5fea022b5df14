/** Devices of one account that are away for weeks. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "#transport/core/bytes.ts";
import { seconds } from "#transport/core/units.ts";
import { household, join, knows, waiting } from "#test/sim/household.ts";
import { days, lookUp, post, startClient, stopClient, until } from "#test/sim/slow-world.ts";

test("a device that stays away does not hold up the mailbox for ever: after two weeks entries go without it", async () => {
  const { world, alice, laptop, phone } = await household("away");
  await stopClient(world, phone);
  const record = await lookUp(world, alice, laptop.address);
  await post(world, alice, record, utf8("an old mail"));
  await world.clock.runFor(days(10));
  const held = waiting(world);
  assert.ok(held > 200, `${held} entries wait for the phone, loops among them`);
  await world.clock.runFor(days(6));
  assert.ok(waiting(world) < 20, `${waiting(world)} entries are left`);
  await startClient(world, phone);
  const next = await lookUp(world, alice, laptop.address);
  await post(world, alice, next, utf8("a new mail"));
  await until(world, () => phone.received.size > 0);
  assert.deepEqual(phone.texts(), ["a new mail"]);
  await world.stop();
});

test("a device that was off when another was removed publishes no key of before", async () => {
  const { world, alice, laptop, phone } = await household("stale");
  const { joined: tablet } = await join(world, laptop, "tablet");
  await stopClient(world, tablet);
  const removed = laptop.client.removeDevice({ deviceKey: world.deviceKey("phone") });
  await world.clock.runUntilSettled(removed, seconds(60));
  await stopClient(world, phone);
  await world.clock.runFor(days(2));
  const before = await lookUp(world, alice, laptop.address);
  await stopClient(world, laptop);
  await world.clock.runFor(days(4));
  await startClient(world, tablet);
  await world.clock.runFor(days(2));
  const after = await lookUp(world, alice, laptop.address);
  assert.ok(after.validFrom >= before.validFrom);
  await post(world, alice, after, utf8("to whoever is there"));
  await until(world, () => tablet.received.size === 1);
  await startClient(world, laptop);
  await until(world, () => laptop.received.size === 1);
  await world.stop();
});

test("after a device was removed, all that stay make the same key of the generation after", async () => {
  const { world, alice, laptop, phone } = await household("generations");
  const { joined: tablet } = await join(world, laptop, "tablet");
  const removed = laptop.client.removeDevice({ deviceKey: world.deviceKey("phone") });
  await world.clock.runUntilSettled(removed, seconds(60));
  await stopClient(world, phone);
  await world.clock.runFor(days(2));
  const next = await lookUp(world, alice, laptop.address);
  await world.clock.runFor(days(7));
  const newest = await lookUp(world, alice, laptop.address);
  assert.notDeepEqual(newest.mailboxKey, next.mailboxKey);
  assert.ok((await knows(laptop, newest.mailboxKey)) && (await knows(tablet, newest.mailboxKey)));
  assert.equal(await knows(phone, newest.mailboxKey), false);
  await world.stop();
});
