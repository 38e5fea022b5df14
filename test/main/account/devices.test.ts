/** Two programs of one account: what the second one is given, what both can do, and what is left when joining fails. */

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import type { Device } from "#main/contract/contract.ts";
import { MailWork } from "#main/mail-work/mail-work.ts";
import { createStore } from "#main/store/store.ts";
import { PassphraseKeyring } from "#main/store/key-file.ts";
import { decodePayload, encodePayload } from "#main/account/device-payload.ts";
import { fittingName } from "#main/account/devices.ts";
import { failsWith, PASSPHRASE, type Person, People } from "#test/support/people.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { BUNDLE_EXTRA_BYTES_MAX, milliseconds } from "#transport";

test("a second program joins with a code: it reads new mail, writes as the same address, knows whose keys were compared, and is removed", async (t) => {
  const people = await People.on(t, { seed: "second program" });
  const { alice, bob } = await people.aliceAndBob();
  await bob.contract["people.setVerified"]({ address: alice.address, verified: true });
  const before = people.world.clock.now();
  const phone = await joined(people, bob, "phone");
  const { stage, address, name } = await phone.contract["app.state"]({});
  assert.deepEqual({ stage, address, name }, { stage: "open", address: bob.address, name: "bob" });
  await people.until(async () => (await phone.network()).state === "mixing", "the phone is mixing");

  const seen = await people.during(bob.contract["devices.list"]({}));
  assert.deepEqual(
    seen.devices.map((device) => [device.name, device.isThis]),
    [
      ["", true],
      ["My phone", false],
    ],
  );
  const [laptop, other] = seen.devices as [Device, Device];
  assert.ok((other.since ?? 0) >= Math.floor(before) && (laptop.since ?? 0) < before);
  const renamed = await people.during(bob.contract["devices.rename"]({ id: laptop.id, name: "  Laptop " }));
  assert.deepEqual([renamed.devices[0]?.name, renamed.devices[0]?.since], ["Laptop", laptop.since]);
  const own = (await people.during(phone.contract["devices.list"]({}))).devices;
  assert.deepEqual(
    own.map((device) => [device.name, device.isThis]),
    [
      ["My phone", true],
      ["Laptop", false],
    ],
  );

  await alice.write(bob.address, "for both");
  await bob.receivesOnce("for both");
  // Its writer's record comes through the mix network; until then the signature waits to be judged.
  const judged = async (): Promise<boolean> => (await phone.inbox())[0]?.signature === "valid";
  await people.until(judged, "the mail, and whose signature it bears");
  assert.deepEqual(await phone.texts(), ["for both"]);
  const { state } = await people.during(phone.contract["recipient.check"]({ address: alice.address }));
  assert.equal(state, "verified");
  await phone.write(alice.address, "from the phone");
  await alice.receivesOnce("from the phone");
  assert.deepEqual((await alice.inbox())[0]?.from, { address: bob.address, name: "bob" });

  await failsWith(people.during(bob.contract["devices.remove"]({ id: laptop.id })), "BAD_INPUT");
  await failsWith(people.during(bob.contract["devices.remove"]({ id: "0".repeat(64) })), "NOT_FOUND");
  const left = await people.during(bob.contract["devices.remove"]({ id: other.id }));
  assert.deepEqual(
    left.devices.map((device) => device.name),
    ["Laptop"],
  );
  assert.deepEqual([...alice.reported, ...bob.reported, ...phone.reported], []);
});

