import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { connect } from "#main/contract/connect.ts";
import { generateKeyPair } from "#main/pgp/certificate.ts";
import { memoryPorts } from "#main/rpc/memory-port.ts";
import type { MailboxRecord } from "#transport";
import { milliseconds } from "#transport/core/units.ts";
import { PASSPHRASE } from "#test/support/post-office.ts";
import { ALICE, BOB, folder, idle, journey, only, pair, send, until } from "./mail-scene.ts";

test("a mail with an attachment arrives whole, signed by its sender, and its receipt waits until it is opened", async (t) => {
  const { office, alice, bob } = await pair(t);
  const draft = await alice.handlers["draft.save"]({ to: [BOB], subject: "Grüße", text: "Hallo Bob,\n\n😀\n" });
  const bytes = new Uint8Array(5000).map((_, i) => (i * 7) % 256);
  await alice.files.attach({ draftId: draft.id, name: "bild ä.png", type: "image/png", bytes });
  const sent = await alice.handlers["draft.send"]({ draftId: draft.id });
  assert.deepEqual((await alice.handlers["draft.list"]({})).drafts, []);
  await office.deliver();

  const { conversations, unread } = await bob.handlers["mail.list"]({ folder: "inbox", limit: 10 });
  assert.equal(unread, 1);
  const { messages } = await bob.handlers["mail.thread"]({ conversationId: conversations[0]?.id as string });
  const [message] = messages;
  assert.ok(message !== undefined);
  assert.deepEqual(
    [message.subject, message.text, message.signature, message.content, message.from],
    ["Grüße", "Hallo Bob,\n\n😀\n", "valid", "private", { address: ALICE, name: "Alice" }],
  );
  const [file] = message.attachments;
  assert.deepEqual([file?.name, file?.type], ["bild ä.png", "image/png"]);
  assert.deepEqual((await bob.files.attachment(file?.handle as string)).bytes, bytes);

  assert.deepEqual(office.acknowledged, [], "a stranger does not learn that the mail was read");
  await bob.handlers["mail.markRead"]({ conversationId: message.conversationId });
  await until(async () => (await idle(bob)) && office.acknowledged.length === 1);
  await until(async () => (await journey(alice, sent.messageId))?.delivery === "delivered");

  const answer = await bob.handlers["draft.save"]({
    to: [ALICE],
    subject: "Re: Grüße",
    text: "Ja",
    inReplyTo: message.id,
  });
  await bob.handlers["draft.send"]({ draftId: answer.id });
  await office.deliver();
  const thread = await alice.handlers["mail.thread"]({ conversationId: sent.conversationId });
  assert.deepEqual(
    thread.messages.map(({ text, direction }) => [text, direction]),
    [
      ["Hallo Bob,\n\n😀\n", "out"],
      ["Ja", "in"],
    ],
  );
  await until(async () => (await idle(alice)) && office.acknowledged.length === 2); // Alice wrote first: Bob is accepted
  assert.deepEqual(office.reported, []);
});

test("the window is told when a mail of somebody known counts as read", async (t) => {
  const { office, alice, bob } = await pair(t);
  await send(bob, { to: [ALICE], subject: "first", text: "t" });
  await send(alice, { to: [BOB], subject: "second", text: "t" });
  await office.deliver();
  await until(async () => (await idle(bob)) && office.acknowledged.length > 0);
  await office.clock.runFor(milliseconds(5_000));
  const { conversations } = await bob.handlers["mail.list"]({ folder: "inbox", limit: 10 });
  const conversationId = conversations[0]?.id as string;
  const [window, program] = memoryPorts();
  bob.serve(program);
  const connection = connect(window);
  const changed: string[] = [];
  connection.on("mail.changed", (data) => changed.push(data.conversationId));
  await connection.client["mail.markRead"]({ conversationId });
  await office.clock.runFor(milliseconds(5_000));
  assert.deepEqual(changed, [conversationId]);
  assert.equal((await connection.client["mail.list"]({ folder: "inbox", limit: 10 })).unread, 0);
});

