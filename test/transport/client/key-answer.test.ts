/** What a client believes of an answer of the `keys` service. Spec: docs/spec/07-mailbox.md §7.2 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { readKeyAnswer } from "#transport/client/key-answer.ts";
import { concat, Writer } from "#transport/core/bytes.ts";
import { mailboxId, milliseconds, nodeId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { signMailboxRecord } from "#transport/directory/mailbox-record.ts";

const suite = await loadSuite("x25519", "native");
const random = new SeededRandom("key answers");

test("a provider cannot answer for one address with the sound record of another, nor with a changed one", () => {
  const [bob, mallory] = ["bob@b.example", "mallory@b.example"].map(recordOf) as [Uint8Array, Uint8Array];
  assert.equal(read(bob)?.address, "bob@b.example");
  assert.throws(() => read(mallory), { code: "RECORD_FORGED" });
  const changed = bob.slice();
  changed[100] = (changed[100] as number) ^ 1;
  assert.throws(() => read(changed), { code: "RECORD_FORGED" });
  assert.equal(readKeyAnswer(Uint8Array.of(0), { suite, address: "bob@b.example" }), undefined);
});

const read = (record: Uint8Array) =>
  readKeyAnswer(concat(Uint8Array.of(1), new Writer().bytes32(record).finish()), { suite, address: "bob@b.example" });

function recordOf(address: string): Uint8Array {
  const accountSeed = random.bytes(32);
  return signMailboxRecord({
    record: {
      address,
      providerId: nodeId(random.bytes(32)),
      mailboxId: mailboxId(random.bytes(32)),
      mailboxKey: random.bytes(1216),
      validFrom: milliseconds(1),
      validUntil: milliseconds(2),
      certificate: new Uint8Array(0),
      accountKey: suite.ed25519.publicKey(accountSeed),
    },
    accountSeed,
    suite,
  });
}