test("a program whose device was removed learns it without being asked: it stops, keeps what it has, and goes on after joining again", async (t) => {
  const people = await People.on(t, { seed: "removed" });
  const { alice, bob } = await people.aliceAndBob();
  const phone = await joined(people, bob, "phone");
  await people.until(async () => (await phone.network()).state === "mixing", "the phone is mixing");
  await alice.write(bob.address, "before");
  await people.until(async () => (await phone.texts()).length === 1, "a mail before");
  const state = async (): Promise<string> =>
    (await people.during(phone.contract["recipient.check"]({ address: alice.address }))).state;
  await people.until(async () => (await state()) === "private", "the key of who is written to");
  const other = (await people.during(bob.contract["devices.list"]({}))).devices.find(({ isThis }) => !isThis) as Device;
  await people.during(bob.contract["devices.remove"]({ id: other.id }));
  await people.until(async () => (await phone.network()).state === "removed", "the phone knows");

  const { sentToday } = await phone.network();
  await people.run(milliseconds(30_000));
  assert.deepEqual((await phone.network()).sentToday, sentToday, "nothing leaves");
  assert.deepEqual(await phone.texts(), ["before"]);
  const draftId = await phone.draft(alice.address, "not yet");
  await failsWith(people.during(phone.contract["draft.send"]({ draftId })), "DEVICE_UNKNOWN");
  assert.deepEqual(await phone.draftTexts(), ["not yet"]);
  await failsWith(people.during(phone.contract["devices.list"]({})), "DEVICE_UNKNOWN");
  await people.during(phone.contract["recipient.check"]({ address: alice.address }));
  await people.during(phone.contract["network.estimate"]({ bytes: 1 }));

  // Another start does not know it, and learns it again.
  await phone.close();
  phone.startProgram();
  await phone.unlock();
  await people.until(async () => (await phone.network()).state === "removed", "the phone knows again");
  await failsWith(people.during(phone.contract["devices.rejoin"]({ code: "a".repeat(26) })), "BAD_DEVICE_CODE");
  await failsWith(people.during(bob.contract["devices.rejoin"]({ code: "a".repeat(26) })), "BAD_INPUT");
  const { code } = await people.during(bob.contract["devices.offer"]({}));
  await people.during(phone.contract["devices.rejoin"]({ code }));
  await people.until(async () => (await phone.network()).state === "mixing", "the phone mixes again");
  const { devices } = await people.during(bob.contract["devices.list"]({}));
  assert.deepEqual(
    devices.map(({ name }) => name),
    ["", "My phone"],
  );
  await people.during(phone.contract["draft.send"]({ draftId }));
  await alice.receivesOnce("not yet");
  await alice.write(bob.address, "after");
  await people.until(async () => (await phone.texts()).length === 2, "a mail after");
  assert.deepEqual([...alice.reported, ...bob.reported, ...phone.reported], []);
});

test("a code on offer is the same for a window that was reloaded, until it is used, taken back, over or locked away", async (t) => {
  const people = await People.on(t, { seed: "on offer" });
  const bob = await people.person("bob", "b");
  const phone = await people.newcomer("phone", "b");
  const offer = () => people.during(bob.contract["devices.offer"]({}));
  const offered = async () => (await people.during(bob.contract["devices.offered"]({}))).offer;
  const list = () => people.during(bob.contract["devices.list"]({}));
  assert.equal(await offered(), undefined);
  await list();
  const first = await offer();
  assert.deepEqual(await offered(), first);
  assert.deepEqual(await offer(), first);
  await people.during(bob.contract["devices.withdraw"]({}));
  assert.equal(await offered(), undefined);

  const second = await offer();
  assert.notEqual(second.code, first.code);
  await bob.close();
  bob.startProgram();
  await failsWith(people.during(bob.contract["devices.offered"]({})), "LOCKED");
  await bob.unlock();
  assert.equal(await offered(), undefined);
  // The link is not up yet: it is waited for.
  await list();

  const third = await offer();
  const input = { invite: third.line, code: third.code, deviceName: "Phone", passphrase: PASSPHRASE };
  await people.during(phone.contract["app.join"](input));
  assert.deepEqual(await offered(), third);
  assert.equal((await list()).devices.length, 2);
  assert.equal(await offered(), undefined);
});

test("a code that is wrong or was taken back lets nobody in, says so, and leaves nothing behind", async (t) => {
  const people = await People.on(t, { seed: "codes" });
  const bob = await people.person("bob", "b");
  const phone = await people.newcomer("phone", "b");
  const offer = async () => people.during(bob.contract["devices.offer"]({}));
  const join = (code: string, passphrase = PASSPHRASE) =>
    people.during(phone.contract["app.join"]({ invite: phone.invite, code, deviceName: "Phone", passphrase }));
  const { code, line, until } = await offer();
  assert.equal(line, bob.invite);
  assert.ok(until > bob.clock.now() + 14 * 60_000 && until <= bob.clock.now() + 15 * 60_000);
  const wrong = code.startsWith("a") ? `b${code.slice(1)}` : `a${code.slice(1)}`;
  for (const typed of [wrong, "aaaaa", "not a code"]) await failsWith(join(typed), "BAD_DEVICE_CODE");
  await failsWith(join(code, "short"), "WEAK_PASSPHRASE");
  await people.during(bob.contract["devices.withdraw"]({}));
  await failsWith(join(code), "BAD_DEVICE_CODE");
  assert.deepEqual(await readdir(phone.dataDir), []);
  assert.equal((await phone.contract["app.state"]({})).stage, "new");
  assert.equal((await people.during(bob.contract["devices.list"]({}))).devices.length, 1);
  const good = await offer();
  await join(` ${good.code.toUpperCase().replaceAll("-", " ")} `);
  assert.equal((await people.during(bob.contract["devices.list"]({}))).devices.length, 2);
});

