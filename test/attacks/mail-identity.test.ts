/** Attacks on who seems to have written a mail, against the whole program over a network without mixes. */

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { composePayload } from "#main/mime/compose.ts";
import { decryptAndVerify } from "#main/pgp/open.ts";
import { readEnvelope } from "#main/mime/envelope.ts";
import type { Message } from "#main/contract/contract.ts";
import type { Services } from "#main/services.ts";
import {
  boundary,
  type Keyholder,
  keyholder,
  keyholderOf,
  mailFrom,
  outerFor,
  sealMail,
} from "#test/support/mail-keys.ts";
import { PASSPHRASE, PostOffice, START } from "#test/support/post-office.ts";
import { messageId } from "#transport/core/units.ts";

const ALICE = "alice@a.example";
const BOB = "bob@b.example";
const MALLORY = "mallory@m.example";

test("a mail in Alice's name that Mallory signed is never valid, whichever From it shows outside", async (t) => {
  const world = await open(t);
  const mail = mailFrom(ALICE, BOB, { text: "send money" });
  for (const outerFrom of [ALICE, MALLORY]) {
    const { signature, content } = await world.receive(
      await sealMail({ mail, outerFrom, signer: world.mallory, reader: world.bobsKeys, now: START }),
    );
    assert.ok(signature === "unknown-key" || signature === "address-differs", signature);
    assert.equal(content, "private");
  }
  assert.deepEqual(world.office.acknowledged, []);
});

test("a mail that Alice wrote to Mallory and Mallory encrypted to Bob is not Alice's mail to Bob (Davis 2001)", async (t) => {
  const world = await open(t);
  const outer = outerFor(ALICE, START);
  const payload = composePayload({
    mail: mailFrom(ALICE, MALLORY, { text: "you are fired" }),
    outer,
    boundaries: boundary,
  });
  const message = await sealMail({
    mail: mailFrom(ALICE, MALLORY),
    payload,
    signer: world.alice,
    reader: world.bobsKeys,
    now: START,
  });
  assert.equal((await world.receive(message)).signature, "address-differs");
});

test("a signed payload without protected headers is not valid: anyone could have written its From and To", async (t) => {
  const world = await open(t);
  const payload = Buffer.from(`From: <${ALICE}>\r\nTo: <${BOB}>\r\nContent-Type: text/plain\r\n\r\nhi`);
  const message = await sealMail({
    mail: mailFrom(ALICE, BOB),
    payload,
    signer: world.alice,
    reader: world.bobsKeys,
    now: START,
  });
  assert.equal((await world.receive(message)).signature, "address-differs");
});

test("a mail replayed in a new envelope, with another id, date and subject outside, is stored once", async (t) => {
  const world = await open(t);
  const message = await sealMail({
    mail: mailFrom(ALICE, BOB),
    signer: world.alice,
    reader: world.bobsKeys,
    now: START,
  });
  assert.equal((await world.receive(message)).signature, "valid");
  const again = Buffer.from(message)
    .toString("latin1")
    .replace(/Subject: \[\.\.\.\]/, "Subject: again");
  await world.receive(Buffer.from(again, "latin1"));
  const { conversations } = await world.bob.handlers["mail.list"]({ folder: "inbox", limit: 10 });
  assert.deepEqual(
    conversations.map(({ messages }) => messages),
    [1],
  );
});

test("a mail signed with a new key of Alice's is marked until the user accepts the key", async (t) => {
  const world = await open(t);
  await world.bob.handlers["recipient.check"]({ address: ALICE });
  const other = await keyholder(ALICE, START);
  const record = world.office.records.get(ALICE);
  assert.ok(record !== undefined);
  world.office.records.set(ALICE, {
    ...record,
    certificate: other.pair.certificate,
    accountKey: new Uint8Array(32).fill(3),
  });
  const mail = mailFrom(ALICE, BOB);
  const message = await sealMail({ mail, signer: other, reader: world.bobsKeys, now: START });
  assert.equal((await world.receive(message)).signature, "key-changed");
  assert.equal((await world.bob.handlers["recipient.check"]({ address: ALICE })).state, "changed");
});

test("a mail that was changed on the way says so and shows nothing", async (t) => {
  const world = await open(t);
  const message = await sealMail({
    mail: mailFrom(ALICE, BOB, { text: "secret" }),
    signer: world.alice,
    reader: world.bobsKeys,
    now: START,
  });
  const changed = Buffer.from(message);
  changed[changed.length - 60] = (changed[changed.length - 60] as number) ^ 1;
  const stored = await world.receive(changed);
  assert.deepEqual([stored.content, stored.text, stored.subject, stored.signature], ["broken", "", "", "none"]);
});

