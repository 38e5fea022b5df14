/** When receipts leave, and how often. Spec: docs/spec/01-message.md §4 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { placeOf, placesWith } from "#test/support/correspondents.ts";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { SIM_PARAMETERS as parameters } from "#test/sim/world.ts";
import type { Place } from "#transport/box/place.ts";
import type { Payload } from "#transport/client/payload.ts";
import { decodeReceipt, type Receipt } from "#transport/client/receipt.ts";
import { Receipts } from "#transport/client/receipts.ts";
import type { OwedReceipt, Recipient, SeenMessage } from "#transport/client/store.ts";
import { toHex } from "#transport/core/bytes.ts";
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

test("a receipt goes where the message said; what said nothing, where mail to its writer goes; and all else to the mailbox", async () => {
  const { clock, store, consume, receipts, take } = await setUp();
  const [said, known] = [placeOf(clock, 1), placeOf(clock, 2)];
  await store.savePlace(ofWriter(11).accountKey, known);
  await store.savePlace(ofWriter(12).accountKey, known);
  await receipts.owe(await consume(1, said), ofWriter(10));
  await receipts.owe(await consume(2, said), ofWriter(11));
  await receipts.owe(await consume(3), ofWriter(12));
  await receipts.owe(await consume(4), ofWriter(13));
  await clock.runFor(seconds(5));
  const [first, second, third, fourth] = take().map(destinationOf);
  assert.deepEqual([first, second], [toHex(said.boxId), toHex(said.boxId)], "each sealed to its own writer");
  assert.deepEqual([third, fourth], [toHex(known.boxId), toHex(ofWriter(13).mailboxId)]);
});

test("a receipt goes to a newer place of the writer than the message named; when it is owed again long after, there or to the mailbox", async () => {
  const { clock, store, consume, receipts, take } = await setUp();
  const [said, older, newer] = [placeOf(clock, 1, 5 * DAY), placeOf(clock, 2, 4 * DAY), placeOf(clock, 3, 6 * DAY)];
  const [withOlder, withNewer, withNone] = [ofWriter(11), ofWriter(12), ofWriter(13)];
  await store.savePlace(withOlder.accountKey, older);
  await store.savePlace(withNewer.accountKey, newer);
  const seen = [
    [await consume(1, said), withOlder],
    [await consume(2, said), withNewer],
    [await consume(3, said), withNone],
    [await consume(4), withOlder],
  ] as const;
  const leave = async (): Promise<string[]> => {
    for (const [message, writer] of seen) await receipts.owe(message, writer);
    await clock.runFor(seconds(5));
    const payloads = take();
    for (const payload of payloads) payload.settled({ hash: new Uint8Array(16), tags: [], at: clock.now() });
    await clock.runFor(seconds(1));
    return payloads.map(destinationOf);
  };
  const boxes = [said, newer, said, older].map(({ boxId }) => toHex(boxId));
  assert.deepEqual(await leave(), boxes);
  await clock.runFor(seconds(20 * 3600));
  assert.deepEqual(await leave(), boxes, "within a day its writer may not have come to it yet");
  await clock.runFor(seconds(5 * 3600));
  const [home, , other] = [withOlder, withNewer, withNone].map(({ mailboxId: id }) => toHex(id));
  const last = await leave();
  assert.deepEqual([last.length, new Set(last)], [3, new Set([home, toHex(newer.boxId), other])], "two of them in one");
});

test("a place that a message names draws no receipt but that message's", async () => {
  const { clock, store, consume, receipts, take } = await setUp();
  await receipts.owe(await consume(1, placeOf(clock, 1)), readerAt(10));
  await receipts.owe(await consume(2), readerAt(10));
  await receipts.owe(await consume(3, placeOf(clock, 2)), readerAt(10));
  await receipts.owe(await consume(4, placeOf(clock, 1)), readerAt(10));
  await clock.runFor(seconds(5));
  assert.deepEqual(
    take().map((payload) => [destinationOf(payload), messagesIn(payload)]),
    [
      [toHex(placeOf(clock, 1).boxId), [idOf(1), idOf(4)]],
      [toHex(readerAt(10).mailboxId), [idOf(2)]],
      [toHex(placeOf(clock, 2).boxId), [idOf(3)]],
    ],
  );
  assert.equal(await store.place(readerAt(10).accountKey), undefined, "and no mail");
});

test("a receipt whose place is over or gone while it waits goes to the mailbox, also one of before a start", async () => {
  const { clock, consume, receipts, store, take, list } = await setUp();
  await receipts.owe(await consume(1, placeOf(clock, 1)), readerAt(10));
  await receipts.owe(await consume(2, placeOf(clock, 2, 3_600_000 + 3_000)), readerAt(10));
  await receipts.owe(await consume(3, placeOf(clock, 3)), readerAt(10));
  const owed = await store.owedReceipts();
  assert.deepEqual(
    owed.map(({ to }) => to.place?.providerId[0]),
    [1, 2, 3],
  );
  list.providers = [2, 3];
  await clock.runFor(seconds(5));
  const home = toHex(readerAt(10).mailboxId);
  assert.deepEqual(take().map(destinationOf), [home, home, toHex(placeOf(clock, 3).boxId)]);
  const again = await setUp(owed, clock);
  again.list.providers = [2, 3];
  await clock.runFor(seconds(5));
  assert.deepEqual(again.take().map(destinationOf), [home, home, toHex(placeOf(clock, 3).boxId)]);
});

test("a newer key of a writer changes no place of the receipts that wait for it", async () => {
  const { clock, consume, receipts, take, store } = await setUp();
  await receipts.owe(await consume(1, placeOf(clock, 1)), readerAt(10));
  const newer = readerAt(10, { key: 5, validUntil: 2e12 });
  await receipts.readdress(newer);
  await clock.runFor(seconds(5));
  const [payload] = take();
  assert.deepEqual(
    [payload && destinationOf(payload), payload?.content.mailboxKey[0]],
    [toHex(placeOf(clock, 1).boxId), 5],
  );
  assert.deepEqual((await store.owedReceipts())[0]?.to.place?.providerId, placeOf(clock, 1).providerId);
});

test("a receipt begins with the place where its maker wants to be written to then", async () => {
  const { clock, owe, take, own } = await setUp();
  await owe(1, 10);
  own.place = placeOf(clock, 3);
  await clock.runFor(seconds(5));
  const [payload] = take();
  assert.deepEqual(payload && receiptIn(payload).place, own.place);
  own.place = undefined;
  await owe(2, 20);
  await clock.runFor(seconds(5));
  const [second] = take();
  assert.equal(second && receiptIn(second).place, undefined);
});

test("a receipt that finds no key for two retention times is forgotten, and its reader is not looked up any more", async () => {
  const { clock, receipts, owe, store, take, clockIs } = await setUp();
  const { retention } = parameters;
  const start = clock.now();
  await owe(1, 10, readerAt(10, { validUntil: start + 1000 }));
  await owe(2, 20, readerAt(20, { validUntil: start + 1000 + 2 * retention }));
  const asked = () => receipts.expired(clock.now()).map(({ mailboxId: id }) => id[0]);
  await clock.runUntil(milliseconds(start + 2 * retention));
  assert.deepEqual(asked(), [10], "not quite so long");
  clockIs.good = false;
  await clock.runFor(seconds(10));
  assert.deepEqual(asked(), [10, 20], "by a clock that is wrong nothing is forgotten");
  clockIs.good = true;
  assert.deepEqual(asked(), [20], "the other's key may still be used");
  await store.prune(milliseconds(clock.now() - 2 * retention));
  assert.equal(take().length, 1);
  assert.deepEqual(
    (await store.owedReceipts()).map(({ id }) => id),
    [],
  );
  // A repeated fragment makes it owed again, while it is remembered as seen.
  await owe(1, 10, readerAt(10, { validUntil: clock.now() + 1000 }));
  await clock.runFor(seconds(2));
  assert.equal(take().length, 1);
});

const DAY = 24 * 3_600_000;
const ofWriter = (n: number): Recipient => ({ ...readerAt(n), accountKey: new Uint8Array(32).fill(n) });
const destinationOf = ({ content }: Payload): string => toHex(content.destination.recipient);

/** Of which a packet says that they came. */
function messagesIn({ content }: Payload): MessageId[] {
  return receiptIn({ content }).entries.map(({ id }) => id);
}

