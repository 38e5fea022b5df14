/** When receipts leave, and how often. Spec: docs/spec/01-message.md §4 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { SIM_PARAMETERS as parameters } from "#test/sim/world.ts";
import { Receipts } from "#transport/client/receipts.ts";
import type { Recipient } from "#transport/client/store.ts";
import { type MessageId, mailboxId, messageId, milliseconds, nodeId, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { geometry as geometryOf } from "#transport/sphinx/geometry.ts";
import { QuietTime } from "#transport/traffic/quiet-time.ts";

const suite = await loadSuite("x25519", "native");

test("a receipt that is in a slot is in no other, whatever becomes due before its tick", async () => {
  const { clock, receipts, owe, take } = await setUp();
  await owe(1, 10);
  await clock.runFor(seconds(5));
  const first = take();
  assert.equal(first.length, 1);
  // Somebody else's is read meanwhile.
  await owe(2, 20);
  await clock.runFor(seconds(5));
  assert.equal([...receipts.contenders(clock.now())].length, 1, "the other's");
  first[0]?.settled({ hash: new Uint8Array(16), tags: [], at: clock.now() });
  await clock.runFor(seconds(1));
  assert.equal(take().length, 1);
});

test("a receipt whose packet did not leave goes in another slot, and so does one that was owed to the same reader meanwhile", async () => {
  const { clock, owe, take } = await setUp();
  await owe(1, 10);
  await clock.runFor(seconds(5));
  const [lost] = take();
  await owe(2, 10);
  await clock.runFor(seconds(5));
  lost?.settled(undefined);
  await clock.runFor(seconds(1));
  const [both] = take();
  assert.ok(both);
  both.settled({ hash: new Uint8Array(16), tags: [], at: clock.now() });
  await clock.runFor(seconds(1));
  assert.deepEqual(take(), []);
});

async function setUp() {
  const clock = new VirtualClock();
  const store = new MemoryClientStore();
  let order = 0;
  const receipts = new Receipts({
    clock,
    store,
    quiet: new QuietTime({ clock, nextTick: () => undefined }),
    suite,
    geometry: geometryOf(parameters),
    parameters,
    padding: new SeededRandom("padding"),
    nextOrder: () => order++,
    wait: () => seconds(1),
    longestWait: seconds(20),
  });
  await receipts.load();
  const owe = async (message: number, mailbox: number): Promise<void> => {
    const seen = { id: idOf(message), at: clock.now(), proof: new Uint8Array(32), acknowledgeTo: undefined };
    await store.consume(seen);
    await receipts.owe(seen, readerAt(mailbox));
  };
  /** Every slot that could carry one takes it. */
  const take = () => [...receipts.contenders(clock.now())].map((contender) => contender.take());
  return { clock, receipts, owe, take };
}

const idOf = (message: number): MessageId => messageId(new Uint8Array(16).fill(message));

const readerAt = (mailbox: number): Recipient => ({
  address: "reader@b.example",
  accountKey: new Uint8Array(32),
  providerId: nodeId(new Uint8Array(32)),
  mailboxId: mailboxId(new Uint8Array(32).fill(mailbox)),
  mailboxKey: new Uint8Array(1216),
  validUntil: milliseconds(1e12),
});
