/**
 * What a user or their reader may get wrong. One code each at the contract; the draft stays, and the mail goes out once when
 * it is put right:
 *
 * | what is wrong                          | code              | afterwards                                  |
 * |----------------------------------------|-------------------|---------------------------------------------|
 * | wrong passphrase                       | WRONG_PASSPHRASE  | the right one opens everything              |
 * | no such reader, or no such provider    | UNKNOWN_RECIPIENT | goes out when there is one                  |
 * | the reader's key has expired           | KEY_EXPIRED       | goes out when the reader was online again   |
 * | the mail, or a file, is over the limit | MESSAGE_TOO_LARGE | goes out without the file                   |
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { failsWith, PASSPHRASE, People } from "#test/support/people.ts";
import { seconds } from "#transport/core/units.ts";

const TEXT = "in the end";

test("a wrong passphrase opens nothing and changes nothing", async (t) => {
  const people = await People.on(t, { seed: "passphrase" });
  const { alice, bob } = await people.aliceAndBob();
  await people.during(bob.contract["app.lock"]({}));
  await alice.write(bob.address, TEXT);
  for (const passphrase of ["incorrect horse battery", ` ${PASSPHRASE}`, PASSPHRASE.toUpperCase()]) {
    await failsWith(bob.unlock(passphrase), "WRONG_PASSPHRASE");
  }
  assert.equal((await bob.contract["app.state"]({})).stage, "locked");
  await failsWith(bob.contract["mail.list"]({ folder: "inbox", limit: 1 }), "LOCKED");
  await bob.unlock();
  await bob.receivesOnce(TEXT);
});

test("nothing is sent to nobody: the draft waits until there is such a reader", async (t) => {
  const people = await People.on(t, { seed: "unknown" });
  const alice = await people.person("alice", "a");
  for (const nobody of ["bob@b.example", "bob@nowhere.example", "bob"]) {
    const draftId = await alice.draft(nobody, TEXT);
    assert.equal((await people.during(alice.contract["recipient.check"]({ address: nobody }))).state, "unknown");
    await failsWith(people.during(alice.contract["draft.send"]({ draftId })), "UNKNOWN_RECIPIENT");
  }
  assert.deepEqual(await alice.draftTexts(), [TEXT, TEXT, TEXT]);
  assert.equal((await alice.contract["mail.list"]({ folder: "sent", limit: 9 })).conversations.length, 0);

  const bob = await people.person("bob", "b");
  await people.run(seconds(60));
  const { drafts } = await alice.contract["draft.list"]({});
  const draftId = drafts.find(({ to }) => to[0] === bob.address)?.id as string;
  await people.during(alice.contract["draft.send"]({ draftId }));
  await bob.receivesOnce(TEXT);
});

test("a key that has expired is written to no more, until its owner was online again", async (t) => {
  const people = await People.on(t, { seed: "expired", parameters: { mailboxKeyLifetime: seconds(140) } });
  const { alice, bob } = await people.aliceAndBob();
  await people.during(bob.contract["app.lock"]({}));
  // On a slow machine he has made his next key before: then it must be over, too.
  await people.run(seconds(2 * 140));
  const draftId = await alice.draft(bob.address, TEXT);
  const state = async () => (await people.during(alice.contract["recipient.check"]({ address: bob.address }))).state;
  await people.until(async () => (await state()) === "expired", "the end of the key");
  await failsWith(people.during(alice.contract["draft.send"]({ draftId })), "KEY_EXPIRED");
  assert.deepEqual(await alice.draftTexts(), [TEXT]);

  await bob.unlock();
  await people.until(async () => (await state()) === "private", "a new key");
  await people.during(alice.contract["draft.send"]({ draftId }));
  await bob.receivesOnce(TEXT);
});

test("a mail over the limit is not sent and stays a draft; without the file it goes", async (t) => {
  const people = await People.on(t, { seed: "limit", parameters: { messageBytesMax: 40_000 } });
  const { alice, bob } = await people.aliceAndBob();
  const draftId = await alice.draft(bob.address, TEXT);
  const file = { draftId, type: "image/png" };
  const large = alice.services.files.attach({ ...file, name: "large.png", bytes: new Uint8Array(30_000) });
  await assert.rejects(large, { code: "MESSAGE_TOO_LARGE" });
  // Each within the limit, not so together.
  const { handle } = await alice.services.files.attach({ ...file, name: "a.png", bytes: new Uint8Array(20_000) });
  await alice.services.files.attach({ ...file, name: "b.png", bytes: new Uint8Array(20_000).fill(7) });
  await failsWith(people.during(alice.contract["draft.send"]({ draftId })), "MESSAGE_TOO_LARGE");
  const [kept] = (await alice.contract["draft.list"]({})).drafts;
  assert.deepEqual([kept?.text, kept?.attachments.length], [TEXT, 2]);

  await alice.contract["draft.removeAttachment"]({ draftId, handle });
  await people.during(alice.contract["draft.send"]({ draftId }));
  await bob.receivesOnce(TEXT);
  const [received] = await bob.inbox();
  const { bytes } = await bob.services.files.attachment(received?.attachments[0]?.handle as string);
  assert.deepEqual(bytes, new Uint8Array(20_000).fill(7));
});

test("a mail without a reader is not sent and stays a draft", async (t) => {
  const people = await People.on(t, { seed: "nobody" });
  const alice = await people.person("alice", "a");
  const { id } = await alice.contract["draft.save"]({ to: [], subject: "", text: TEXT });
  await failsWith(alice.contract["draft.send"]({ draftId: id }), "NO_RECIPIENT");
  assert.deepEqual(await alice.draftTexts(), [TEXT]);
});