test("a join whose answer was lost is done again with the same code, and is one device", async (t) => {
  const people = await People.on(t, { seed: "lost answer" });
  const bob = await people.person("bob", "b");
  const phone = await people.newcomer("phone", "b");
  const { code } = await people.during(bob.contract["devices.offer"]({}));
  const join = () =>
    people.during(
      phone.contract["app.join"]({ invite: phone.invite, code, deviceName: "Phone", passphrase: PASSPHRASE }),
    );
  phone.losesAnswer = () => true;
  await failsWith(join(), "PROVIDER_DOWN");
  assert.deepEqual(await readdir(phone.dataDir), []);
  phone.losesAnswer = () => false;
  await failsWith(people.during(bob.contract["devices.withdraw"]({})), "CODE_USED");
  const seen = await people.during(bob.contract["devices.list"]({}));
  assert.deepEqual(
    seen.devices.map(({ isJoining }) => isJoining),
    [false, true],
    "whoever has what the code gave is shown",
  );
  await join();
  // Its provider is asked over a line that has to be there first.
  await people.until(async () => (await phone.network()).state === "mixing", "the phone is mixing");
  const { devices } = await people.during(phone.contract["devices.list"]({}));
  assert.deepEqual(
    devices.map(({ name, isJoining }) => [name, isJoining]),
    [
      ["Phone", false],
      ["", false],
    ],
  );
});

test("a store that was begun and never filled is thrown away, and the program is as new", async (t) => {
  const people = await People.on(t, { seed: "begun" });
  const phone = await people.newcomer("phone", "b");
  const random = new SeededRandom("begun");
  const keyring = new PassphraseKeyring(random, { memoryBytes: 8 * 2 ** 20, passes: 1 });
  const store = await createStore({ dataDir: phone.dataDir, keyring, passphrase: PASSPHRASE, random });
  await store.close();
  assert.equal((await phone.contract["app.state"]({})).stage, "locked");
  await failsWith(phone.unlock("not the passphrase"), "WRONG_PASSPHRASE");
  assert.equal((await phone.contract["app.state"]({})).stage, "locked");
  await failsWith(phone.unlock(), "NO_ACCOUNT");
  assert.equal((await phone.contract["app.state"]({})).stage, "new");
  assert.deepEqual(await readdir(phone.dataDir), []);
});

test("an account whose sign-up was cut short is not thrown away, also when its certificate has to be prolonged meanwhile", async (t) => {
  const people = await People.on(t, { seed: "cut short" });
  const phone = await people.newcomer("phone", "b");
  const random = new SeededRandom("cut short");
  const keyring = new PassphraseKeyring(random, { memoryBytes: 8 * 2 ** 20, passes: 1 });
  const store = await createStore({ dataDir: phone.dataDir, keyring, passphrase: PASSPHRASE, random });
  const mailWork = new MailWork();
  const { address, name, invite } = phone;
  const keys = await mailWork.generateKeys({ address, now: people.world.clock.now() - 3 * YEAR });
  await mailWork.close();
  const deviceSeed = random.bytes(32);
  const network = people.world.network.bytes;
  await store.saveMainAccount({ address, name, invite, network, deviceSeed, signedUp: false, ...keys });
  await store.close();
  await people.during(phone.unlock());
  const state = await phone.contract["app.state"]({});
  assert.deepEqual([state.stage, state.address], ["open", address]);
});

test("what is handed over fits whatever the number of people, the first ones first, and anything else is refused", () => {
  const privateKey = new Uint8Array(900).fill(1);
  const people = Array.from({ length: 300 }, (_, n) => ({
    address: `person${n}@a.example`,
    name: `Person ${n}`,
    verified: n < 3,
    accepted: n % 2 === 0,
    pinned: { accountKey: new Uint8Array(32).fill(n % 256), fingerprint: "ab".repeat(20) },
  }));
  const bytes = encodePayload({ name: "Bob Ädler", privateKey, people });
  assert.ok(bytes.length <= BUNDLE_EXTRA_BYTES_MAX);
  const read = decodePayload(bytes);
  assert.deepEqual([read.name, read.privateKey], ["Bob Ädler", privateKey]);
  assert.ok(read.people.length > 20, `${read.people.length} people`);
  assert.deepEqual(read.people, people.slice(0, read.people.length));
  assert.throws(() => decodePayload(Uint8Array.of(2, ...bytes.subarray(1))), { code: "DEVICE_NEWER" });
  assert.throws(() => decodePayload(bytes.subarray(1)), { code: "REFUSED" });
  assert.throws(() => decodePayload(bytes.subarray(0, -1)), { code: "REFUSED" });
  assert.equal(fittingName(`  ${"ä".repeat(40)}`), "ä".repeat(32));
});

async function joined(people: People, from: Person, name: string): Promise<Person> {
  const phone = await people.newcomer(name, "b");
  const { code, line } = await people.during(from.contract["devices.offer"]({}));
  const input = { invite: line, code, deviceName: "My phone", passphrase: PASSPHRASE };
  await people.during(phone.contract["app.join"](input));
  return phone;
}

const YEAR = 365 * 86_400_000;
