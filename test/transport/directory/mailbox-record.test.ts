import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#transport/core/bytes.ts";
import { mailboxId, milliseconds, nodeId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import {
  assertCurrent,
  type MailboxRecord,
  signMailboxRecord,
  verifyMailboxRecord,
} from "#transport/directory/mailbox-record.ts";

const suite = await loadSuite("x25519", "native");
const accountSeed = new Uint8Array(32).fill(1);
const record: MailboxRecord = {
  address: "alice@a.example",
  providerId: nodeId(new Uint8Array(32).fill(2)),
  mailboxId: mailboxId(new Uint8Array(32).fill(3)),
  mailboxKey: new Uint8Array(1216).fill(5),
  validFrom: milliseconds(1_800_000_000_000),
  validUntil: milliseconds(1_800_604_800_000),
  certificate: new Uint8Array(3).fill(6),
  accountKey: suite.ed25519.publicKey(accountSeed),
};

test("a record comes back as it was signed, and is the specification's example", () => {
  const bytes = signMailboxRecord({ record, accountSeed, suite });
  assert.deepEqual(verifyMailboxRecord({ bytes, suite, address: "alice@a.example" }), record);
  assert.equal(bytes.length, 1415);
  assert.equal(toHex(suite.blake2b(bytes)), "49b9ada495ea44d676af325e319ffd86c7bbf7a9302ef39ee46e2d05be77bb78");
});

test("one changed bit anywhere makes it somebody else's, or none", () => {
  const bytes = signMailboxRecord({ record, accountSeed, suite });
  for (let at = 0; at < bytes.length; at += 7) {
    const changed = bytes.slice();
    changed[at] = (changed[at] as number) ^ 1;
    assert.throws(() => verifyMailboxRecord({ bytes: changed, suite }), { name: "TransportError" });
  }
});

test("a record for another address than the one asked for is refused", () => {
  const bytes = signMailboxRecord({ record, accountSeed, suite });
  assert.throws(() => verifyMailboxRecord({ bytes, suite, address: "bob@a.example" }), { code: "RECORD_FORGED" });
});

test("a record signed by another key than it names is refused", () => {
  const bytes = signMailboxRecord({ record, accountSeed: new Uint8Array(32).fill(9), suite });
  assert.throws(() => verifyMailboxRecord({ bytes, suite }), { code: "RECORD_FORGED" });
});

test("nothing is sealed to a record that has run out or has not begun", () => {
  assertCurrent(record, record.validFrom);
  assertCurrent(record, milliseconds(record.validFrom - 60_000));
  assert.throws(() => assertCurrent(record, record.validUntil), { code: "RECORD_EXPIRED" });
  assert.throws(() => assertCurrent(record, milliseconds(record.validFrom - 3_600_000)), { code: "RECORD_EXPIRED" });
});

test("one byte too many or too few is malformed, and limits hold", () => {
  const bytes = signMailboxRecord({ record, accountSeed, suite });
  assert.throws(() => verifyMailboxRecord({ bytes: bytes.subarray(1), suite }), { code: "MALFORMED" });
  assert.throws(() => verifyMailboxRecord({ bytes: new Uint8Array([...bytes, 0]), suite }), { code: "MALFORMED" });
  const large = { ...record, certificate: new Uint8Array(8193) };
  assert.throws(() => signMailboxRecord({ record: large, accountSeed, suite }), RangeError);
});