test("a mail that nobody encrypted is open, unsigned, and earns no receipt", async (t) => {
  const world = await open(t);
  const plain = `From: Alice <${ALICE}>\r\nTo: <${BOB}>\r\nSubject: hi\r\n\r\nplain`;
  const stored = await world.receive(Buffer.from(plain));
  assert.deepEqual([stored.content, stored.signature], ["open", "none"]);
  await world.bob.handlers["mail.markRead"]({ conversationId: stored.conversationId });
  await world.bob.handlers["app.lock"]({}); // waits for what goes on in the background
  assert.deepEqual(world.office.acknowledged, []);
});

test("taking a mail from someone known asks nobody anything: arrival has no effect on the network", async (t) => {
  const world = await open(t);
  await world.receive(
    await sealMail({ mail: mailFrom(ALICE, BOB), signer: world.alice, reader: world.bobsKeys, now: START }),
  );
  const before = world.office.lookups.length;
  for (let i = 0; i < 5; i++)
    await world.receive(
      await sealMail({ mail: mailFrom(ALICE, BOB), signer: world.alice, reader: world.bobsKeys, now: START }),
    );
  assert.equal(world.office.lookups.length, before);
  assert.deepEqual(world.office.acknowledged, []);
});

test("a date in the future does not pin a mail to the top of the list", async (t) => {
  const world = await open(t);
  const mail = mailFrom(ALICE, BOB, { at: START + 10 ** 11 });
  const stored = await world.receive(await sealMail({ mail, signer: world.alice, reader: world.bobsKeys, now: START }));
  assert.ok(stored.at <= START);
});

async function open(t: TestContext): Promise<{
  office: PostOffice;
  bob: Services;
  alice: Keyholder;
  mallory: Keyholder;
  bobsKeys: Keyholder;
  receive(message: Uint8Array): Promise<Message>;
}> {
  const office = await PostOffice.open();
  const dataDir = await mkdtemp(join(tmpdir(), "starling-identity-"));
  const bob = office.program({ dataDir, seed: "bob" });
  t.after(async () => {
    await bob.close();
    await rm(dataDir, { recursive: true });
  });
  const invite = office.invite("b.example");
  await bob.handlers["app.create"]({ invite, name: "Bob", localPart: "bob", passphrase: PASSPHRASE });
  const alice = await keyholder(ALICE, START);
  const mallory = await keyholder(MALLORY, START);
  const record = office.records.get(BOB);
  assert.ok(record !== undefined);
  for (const { address, pair } of [alice, mallory])
    office.records.set(address, {
      ...record,
      address,
      certificate: pair.certificate,
      accountKey: office.suite.blake2b(Buffer.from(address)),
    });
  const { owner, store } = bob.accounts.session;
  const pair = { privateKey: await store.ownKey(), certificate: owner.certificate.bytes };
  const bobsKeys = await keyholderOf({ address: BOB, pair, now: START });
  let count = 0;
  return {
    office,
    bob,
    alice,
    mallory,
    bobsKeys,
    async receive(body) {
      const id = messageId(office.suite.blake2b(Buffer.from(`parcel ${count++}`)).slice(0, 16));
      office.parcels.push({ id, to: BOB, body });
      await office.deliver();
      const { conversations } = await bob.handlers["mail.list"]({ folder: "inbox", limit: 100 });
      const threads = await Promise.all(
        conversations.map((c) => bob.handlers["mail.thread"]({ conversationId: c.id })),
      );
      const all = threads.flatMap((thread) => thread.messages);
      const newest = all.find((message) => !seen.has(message.id)) ?? all[0];
      for (const message of all) seen.add(message.id);
      assert.ok(newest !== undefined);
      return newest;
    },
  };
}

const seen = new Set<string>();

test("the plaintext of these tests really is readable by its reader", async () => {
  const [alice, bob] = [await keyholder(ALICE), await keyholder(BOB)];
  const envelope = await readEnvelope(await sealMail({ mail: mailFrom(ALICE, BOB), signer: alice, reader: bob }));
  assert.ok(envelope.kind === "encrypted");
  const { ciphertext } = envelope;
  const opened = await decryptAndVerify({
    ciphertext,
    reader: bob.privateKey,
    senders: [alice.certificate],
    now: Date.UTC(2026, 10, 23),
  });
  assert.equal(opened?.signature, "valid");
});
