import assert from "node:assert/strict";
import { test } from "node:test";
import { MailboxKeys } from "#transport/client/mailbox-keys.ts";
import { milliseconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { seal } from "#transport/fragment/seal.ts";
import { geometry as geometryOf } from "#transport/sphinx/geometry.ts";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { SIM_PARAMETERS } from "#test/sim/world.ts";

test("a private half opens the last thing that can be sealed to it and lie in the mailbox, and is then gone", async () => {
  const suite = await loadSuite("x25519", "native");
  const geometry = geometryOf(SIM_PARAMETERS);
  const random = new SeededRandom("keys");
  const store = new MemoryClientStore();
  const keys = new MailboxKeys({ suite, geometry, parameters: SIM_PARAMETERS, store, random });
  const { publicKey: mailboxKey, validUntil } = await keys.renew(milliseconds(0));
  const plaintext = random.bytes(geometry.fragmentBytes);
  const sealed = seal({ suite, geometry, mailboxKey, plaintext, random });
  // Queued just before validUntil, sent at its deadline, collected just before the mailbox drops it.
  const last = validUntil + 2 * SIM_PARAMETERS.retention;
  await keys.erase(milliseconds(last - 1));
  assert.deepEqual(keys.openSealed(sealed), plaintext);
  await keys.erase(milliseconds(last));
  assert.equal(keys.openSealed(sealed), undefined);
  assert.deepEqual(await store.mailboxKeys(), []);
});