test("what crosses the network shows neither subject, text, names nor reader", async (t) => {
  const { office, alice } = await pair(t);
  await send(alice, { to: [BOB], subject: "Secret subject", text: "Secret text" });
  const body = Buffer.from(office.parcels[0]?.body ?? []).toString("latin1");
  for (const word of ["Secret", "Alice", BOB]) assert.ok(!body.includes(word), `${word} is visible`);
  assert.match(body, /^From: <alice@a\.example>\r\nTo: "hidden-recipients": ;\r\nSubject: \[\.\.\.\]\r\nDate: /);
});

test("a mail offered again after a crash is stored once", async (t) => {
  const { office, alice, bob } = await pair(t);
  await send(alice, { to: [BOB], subject: "once", text: "once" });
  const [parcel] = office.parcels;
  assert.ok(parcel !== undefined);
  await office.deliver();
  await bob.handlers["app.lock"]({});
  await bob.handlers["app.unlock"]({ passphrase: PASSPHRASE });
  office.parcels.push(parcel);
  await office.deliver();
  const { conversations } = await bob.handlers["mail.list"]({ folder: "inbox", limit: 10 });
  assert.deepEqual(
    conversations.map(({ messages }) => messages),
    [1],
  );
});

test("a reader that does not exist, or no reader at all, keeps the draft", async (t) => {
  const { alice } = await pair(t);
  const draft = await alice.handlers["draft.save"]({ to: ["nobody@b.example"], subject: "", text: "x" });
  await assert.rejects(alice.handlers["draft.send"]({ draftId: draft.id }), { code: "UNKNOWN_RECIPIENT" });
  await alice.handlers["draft.save"]({ draftId: draft.id, to: [], subject: "", text: "x" });
  await assert.rejects(alice.handlers["draft.send"]({ draftId: draft.id }), { code: "NO_RECIPIENT" });
  assert.equal((await alice.handlers["draft.list"]({})).drafts.length, 1);
});

test("how long a mail takes is asked for its readers, one copy behind the other, each to where its reader is written to; nobody is looked up", async (t) => {
  const { office, alice } = await pair(t);
  const estimate = alice.handlers["network.estimate"];
  const [plain, placed] = [10, 15];
  assert.deepEqual(await estimate({ bytes: 1 }), { seconds: plain });
  office.down = true;
  assert.deepEqual(await estimate({ bytes: 1, to: [BOB] }), { seconds: plain }, "not known yet");
  office.down = false;
  await alice.handlers["recipient.check"]({ address: BOB });
  office.down = true;
  assert.deepEqual(await estimate({ bytes: 1, to: [BOB.toUpperCase()] }), { seconds: placed });
  assert.deepEqual(await estimate({ bytes: 1, to: [BOB, BOB, "nobody@b.example"] }), { seconds: 20 });
  assert.deepEqual(await estimate({ bytes: 1, to: ["nobody@b.example", BOB] }), { seconds: 25 });
});

test("without an answer a reader is unavailable, which is not the same as unknown", async (t) => {
  const { office, alice } = await pair(t);
  office.down = true;
  assert.equal((await alice.handlers["recipient.check"]({ address: BOB })).state, "unavailable");
  const draft = await alice.handlers["draft.save"]({ to: [BOB], subject: "", text: "x" });
  await assert.rejects(alice.handlers["draft.send"]({ draftId: draft.id }), { code: "LOOKUP_FAILED" });
  office.down = false;
  office.isUsedUp = true;
  assert.equal((await alice.handlers["recipient.check"]({ address: BOB })).state, "unavailable");
  await assert.rejects(alice.handlers["draft.send"]({ draftId: draft.id }), { code: "LOOKUPS_USED_UP" });
  office.isUsedUp = false;
  assert.equal((await alice.handlers["recipient.check"]({ address: BOB })).state, "private");
  assert.equal((await alice.handlers["recipient.check"]({ address: "nobody@b.example" })).state, "unknown");
  assert.equal((await alice.handlers["recipient.check"]({ address: "someone@elsewhere.org" })).state, "unknown");
});

