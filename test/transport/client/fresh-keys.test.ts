import assert from "node:assert/strict";
import { test } from "node:test";
import { FreshKeys } from "#transport/client/fresh-keys.ts";
import type { Recipient } from "#transport/client/store.ts";
import { mailboxId, type Milliseconds, milliseconds, nodeId } from "#transport/core/units.ts";
import type { MailboxRecord } from "#transport/directory/mailbox-record.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";

const WAIT = 1_000;
const filled = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

test("a reader whose record has run out is looked up, and the newer key of the same account is taken", async () => {
  const { clock, asked, renewed, expired, records } = setUp();
  expired.push(recipient(1));
  records.set("reader1@b.example", record(1, 500));
  await clock.runFor(milliseconds(WAIT));
  assert.deepEqual(asked, ["reader1@b.example"]);
  assert.deepEqual(
    renewed.map(({ validUntil }) => validUntil),
    [500],
  );
});

test("a record of another account, of another mailbox, or no newer than the known one is left to the user", async () => {
  const { clock, asked, renewed, expired, records } = setUp();
  expired.push(recipient(1), recipient(2), recipient(3));
  records.set("reader1@b.example", { ...record(1, 500), accountKey: filled(9) });
  records.set("reader2@b.example", { ...record(2, 500), mailboxId: mailboxId(filled(9)) });
  records.set("reader3@b.example", record(3, 100));
  await clock.runFor(milliseconds(20 * WAIT));
  assert.ok(asked.length >= 3);
  assert.deepEqual(renewed, []);
});

test("one reader is asked for at a time, and one who does not answer more and more rarely", async () => {
  const { clock, asked, expired } = setUp();
  expired.push(recipient(1), recipient(2));
  await clock.runFor(milliseconds(WAIT));
  assert.equal(asked.length, 1, "not both at once");
  await clock.runFor(milliseconds(WAIT));
  assert.equal(new Set(asked).size, 2);
  await clock.runFor(milliseconds(200 * WAIT));
  // Waits of 2, 4, 8, … for each: some seven times in two hundred.
  assert.ok(asked.length >= 10 && asked.length <= 18, "as waits that double allow");
});

test("while nobody's record has run out nobody is asked for", async () => {
  const { clock, asked } = setUp();
  await clock.runFor(milliseconds(50 * WAIT));
  assert.deepEqual(asked, []);
});

function setUp() {
  const clock = new VirtualClock();
  const asked: string[] = [];
  const renewed: Recipient[] = [];
  const expired: Recipient[] = [];
  const records = new Map<string, MailboxRecord>();
  const keys = new FreshKeys({
    clock,
    wait: (failures): Milliseconds => milliseconds(WAIT * 2 ** failures),
    lookup: async (address) => {
      asked.push(address);
      return records.get(address);
    },
    expired: () => expired,
    renewed: async (to) => {
      renewed.push(to);
      expired.splice(0, 1);
    },
  });
  keys.start();
  return { clock, asked, renewed, expired, records };
}

function recipient(n: number): Recipient {
  return {
    address: `reader${n}@b.example`,
    accountKey: filled(n),
    providerId: nodeId(filled(8)),
    mailboxId: mailboxId(filled(n)),
    mailboxKey: new Uint8Array(1216),
    validUntil: milliseconds(100),
  };
}

function record(n: number, validUntil: number): MailboxRecord {
  const { address, accountKey, providerId, mailboxId: mailbox, mailboxKey } = recipient(n);
  return {
    address,
    accountKey,
    providerId,
    mailboxId: mailbox,
    mailboxKey,
    validFrom: milliseconds(0),
    validUntil: milliseconds(validUntil),
    certificate: new Uint8Array(1),
  };
}
