/**
 * A stranger's mail must not reveal when its reader is there: a receipt leaves only when the program says for whom, which it
 * does for accepted contacts (docs/spec/01-message.md §4).
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "#transport/core/bytes.ts";
import { seconds } from "#transport/core/units.ts";
import { World } from "#test/sim/world.ts";

test("a mail that is read but not acknowledged is never answered by a receipt, however often it is repeated", async () => {
  const carried: string[] = [];
  const world = await World.create({ seed: "stranger" });
  const mallory = await world.join({ name: "mallory", provider: "a" });
  const bob = await world.join({
    name: "bob",
    provider: "b",
    observer: { slotSent: ({ carried: cargo }) => carried.push(cargo) },
  });
  const record = await world.clock.runUntilSettled(mallory.client.lookup(bob.address), seconds(120));
  assert.ok(record);
  const id = await world.clock.runUntilSettled(
    mallory.client.send({ to: record, body: utf8("are you there?") }),
    seconds(9),
  );
  await world.clock.runWhile(() => bob.received.size === 0, seconds(60));
  assert.equal(bob.received.size, 1);
  for (let i = 0; i < 3; i++) {
    await mallory.client.retry({ messageId: id, to: undefined });
    await world.clock.runFor(seconds(25));
  }
  assert.ok(!carried.includes("receipt"));
  assert.notEqual(mallory.client.journeys()[0]?.delivery, "delivered");
  await world.stop();
});