test("a key that changed stops sending until the user accepts it, and both sides see one safety number", async (t) => {
  const { office, alice, bob } = await pair(t);
  await alice.handlers["recipient.check"]({ address: BOB });
  const mine = await alice.handlers["people.safetyNumber"]({ address: BOB });
  assert.deepEqual(mine.groups, (await bob.handlers["people.safetyNumber"]({ address: ALICE })).groups);
  assert.equal((await alice.handlers["people.setVerified"]({ address: BOB, verified: true })).state, "verified");

  const record = office.records.get(BOB);
  assert.ok(record !== undefined);
  const other = await generateKeyPair({ address: BOB, now: office.clock.now() });
  office.records.set(BOB, { ...record, certificate: other.certificate, accountKey: new Uint8Array(32).fill(9) });
  await office.clock.runFor((25 * 3600 * 1000) as never);
  assert.equal((await alice.handlers["recipient.check"]({ address: BOB })).state, "changed");
  const draft = await alice.handlers["draft.save"]({ to: [BOB], subject: "", text: "x" });
  await assert.rejects(alice.handlers["draft.send"]({ draftId: draft.id }), { code: "KEY_CHANGED" });
  assert.equal((await alice.handlers["people.acceptKey"]({ address: BOB })).state, "private");
  await alice.handlers["draft.send"]({ draftId: draft.id });
});

test("an older record than the known one is not taken, whoever signed it: its mailbox key may be gone", async (t) => {
  const { office, alice } = await pair(t);
  const [first, day] = [office.records.get(BOB), 24 * 3600 * 1000];
  assert.ok(first !== undefined);
  const later = (days: number): MailboxRecord => ({
    ...first,
    validFrom: milliseconds(first.validFrom + days * day),
    validUntil: milliseconds(first.validUntil + days * day),
  });
  const ask = async (record: MailboxRecord) => {
    office.records.set(BOB, record);
    await office.clock.runFor(milliseconds(day + 1));
    return (await alice.handlers["recipient.check"]({ address: BOB })).state;
  };
  assert.equal(await ask(later(3)), "private");
  for (let days = 0; days < 7; days++) assert.equal(await ask(first), "private", "the newer one still holds");
  assert.equal(await ask(later(8)), "private", "and a newer one replaces it");
  const accountKey = new Uint8Array(32).fill(9);
  assert.equal(await ask({ ...later(10), accountKey }), "changed");
  assert.equal(await ask({ ...first, accountKey }), "changed");
  assert.equal((await alice.handlers["people.acceptKey"]({ address: BOB })).state, "private", "the newer of the new");
});

test("a mail is sent again to its reader's newest mailbox key; to none that is over", async (t) => {
  const { office, alice } = await pair(t);
  const messageId = await send(alice, { to: [BOB], subject: "s", text: "t" });
  const old = office.records.get(BOB);
  assert.ok(old !== undefined);
  await office.clock.runFor(milliseconds(8 * 24 * 3600 * 1000));
  await alice.handlers["mail.retry"]({ messageId });
  const [validFrom, validUntil] = [office.clock.now(), milliseconds(office.clock.now() + 1_000_000)];
  const renewed = { ...old, validFrom, validUntil, mailboxKey: new Uint8Array(1216).fill(2) };
  office.records.set(BOB, renewed);
  await alice.handlers["mail.retry"]({ messageId });
  assert.deepEqual(
    office.retries.map((to) => to?.mailboxKey),
    [undefined, renewed.mailboxKey],
  );
});

test("a record that is over and has no successor is expired", async (t) => {
  const { office, alice } = await pair(t);
  await alice.handlers["recipient.check"]({ address: BOB });
  await office.clock.runFor((8 * 24 * 3600 * 1000) as never);
  assert.equal((await alice.handlers["recipient.check"]({ address: BOB })).state, "expired");
  const draft = await alice.handlers["draft.save"]({ to: [BOB], subject: "", text: "x" });
  await assert.rejects(alice.handlers["draft.send"]({ draftId: draft.id }), { code: "KEY_EXPIRED" });
});

test("a mail whose sender could not be looked up is judged when the network is back", async (t) => {
  const { office, alice, bob } = await pair(t);
  await send(alice, { to: [BOB], subject: "s", text: "t" });
  office.down = true;
  await office.deliver();
  assert.equal((await only(bob)).signature, "unknown-key");
  office.down = false;
  await bob.handlers["mail.markRead"]({ conversationId: (await only(bob)).conversationId });
  await until(async () => (await only(bob)).signature === "valid");
  await until(async () => (await idle(bob)) && office.acknowledged.length === 1);
});

