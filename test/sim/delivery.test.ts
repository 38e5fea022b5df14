/** Mail through the virtual network, in good weather and bad. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "#transport/core/bytes.ts";
import { seconds } from "#transport/core/units.ts";
import type { MailboxRecord } from "#transport/directory/mailbox-record.ts";
import type { SimClient } from "./sim-client.ts";
import { World } from "./world.ts";

test("a mail is looked up, sent, delivered, acknowledged and answered", async () => {
  const world = await World.create({ seed: "first mail" });
  const alice = await world.join({ name: "alice", provider: "a" });
  const bob = await world.join({ name: "bob", provider: "b" });

  const record = await look(world, alice, bob.address);
  const id = await world.clock.runUntilSettled(alice.client.send({ to: record, body: utf8("hello") }), seconds(5));
  await world.clock.runWhile(() => bob.received.size === 0, seconds(60));
  assert.deepEqual(bob.texts(), ["hello"]);

  const back = await look(world, bob, alice.address);
  await world.clock.runUntilSettled(bob.client.acknowledge({ messageId: id, to: back }), seconds(5));
  const delivered = () => alice.client.journeys()[0]?.delivery === "delivered";
  await world.clock.runWhile(() => !delivered(), seconds(60));
  assert.ok(delivered());
  await world.stop();
});

async function look(world: World, from: SimClient, address: string): Promise<MailboxRecord> {
  const record = await world.clock.runUntilSettled(from.client.lookup(address), seconds(120));
  assert.ok(record, `${address} is known`);
  return record;
}
