import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Worker } from "node:worker_threads";
import { BOUNDARIES } from "#main/mail-work/limits.ts";
import { MailWork } from "#main/mail-work/mail-work.ts";
import { MailTasks } from "#main/mail-work/tasks.ts";
import type { Mail } from "#main/mime/mail.ts";
import { boundary, type Keyholder, keyholder, mailFrom, NOW, outerFor, sealMail } from "#test/support/mail-keys.ts";

const ALICE = "alice@a.example";
const BOB = "bob@b.example";

test("what the thread seals for two readers each of them opens, and neither form says that there is another", async (t) => {
  const [alice, bob, carol] = [await keyholder(ALICE), await keyholder(BOB), await keyholder("carol@c.example")];
  const { work } = working(t, alice);
  const mail = { ...mailFrom(ALICE, BOB), to: [BOB, carol.address].map((address) => ({ address, name: "" })) };
  const sealed = await work.seal(sealJob(mail, [bob, carol]));
  assert.equal(sealed.length, 2);
  for (const [i, reader] of [bob, carol].entries()) {
    const { work: readers } = working(t, reader);
    const inspected = await readers.inspect({ message: (sealed[i] as Uint8Array).slice(), receivedAt: NOW });
    assert.ok(inspected.kind === "encrypted" && inspected.from === ALICE);
    const senders = [{ address: ALICE, certificate: alice.certificate.bytes }];
    const { content } = await readers.open({ message: inspected.message, senders, now: NOW, receivedAt: NOW });
    assert.deepEqual([content?.signature, content?.mail.text, content?.protection], ["valid", "Text", "cipher"]);
  }
  const [one, other] = sealed.map((message) => Buffer.from(message).toString("latin1").split("\r\n"));
  for (const name of ["Date", "Message-ID"]) {
    const line = (lines: string[] | undefined): string | undefined => lines?.find((l) => l.startsWith(`${name}: `));
    assert.notEqual(line(one), line(other));
  }
});

test("a mail goes to the thread and back without being copied", async (t) => {
  const [alice, bob] = [await keyholder(ALICE), await keyholder(BOB)];
  const { work } = working(t, bob);
  const bytes = new Uint8Array(100_000);
  const message = await sealMail({
    mail: mailFrom(ALICE, BOB, { attachments: [{ name: "a", type: "a/b", bytes }] }),
    signer: alice,
    reader: bob,
  });
  const expected = message.slice();
  const inspected = await work.inspect({ message, receivedAt: NOW });
  assert.equal(message.length, 0, "it was copied");
  assert.deepEqual(inspected.message, expected);
  const { message: back } = await work.open({ message: inspected.message, senders: [], now: NOW, receivedAt: NOW });
  assert.deepEqual(back, expected);
});

test("a thread that dies fails the one mail it had in hand; the next ones find a new thread with the same key", async (t) => {
  const [alice, bob] = [await keyholder(ALICE), await keyholder(BOB)];
  const { work, workers, keysGiven } = working(t, bob);
  const open = async (): Promise<string | undefined> => {
    const message = await sealMail({ mail: mailFrom(ALICE, BOB), signer: alice, reader: bob });
    const senders = [{ address: ALICE, certificate: alice.certificate.bytes }];
    return (await work.open({ message, senders, now: NOW, receivedAt: NOW })).content?.mail.text;
  };
  assert.equal(await open(), "Text");
  const calls = [open(), open(), open()];
  const settled = Promise.allSettled(calls);
  await workers[0]?.terminate();
  const outcomes = await settled;
  const failed = outcomes.filter((outcome) => outcome.status === "rejected");
  assert.ok(failed.length <= 1, `${failed.length} calls failed`);
  for (const { reason } of failed) assert.equal(reason.code, "INTERNAL");
  assert.equal(await open(), "Text");
  assert.equal(workers.length, 2);
  assert.equal(keysGiven.length, 2);
});

test("the key that is handed over is wiped on this side, and on the other when the thread ends", async (t) => {
  const bob = await keyholder(BOB);
  const { work, keysGiven } = working(t, bob);
  await work.prolong({ certificate: bob.certificate.bytes, address: BOB, now: NOW });
  assert.ok(keysGiven[0]?.every((byte) => byte === 0));
  await work.close();
  await assert.rejects(work.prolong({ certificate: bob.certificate.bytes, address: BOB, now: NOW }), {
    code: "LOCKED",
  });

  const tasks = new MailTasks();
  const key = bob.pair.privateKey.slice();
  await tasks.unlock(key);
  tasks.lock();
  assert.ok(key.every((byte) => byte === 0));
  await assert.rejects(tasks.prolong({ certificate: bob.certificate.bytes, address: BOB, now: NOW }), {
    code: "LOCKED",
  });
});

test("an expired certificate, one for somebody else, and too large a mail are refused by their codes", async (t) => {
  const [alice, bob] = [await keyholder(ALICE), await keyholder(BOB)];
  const { work } = working(t, alice);
  const later = NOW + 10 * 365 * 24 * 3600 * 1000;
  await assert.rejects(work.seal({ ...sealJob(mailFrom(ALICE, BOB), [bob]), now: later }), { code: "KEY_EXPIRED" });
  const other = { ...bob, address: "mallory@m.example" };
  await assert.rejects(work.seal(sealJob(mailFrom(ALICE, BOB), [other])), { code: "NOT_PRIVATE" });
  const attachments = [{ name: "a", type: "a/b", bytes: new Uint8Array(2 ** 20) }];
  await assert.rejects(work.seal(sealJob(mailFrom(ALICE, BOB, { attachments }), [bob])), { code: "MESSAGE_TOO_LARGE" });
});

function sealJob(mail: Mail, readers: readonly Keyholder[]): Parameters<MailWork["seal"]>[0] {
  const copies = readers.map(({ address, certificate }) => ({
    outer: outerFor(ALICE),
    address,
    certificate: certificate.bytes,
    boundaries: Array.from({ length: BOUNDARIES }, boundary),
  }));
  return { mail, copies, messageBytesMax: 2 ** 20, now: NOW };
}

function working(t: TestContext, owner: Keyholder): { work: MailWork; workers: Worker[]; keysGiven: Uint8Array[] } {
  const workers: Worker[] = [];
  const keysGiven: Uint8Array[] = [];
  const work = new MailWork({
    ownKey: async () => {
      const key = owner.pair.privateKey.slice();
      keysGiven.push(key);
      return key;
    },
    startWorker: () => {
      const worker = new Worker(new URL("../../../main/mail-work/worker.ts", import.meta.url));
      workers.push(worker);
      return worker;
    },
  });
  t.after(() => work.close());
  return { work, workers, keysGiven };
}
