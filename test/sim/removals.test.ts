import assert from "node:assert/strict";
import { test } from "node:test";
import { TransportClient } from "#transport/client/client.ts";
import type { TransportClientOptions } from "#transport/client/types.ts";
import { equalBytes, toHex, utf8 } from "#transport/core/bytes.ts";
import { seconds } from "#transport/core/units.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { asDevice, household, join, knows } from "./household.ts";
import { days, lookUp, post, startClient, until } from "./slow-world.ts";

test("of two devices that remove each other at the same moment one stays; both learn it, and a third reads all that comes", async () => {
  const { world, alice, laptop, phone } = await household("each other");
  const { joined: tablet } = await join(world, laptop, "tablet");
  const before = await lookUp(world, alice, laptop.address);
  const both = Promise.allSettled([
    laptop.client.removeDevice({ deviceKey: world.deviceKey("phone") }),
    phone.client.removeDevice({ deviceKey: world.deviceKey("bob") }),
  ]);
  const outcomes = await world.clock.runUntilSettled(both, seconds(3600));
  const refused = outcomes.filter((outcome) => outcome.status === "rejected");
  assert.deepEqual(
    refused.map(({ reason }) => (reason as { code: string }).code),
    ["NO_ACCOUNT"],
  );
  const [winner, loser] = outcomes[0].status === "fulfilled" ? [laptop, phone] : [phone, laptop];
  assert.deepEqual([winner.client.status().state, loser.client.status().state], ["mixing", "removed"]);
  const left = await world.clock.runUntilSettled(winner.client.devices(), seconds(60));
  assert.equal(left.length, 2);

  await post(world, alice, before, utf8("at once"));
  await world.clock.runFor(days(2));
  const after = await lookUp(world, alice, laptop.address);
  assert.notDeepEqual(after.mailboxKey, before.mailboxKey);
  await post(world, alice, after, utf8("later"));
  for (const reader of [winner, tablet]) {
    await until(world, () => reader.received.size === 2);
    assert.deepEqual(reader.texts().toSorted(), ["at once", "later"]);
  }
  assert.equal(loser.received.size, 0);
  assert.equal(await knows(loser, after.mailboxKey), false);
  await world.stop();
});

test("a device that is removed while its own removal of another is on its way does not know what the coming keys are made from", async () => {
  const { world, alice, laptop, phone } = await household("in a row");
  const notices: Uint8Array[] = [];
  const watched = (o: TransportClientOptions): TransportClient => {
    const { suite, store } = o;
    const aeadSeal: Suite["aeadSeal"] = (input) => {
      // A notice alone is bound to the mailbox.
      if (equalBytes(input.associated, mailbox)) notices.push(input.plaintext.slice());
      return suite.aeadSeal(input);
    };
    return new TransportClient({ ...o, store, suite: { ...suite, aeadSeal } });
  };
  const mailbox = laptop.client.account?.mailboxId as Uint8Array;
  const code = await world.clock.runUntilSettled(laptop.client.offerDevice({ extra: utf8("x") }), seconds(60));
  const tablet = world.client({ name: "tablet", provider: "b", make: watched });
  await startClient(world, tablet);
  await world.clock.runUntilSettled(tablet.client.joinDevice({ ...asDevice(world, "tablet"), code }), seconds(60));

  const first = tablet.client.removeDevice({ deviceKey: world.deviceKey("phone") });
  await world.clock.runUntilSettled(first, seconds(60));
  const second = laptop.client.removeDevice({ deviceKey: world.deviceKey("tablet") });
  await world.clock.runUntilSettled(second, seconds(3600));
  await until(world, () => phone.client.status().state === "removed" && tablet.client.status().state === "removed");
  await world.clock.runFor(days(2));
  const ratchet = await laptop.store.mailboxRatchet();
  assert.equal(notices.length, 1);
  assert.ok(ratchet !== undefined);
  assert.ok(!toHex(notices[0] as Uint8Array).includes(toHex(ratchet.deviceSecret)), "the tablet made it");
  const record = await lookUp(world, alice, laptop.address);
  await post(world, alice, record, utf8("for one"));
  await until(world, () => laptop.received.size === 1);
  assert.deepEqual([await knows(phone, record.mailboxKey), await knows(tablet, record.mailboxKey)], [false, false]);
  await world.stop();
});
