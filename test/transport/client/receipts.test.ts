/** When receipts leave, and how often. Spec: docs/spec/01-message.md §4 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { SIM_PARAMETERS as parameters } from "#test/sim/world.ts";
import type { Payload } from "#transport/client/payload.ts";
import { decodeReceipt } from "#transport/client/receipt.ts";
import { Receipts } from "#transport/client/receipts.ts";
import type { OwedReceipt, Recipient } from "#transport/client/store.ts";
import { type MessageId, mailboxId, messageId, milliseconds, nodeId, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { DIGEST_BYTES, decodeFragment } from "#transport/fragment/fragment.ts";
import { geometry as geometryOf } from "#transport/sphinx/geometry.ts";
import { QuietTime } from "#transport/traffic/quiet-time.ts";

const suite = await loadSuite("x25519", "native");
const geometry = geometryOf(parameters);

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
  assert.deepEqual(messagesIn(both), [idOf(1), idOf(2)]);
  both.settled({ hash: new Uint8Array(16), tags: [], at: clock.now() });
  await clock.runFor(seconds(1));
  assert.deepEqual(take(), []);
});

test("a receipt is owed once it is on the disk, and not before", async () => {
  const { clock, receipts, store } = await setUp();
  const seen = { id: idOf(1), at: clock.now(), proof: new Uint8Array(32), acknowledgeTo: undefined };
  await store.consume(seen);
  store.refusal = new Error("full");
  await assert.rejects(receipts.owe(seen, readerAt(10)), /full/);
  await clock.runFor(seconds(5));
  assert.deepEqual([...receipts.contenders(clock.now())], []);
  store.refusal = undefined;
  await receipts.owe(seen, readerAt(10));
  assert.deepEqual(
    (await store.owedReceipts()).map(({ id }) => id),
    [idOf(1)],
  );
});

test("a receipt waits as long as was drawn for it, and takes no slot before", async () => {
  const { clock, receipts, owe } = await setUp();
  await owe(1, 10);
  await clock.runFor(milliseconds(WAIT - 1));
  assert.equal([...receipts.contenders(clock.now())].length, 0);
  await clock.runFor(milliseconds(1));
  assert.equal([...receipts.contenders(clock.now())].length, 1);
});

test("receipts are sealed to the newest key of their reader, and not to one whose private half may be gone", async () => {
  const { clock, receipts, owe, take } = await setUp();
  const ended = milliseconds(clock.now() - parameters.retention - 1);
  await owe(1, 10, readerAt(10, { key: 1, validUntil: ended }));
  await clock.runFor(seconds(5));
  assert.deepEqual(take(), []);
  assert.equal(receipts.expired(clock.now()).length, 1, "another one is looked up");
  for (const [message, key, lasts] of [
    [2, 2, 1e12],
    [3, 3, 1e12 - 1],
  ] as const) {
    await owe(message, 10, readerAt(10, { key, validUntil: milliseconds(clock.now() + lasts) }));
  }
  await clock.runFor(seconds(5));
  const [all] = take();
  assert.ok(all);
  assert.equal(all.content.mailboxKey[0], 2);
  assert.deepEqual(messagesIn(all), [idOf(1), idOf(2), idOf(3)]);
});

test("after a long absence a slot looks once at each reader, however much is owed, and all of it leaves", async () => {
  let looks = 0;
  const [readers, each] = [20, 30];
  const owed = Array.from({ length: readers * each }, (_, n): OwedReceipt => {
    const to = readerAt(n % readers);
    const watched = {
      ...to,
      get mailboxId() {
        return (looks++, to.mailboxId);
      },
    };
    return { id: idOf(n), proof: new Uint8Array(32), to: watched, dueAt: milliseconds(0) };
  });
  const { clock, receipts } = await setUp(owed);
  let left = 0;
  for (;;) {
    looks = 0;
    const [first] = [...receipts.contenders(clock.now())];
    const payload = first?.take();
    assert.ok(looks <= readers * 2, `${looks} looks in a slot`);
    if (payload === undefined) break;
    left++;
    payload.settled({ hash: new Uint8Array(16), tags: [], at: clock.now() });
    await clock.runFor(seconds(1));
  }
  assert.equal(left, readers, "one packet each");
});

/** Of which a packet says that they came. */
function messagesIn({ content }: Payload): MessageId[] {
  const { data } = decodeFragment(geometry, content.plaintext);
  return decodeReceipt(data.subarray(DIGEST_BYTES)).map(({ id }) => id);
}

const WAIT = seconds(1);

async function setUp(owed: readonly OwedReceipt[] = []) {
  const clock = new VirtualClock();
  const store = new MemoryClientStore();
  if (owed.length > 0) store.owedReceipts = async () => [...owed];
  let order = 0;
  const receipts = new Receipts({
    clock,
    store,
    quiet: new QuietTime({ clock, nextTick: () => undefined }),
    suite,
    geometry,
    parameters,
    padding: new SeededRandom("padding"),
    nextOrder: () => order++,
    wait: () => WAIT,
    longestWait: seconds(20),
  });
  await receipts.load();
  const owe = async (message: number, mailbox: number, to = readerAt(mailbox)): Promise<void> => {
    const seen = { id: idOf(message), at: clock.now(), proof: new Uint8Array(32), acknowledgeTo: undefined };
    await store.consume(seen);
    await receipts.owe(seen, to);
  };
  /** Every slot that could carry one takes it. */
  const take = () => [...receipts.contenders(clock.now())].map((contender) => contender.take());
  return { clock, receipts, store, owe, take };
}

const idOf = (message: number): MessageId => messageId(new Uint8Array(new Uint32Array([message, 0, 0, 0]).buffer));

const readerAt = (mailbox: number, { key = 0, validUntil = 1e12 } = {}): Recipient => ({
  address: "reader@b.example",
  accountKey: new Uint8Array(32),
  providerId: nodeId(new Uint8Array(32)),
  mailboxId: mailboxId(new Uint8Array(32).fill(mailbox)),
  mailboxKey: new Uint8Array(1216).fill(key),
  validUntil: milliseconds(validUntil),
});