function receiptIn({ content }: Pick<Payload, "content">): Receipt {
  return decodeReceipt(decodeFragment(geometry, content.plaintext).data.subarray(DIGEST_BYTES));
}

const WAIT = seconds(1);

async function setUp(owed: readonly OwedReceipt[] = [], clock = new VirtualClock()) {
  const store = new MemoryClientStore();
  if (owed.length > 0) store.owedReceipts = async () => [...owed];
  let order = 0;
  const list: { providers: readonly number[] } = { providers: [1, 2, 3] };
  const clockIs = { good: true };
  const own: { place: Place | undefined } = { place: undefined };
  const receipts = new Receipts({
    clock,
    store,
    quiet: new QuietTime({ clock, nextTick: () => undefined }),
    suite,
    geometry,
    parameters,
    padding: new SeededRandom("padding"),
    places: placesWith({ clock, store, parameters: { ...parameters, boxReplies: 2 }, list }),
    ownPlace: () => own.place,
    nextOrder: () => order++,
    isClockGood: () => clockIs.good,
    wait: () => WAIT,
    longestWait: seconds(20),
  });
  await receipts.load();
  const consume = async (message: number, place?: Place): Promise<SeenMessage> => {
    const seen = { id: idOf(message), at: clock.now(), proof: new Uint8Array(32), acknowledgeTo: undefined, place };
    await store.consume(seen);
    return seen;
  };
  const owe = async (message: number, mailbox: number, to = readerAt(mailbox)): Promise<void> =>
    receipts.owe(await consume(message), to);
  /** Every slot that could carry one takes it. */
  const take = () => [...receipts.contenders(clock.now())].map((contender) => contender.take());
  return { clock, receipts, store, consume, owe, take, list, own, clockIs };
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
