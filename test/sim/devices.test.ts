/** Several devices of one account: each gets everything, none takes anything from another. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { TransportClient } from "#transport/client/client.ts";
import { DEVICE_CODE_BYTES } from "#transport/client/device-code.ts";
import { DEVICE_LABEL_BYTES } from "#transport/client/device-label.ts";
import type { ClientObserver, TransportClientOptions } from "#transport/client/types.ts";
import { equalBytes, fromHex, toHex, utf8 } from "#transport/core/bytes.ts";
import { messageId, milliseconds, seconds } from "#transport/core/units.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import type { Dialer } from "#transport/link/link.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import type { MailboxRecord } from "#transport/directory/mailbox-record.ts";
import { noCryptography } from "#test/support/no-cryptography.ts";
import { asDevice, household, join, knows, waiting } from "./household.ts";
import { days, lookUp, post, startClient, stopClient, until } from "./slow-world.ts";
import type { SimClient } from "./sim-client.ts";
import { World } from "./world.ts";

test("a second device joins by a code; both get every mail, both may acknowledge it, and each has its own answers", async () => {
  const { world, alice, laptop, phone, extra } = await household("two devices");
  assert.deepEqual(extra, utf8("the program's own"));
  assert.deepEqual(phone.client.account, laptop.client.account, "one account");
  const toBob = await lookUp(world, alice, laptop.address);
  const bodies = [utf8("for both"), new Uint8Array(9_000).fill(3)];
  for (const body of bodies) await post(world, alice, toBob, body);
  await until(world, () => laptop.received.size === 2 && phone.received.size === 2);
  assert.deepEqual(contents(laptop), contents(phone));

  // Both ask the same service at once; each hears about what it asked.
  const [one, other] = [alice.address, laptop.address];
  const answers = Promise.all([laptop.client.lookup(one), phone.client.lookup(other)]);
  const [aboutAlice, aboutBob] = await world.clock.runUntilSettled(answers, days(1));
  assert.deepEqual([aboutAlice?.address, aboutBob?.address], [one, other]);

  for (const reader of [laptop, phone]) {
    for (const id of ids(reader)) {
      const sent = reader.client.acknowledge({ messageId: id, to: aboutAlice as MailboxRecord });
      await world.clock.runUntilSettled(sent, seconds(3600));
    }
  }
  const deliveries = (): string[] => alice.client.journeys().map(({ delivery }) => delivery);
  await until(world, () => deliveries().every((delivery) => delivery === "delivered"));
  await world.clock.runFor(days(1));
  assert.deepEqual(deliveries(), ["delivered", "delivered"], "a second receipt changes nothing");
  await world.stop();
});

test("a device that has just joined hears the answer to its first question, and none of another device's", async () => {
  const world = await World.create({ seed: "first question", suite: noCryptography() });
  const alice = await world.join({ name: "alice", provider: "a" });
  const laptop = await world.join({ name: "bob", provider: "b" });
  const phoneDid = { requests: 0, made: new Set<string>(), came: [] as string[], isAwaited: [] as boolean[] };
  const observer: ClientObserver = {
    slotSent: ({ carried }) => void (phoneDid.requests += carried === "request" ? 1 : 0),
    replyBlock: (event) => {
      const id = toHex(event.surbId);
      if (event.what === "made") phoneDid.made.add(id);
      if (event.what !== "came") return;
      phoneDid.came.push(id);
      phoneDid.isAwaited.push(event.isAwaited);
    },
  };
  const { joined: phone } = await join(world, laptop, "phone", observer);
  const record = await world.clock.runUntilSettled(phone.client.lookup(alice.address), seconds(600));
  assert.equal(record?.address, alice.address);
  const laptopAsks = world.clock.runUntilSettled(laptop.client.lookup(alice.address), seconds(600));
  assert.equal((await laptopAsks)?.address, alice.address);
  await world.clock.runFor(seconds(60));
  assert.equal(phoneDid.requests, 1, "one question");
  assert.ok(phoneDid.came.length > 0 && phoneDid.came.every((id) => phoneDid.made.has(id)), "none of the laptop's");
  assert.ok(phoneDid.isAwaited.every(Boolean));
  await world.stop();
});

test("a device that was off for a week gets all that came, under keys that the other published meanwhile", async () => {
  const { world, alice, laptop, phone } = await household("a week off");
  await stopClient(world, phone);
  const keys = new Set<string>();
  const sent: string[] = [];
  for (let day = 1; day <= 7; day++) {
    await world.clock.runFor(days(1));
    const record = await lookUp(world, alice, laptop.address);
    keys.add(toHex(record.mailboxKey));
    sent.push(`day ${day}`);
    await post(world, alice, record, utf8(`day ${day}`));
    await until(world, () => laptop.received.size === day);
  }
  assert.ok(keys.size >= 2, "a mailbox key has changed");
  assert.ok(waiting(world) >= 7, "what the phone has not got stays");
  await startClient(world, phone);
  await until(world, () => phone.received.size === 7);
  assert.deepEqual(phone.texts().toSorted(), sent);
  assert.equal(laptop.offers, 7, "the laptop got each once");

  // Each polls on, the loops of both come to both, and what all have goes.
  await world.clock.runFor(days(1));
  assert.ok(waiting(world) < 20, `${waiting(world)} entries are left`);
  await world.stop();
});

test("a device that is removed gets nothing more; those that stay open what is sealed to keys it cannot make", async () => {
  const { world, alice, laptop, phone } = await household("removed");
  const { code, joined: tablet } = await join(world, laptop, "tablet");
  await stopClient(world, tablet);
  const before = await lookUp(world, alice, laptop.address);
  const list = await world.clock.runUntilSettled(laptop.client.devices(), seconds(60));
  assert.equal(list.length, 3);
  const lost = list.find(({ deviceKey }) => toHex(deviceKey) === toHex(world.deviceKey("phone")));
  assert.ok(lost !== undefined && !lost.isOwn);
  const removed = laptop.client.removeDevice({ deviceKey: lost.deviceKey });
  await world.clock.runUntilSettled(removed, seconds(60));

  // Until the next record is out, mail is still sealed to a key that the phone has; it gets no entry of it.
  await post(world, alice, before, utf8("at once"));
  await world.clock.runFor(days(2));
  const after = await lookUp(world, alice, laptop.address);
  assert.notDeepEqual(after.mailboxKey, before.mailboxKey);
  await post(world, alice, after, utf8("later"));
  await until(world, () => laptop.received.size === 2);
  await startClient(world, tablet);
  await until(world, () => tablet.received.size === 2);
  assert.equal(phone.received.size, 0);
  assert.ok((await knows(laptop, after.mailboxKey)) && (await knows(tablet, after.mailboxKey)));
  assert.equal(await knows(phone, after.mailboxKey), false);

  // It has learned so from an answer to a poll, and nothing leaves it any more.
  assert.equal(phone.client.status().state, "removed");
  const { sentToday, receivedToday } = phone.client.status();
  await world.clock.runFor(seconds(6 * 3600));
  const later = phone.client.status();
  assert.deepEqual([later.sentToday, later.receivedToday], [sentToday, receivedToday]);

  // Neither an old code nor the phone's own knowledge brings it back.
  await assert.rejects(world.clock.runUntilSettled(phone.client.devices(), seconds(60)), { code: "NO_ACCOUNT" });
  const stranger = world.client({ name: "stranger", provider: "b" });
  await startClient(world, stranger);
  await assert.rejects(
    world.clock.runUntilSettled(stranger.client.joinDevice({ ...asDevice(world, "stranger"), code }), seconds(60)),
    {
      code: "REFUSED",
    },
  );
  await world.stop();
});

test("a device that was removed learns it at its next poll, and with a new code goes on where it was", async () => {
  const { world, alice, laptop, phone } = await household("again");
  const ask = <T>(question: Promise<T>): Promise<T> => world.clock.runUntilSettled(question, seconds(60));
  const deviceKey = world.deviceKey("phone");
  // What a new device asks for in its first hours has been answered.
  await world.clock.runFor(seconds(6 * 3600));
  await ask(laptop.client.removeDevice({ deviceKey }));
  await until(world, () => phone.client.status().state === "removed");
  const { direction, length } = phone.observer.sightings.at(-1) ?? {};
  const { payloadBytes } = geometry(world.network.parameters);
  assert.deepEqual(
    [direction, length],
    ["in", ENTRY_HEAD_BYTES + payloadBytes],
    "what told it was an answer to a poll",
  );
  const record = await lookUp(world, alice, laptop.address);
  await post(world, alice, record, utf8("meanwhile"));
  await until(world, () => laptop.received.size === 1);

  // Another account's code is refused, whatever it lets in, and so is a wrong one.
  const carol = await world.join({ name: "carol", provider: "b" });
  const foreign = await ask(carol.client.offerDevice({ extra: new Uint8Array(0) }));
  const joining = asDevice(world, "phone");
  const joinWith = (typed: string) => ask(phone.client.joinDevice({ ...joining, code: typed }));
  await assert.rejects(joinWith(foreign), { code: "ACCOUNT_DIFFERS" });
  await assert.rejects(joinWith("a".repeat(26)), { code: "REFUSED" });
  assert.equal(phone.client.status().state, "removed");
  assert.equal(phone.client.account?.address, laptop.address);

  const code = await ask(laptop.client.offerDevice({ extra: new Uint8Array(0) }));
  await joinWith(code);
  assert.equal(phone.client.status().state, "mixing");
  assert.equal((await ask(laptop.client.devices())).length, 2);
  await post(world, alice, await lookUp(world, alice, laptop.address), utf8("again"));
  await until(world, () => phone.texts().includes("again") && laptop.received.size === 2);
  const mail = phone.client.send({ to: await lookUp(world, phone, alice.address), body: utf8("from the phone") });
  await world.clock.runUntilSettled(mail, seconds(3600));
  await until(world, () => alice.texts().includes("from the phone"));
  await world.stop();
});

test("a client that has just started waits for its link before it says that there is no provider", async () => {
  const { world, phone } = await household("just started");
  await stopClient(world, phone);
  const wait = (time: number): Promise<void> =>
    new Promise((resolve) => void world.clock.at(milliseconds(world.clock.now() + time), resolve));
  const late = world.client({
    name: "phone",
    provider: "b",
    make: (o) => slowly(o, async (target) => (await wait(5_000), o.dialer.dial(target))),
  });
  Object.assign(late, { store: phone.store });
  await startClient(world, late);
  assert.equal(late.client.status().state, "connecting");
  assert.equal((await world.clock.runUntilSettled(late.client.devices(), seconds(10))).length, 2);
  await stopClient(world, late);

  const never = world.client({
    name: "phone",
    provider: "b",
    make: (o) => slowly(o, async () => (await wait(5_000), Promise.reject(new Error("nobody is there")))),
  });
  Object.assign(never, { store: phone.store });
  await startClient(world, never);
  const asked = world.clock.runUntilSettled(never.client.devices(), seconds(10));
  await assert.rejects(asked, { code: "PROVIDER_DOWN" });
  await world.stop();
});

test("devices have names that all of them read and their provider cannot; a code that was taken back lets nobody in", async () => {
  const { world, laptop, phone } = await household("names");
  const ask = <T>(question: Promise<T>): Promise<T> => world.clock.runUntilSettled(question, seconds(60));
  const since = milliseconds(Math.floor(world.clock.now()));
  const phoneKey = world.deviceKey("phone");
  assert.deepEqual(
    new Map((await ask(phone.client.devices())).map(({ name, isOwn }) => [isOwn, name])),
    new Map([
      [true, "the phone"],
      [false, undefined],
    ]),
    "the first device has no name",
  );
  await ask(phone.client.nameDevice({ deviceKey: phoneKey, name: "Telephone", since }));
  for (const device of [laptop, phone]) {
    const named = (await ask(device.client.devices())).find(({ deviceKey }) => equalBytes(deviceKey, phoneKey));
    assert.deepEqual([named?.name, named?.since, named?.isOwn], ["Telephone", since, device === phone]);
  }
  const rows = world.database("b").prepare("SELECT label FROM devices WHERE label IS NOT NULL").all();
  assert.deepEqual(
    rows.map((row) => (row["label"] as Uint8Array).length),
    [DEVICE_LABEL_BYTES],
  );
  await assert.rejects(ask(laptop.client.nameDevice({ deviceKey: new Uint8Array(32), name: "x", since })), {
    code: "REFUSED",
  });

  const code = await ask(laptop.client.offerDevice({ extra: new Uint8Array(0) }));
  await ask(laptop.client.withdrawOffer());
  const tablet = world.client({ name: "tablet", provider: "b" });
  await startClient(world, tablet);
  await assert.rejects(ask(tablet.client.joinDevice({ ...asDevice(world, "tablet"), code })), { code: "REFUSED" });
  const again = await ask(laptop.client.offerDevice({ extra: new Uint8Array(0) }));
  await ask(tablet.client.joinDevice({ ...asDevice(world, "tablet"), code: again }));
  await assert.rejects(ask(laptop.client.offerDevice({ extra: new Uint8Array(0) })), { code: "TOO_MANY_DEVICES" });
  await world.stop();
});

test("the code, what was sealed under it, and what it opened are overwritten once they were used", async () => {
  const { world, laptop, phone } = await household("wiped");
  await stopClient(world, phone);
  const secrets = { codes: new Set<Uint8Array>(), bundles: new Set<Uint8Array>() };
  const watched = (o: TransportClientOptions): TransportClient => {
    const { suite } = o;
    const hkdf: Suite["hkdf"] = (input) => {
      if (input.secret.length === DEVICE_CODE_BYTES) secrets.codes.add(input.secret);
      return suite.hkdf(input);
    };
    // A bundle alone is bound to nothing but its version.
    const aeadSeal: Suite["aeadSeal"] = (input) => {
      if (input.associated.length === 1) secrets.bundles.add(input.plaintext);
      return suite.aeadSeal(input);
    };
    const aeadOpen: Suite["aeadOpen"] = (input) => {
      const opened = suite.aeadOpen(input);
      if (input.associated.length === 1 && opened !== undefined) secrets.bundles.add(opened);
      return opened;
    };
    return new TransportClient({ ...o, suite: { ...suite, hkdf, aeadSeal, aeadOpen } });
  };
  const tablet = world.client({ name: "tablet", provider: "b", make: watched });
  const code = await world.clock.runUntilSettled(laptop.client.offerDevice({ extra: utf8("x") }), seconds(60));
  await startClient(world, tablet);
  await world.clock.runUntilSettled(tablet.client.joinDevice({ ...asDevice(world, "tablet"), code }), seconds(60));
  assert.deepEqual([secrets.codes.size, secrets.bundles.size], [1, 1]);
  // It lets in nobody else: the account is full. What it had sealed is gone all the same.
  const offered = tablet.client.offerDevice({ extra: utf8("x") });
  await assert.rejects(world.clock.runUntilSettled(offered, seconds(60)), { code: "TOO_MANY_DEVICES" });
  assert.deepEqual([secrets.codes.size, secrets.bundles.size], [2, 2]);
  for (const secret of [...secrets.codes, ...secrets.bundles]) assert.ok(secret.every((byte) => byte === 0));
  assert.equal((await tablet.store.account())?.opened?.address, laptop.address, "what it was for goes on");
  await world.stop();
});

/** docs/spec/05-link.md §3 */
const ENTRY_HEAD_BYTES = 26;
const slowly = (o: TransportClientOptions, dial: Dialer["dial"]): TransportClient =>
  new TransportClient({ ...o, dialer: { dial } });
const contents = (client: SimClient): string[] => [...client.received.values()].map(toHex).toSorted();
const ids = (client: SimClient) => [...client.received.keys()].map((id) => messageId(fromHex(id)));
