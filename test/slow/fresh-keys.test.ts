/** A mail that outlived its reader's key. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex, utf8 } from "#transport/core/bytes.ts";
import { milliseconds } from "#transport/core/units.ts";
import { DAY, days, HOUR, lookUp, post, slowWorld, startClient, stopClient, until } from "#test/sim/slow-world.ts";

test("a mail that waits until its reader's record has run out finds the newer key by itself", async () => {
  const retention = days(3);
  const world = await slowWorld("found again", { retention });
  const alice = await world.join({ name: "alice", provider: "a" });
  const bob = await world.join({ name: "bob", provider: "b" });
  const record = await lookUp(world, alice, bob.address);
  const id = await post(world, alice, record, utf8("late, but there"));
  await stopClient(world, alice);
  // Past the time in which anything may be sealed to that key.
  await world.clock.runFor(milliseconds(record.validUntil + retention - world.clock.now() + DAY));
  await startClient(world, alice);
  // It is too old to go on by itself.
  await until(world, () => alice.client.journeys()[0]?.delivery === "failed");
  await world.clock.runUntilSettled(alice.client.retry({ messageId: id, to: undefined }), milliseconds(HOUR));
  assert.equal(alice.client.journeys()[0]?.waitingFor, "key");
  const keyOf = async (): Promise<string> =>
    toHex((await alice.store.outgoing())[0]?.to.mailboxKey ?? new Uint8Array(0));
  assert.equal(await keyOf(), toHex(record.mailboxKey));
  await until(world, () => bob.received.size === 1);
  assert.notEqual(await keyOf(), toHex(record.mailboxKey));
  assert.deepEqual(bob.texts(), ["late, but there"]);
  await world.stop();
});