test("a mail larger than the network carries is refused and stays a draft", async (t) => {
  const { office, alice } = await pair(t);
  const draft = await alice.handlers["draft.save"]({ to: [BOB], subject: "", text: "x" });
  const bytes = new Uint8Array(Math.floor(office.network.parameters.messageBytesMax * 0.69));
  await alice.files.attach({ draftId: draft.id, name: "1", type: "", bytes: bytes.slice() });
  await alice.files.attach({ draftId: draft.id, name: "2", type: "", bytes: bytes.slice() });
  await assert.rejects(alice.handlers["draft.send"]({ draftId: draft.id }), { code: "MESSAGE_TOO_LARGE" });
  assert.equal((await alice.handlers["draft.list"]({})).drafts[0]?.attachments.length, 2);
});

test("locking closes everything; the right passphrase opens it again and mail goes on", async (t) => {
  const { office, alice, bob } = await pair(t);
  await bob.handlers["app.lock"]({});
  assert.equal((await bob.handlers["app.state"]({})).stage, "locked");
  await assert.rejects(bob.handlers["mail.list"]({ folder: "inbox", limit: 1 }), { code: "LOCKED" });
  await send(alice, { to: [BOB], subject: "while away", text: "t" });
  await office.deliver();
  assert.equal(office.parcels.length, 1);
  await assert.rejects(bob.handlers["app.unlock"]({ passphrase: "wrong" }), { code: "WRONG_PASSPHRASE" });
  await bob.handlers["app.unlock"]({ passphrase: PASSPHRASE });
  await office.deliver();
  assert.equal((await only(bob)).text, "t");
});

test("signing up that fails leaves nothing behind", async (t) => {
  const { office } = await pair(t);
  const dataDir = await folder(t);
  const other = office.program({ dataDir, seed: "other" });
  const input = { invite: office.invite("a.example"), name: "x", localPart: "alice", passphrase: PASSPHRASE };
  await assert.rejects(other.handlers["app.create"](input), { code: "ADDRESS_TAKEN" });
  await assert.rejects(other.handlers["app.create"]({ ...input, invite: "starling:1:AAAA" }), { code: "BAD_INVITE" });
  await assert.rejects(other.handlers["app.create"]({ ...input, passphrase: "short" }), { code: "WEAK_PASSPHRASE" });
  assert.deepEqual(await readdir(dataDir), []);
  assert.equal((await other.handlers["app.state"]({})).stage, "new");
});

test("an .eml file becomes a draft with its text, HTML and attachments", async (t) => {
  const { office, alice, bob } = await pair(t);
  const eml = [
    "To: Bob <bob@b.example>",
    "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=",
    "MIME-Version: 1.0",
    "Content-Type: multipart/alternative; boundary=x",
    "",
    "--x",
    "Content-Type: text/plain; charset=utf-8",
    "",
    "plain",
    "--x",
    "Content-Type: text/html; charset=utf-8",
    "",
    "<p>rich</p>",
    "--x--",
    "",
  ].join("\r\n");
  const draft = await alice.files.importMail(Buffer.from(eml));
  assert.deepEqual([draft.to, draft.subject], [[BOB], "Grüße"]);
  await alice.handlers["draft.send"]({ draftId: draft.id });
  await office.deliver();
  const message = await only(bob);
  assert.ok(message.hasHtml);
  assert.match((await bob.handlers["mail.html"]({ messageId: message.id })).html, /<p>rich<\/p>/);
});

test("no file of a program shows an address, a subject or a passphrase, and nothing was reported", async (t) => {
  const { office, alice, bob, dataDirs } = await pair(t);
  await send(alice, { to: [BOB], subject: "canary subject", text: "canary text" });
  await office.deliver();
  for (const dataDir of dataDirs) {
    for (const name of await readdir(dataDir)) {
      const text = (await readFile(join(dataDir, name))).toString("latin1");
      for (const word of ["canary", "example", PASSPHRASE]) assert.ok(!text.includes(word), `${name} shows ${word}`);
    }
  }
  assert.equal((await only(bob)).text, "canary text");
  assert.deepEqual(office.reported, []);
});
