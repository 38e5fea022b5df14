import assert from "node:assert/strict";
import { test } from "node:test";
import { ENTRIES_IN_WORK_MAX } from "#transport/client/limits.ts";
import { encodeReceipt, type ReceiptEntry } from "#transport/client/receipt.ts";
import type { IncomingFragment, SeenMessage } from "#transport/client/store.ts";
import { encodePlace, type Place } from "#transport/box/place.ts";
import { concat, toHex } from "#transport/core/bytes.ts";
import { milliseconds, seconds, surbId } from "#transport/core/units.ts";
import { openSeal } from "#transport/fragment/seal.ts";
import { split } from "#transport/fragment/split.ts";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SIM_PARAMETERS } from "#test/sim/world.ts";
import { geometry, mailboxKey, messageOf, newId, PLACE, random, sealed, setUp, suite, WRITER } from "./inbox-scene.ts";

test("a message that was consumed is not offered again when it comes again; who acknowledged it owes its receipt again", async () => {
  const { take, inbox, store, offered, again } = await setUp();
  const [name, body] = [newId(), random.bytes(5_000)];
  await take(messageOf(name, body));
  await inbox.consumed(name);
  const { proof } = (await store.seen(name)) as SeenMessage;
  await store.oweReceipt({ id: name, proof, to: WRITER, dueAt: milliseconds(0) });
  await take(messageOf(name, body));
  assert.equal(offered.length, 1);
  assert.deepEqual(await store.incoming(), []);
  assert.ok(again.length > 0 && again.every((seen) => seen.acknowledgeTo !== undefined));
});

test("an entry that the disk refuses is dealt with when it comes again, and those behind it with it", async () => {
  const { take, inbox, store, offered } = await setUp();
  const entries = messageOf(newId(), random.bytes(5_000));
  store.refusal = new Error("full");
  await take(entries);
  assert.equal(inbox.cursor, 0);
  store.refusal = undefined;
  await take(entries, 1);
  assert.equal(inbox.cursor, entries.length);
  assert.equal(offered.length, 1);
});

test("what comes behind an entry that could not be kept does not pass it: not before the provider begins again at the cursor", async () => {
  const { give, notices } = await setUp();
  notices.refused = 2;
  assert.equal(await give(1, 2, 3, 4), 1, "two is refused, and three was in work behind it");
  assert.equal(await give(5, 6), 1);
  assert.equal(await give(2, 3, 4), 1, "refused again");
  notices.refused = undefined;
  assert.equal(await give(5), 1);
  assert.equal(await give(2, 3, 7), 7);
  assert.deepEqual(notices.taken, [1, 2, 3, 7]);
});

test("when the entry that could not be kept is gone, the inbox goes on behind it at the second turn", async () => {
  const { give, notices } = await setUp();
  notices.refused = 1;
  assert.equal(await give(1), 0);
  assert.equal(await give(2, 3), 0, "one may come yet");
  assert.equal(await give(2, 3), 3);
});

test("a message that is whole on the disk, but cannot be read from it for a while, is offered without another start", async () => {
  const { take, clock, inbox, store, offered } = await setUp();
  const entries = messageOf(newId(), random.bytes(5_000));
  store.damage = new Error("no answer");
  await take(entries);
  assert.equal(inbox.cursor, entries.length, "nothing of it comes again");
  await clock.runFor(seconds(80));
  assert.equal(offered.length, 0);
  store.damage = undefined;
  await clock.runFor(seconds(120));
  assert.equal(offered.length, 1);
  await clock.runFor(seconds(3600));
  assert.equal(offered.length, 1, "once");
});

test("entries that a provider makes up do not pile up: what finds no place comes again", async () => {
  const { inbox, clock } = await setUp();
  const body = new Uint8Array(geometry.payloadBytes);
  const flood = (): void => {
    for (let cursor = inbox.cursor + 1; cursor <= 500; cursor++) {
      inbox.take({ cursor, kind: "fragment", surbId: surbId(new Uint8Array(16)), body });
    }
  };
  flood();
  await clock.runUntilSettled(inbox.idle(), seconds(10));
  assert.equal(inbox.cursor, ENTRIES_IN_WORK_MAX);
  flood();
  await clock.runUntilSettled(inbox.idle(), seconds(10));
  assert.equal(inbox.cursor, 2 * ENTRIES_IN_WORK_MAX);
});

test("incomplete messages are bounded in number, however little each holds; the oldest goes", async () => {
  const parameters = { ...SIM_PARAMETERS, messageBytesMax: 6_000 };
  const { take, store } = await setUp(parameters);
  const names = Array.from({ length: 30 }, newId);
  // Of each only the last fragment, which carries few bytes.
  for (const name of names) await take(messageOf(name, random.bytes(5_300), parameters).slice(-1));
  const kept = (await store.incoming()).map(({ id }) => toHex(id));
  assert.ok(kept.length <= 12, `${kept.length} are kept`);
  assert.deepEqual(kept, names.slice(-kept.length).map(toHex));
});

test("a flood of beginnings removes what has waited longest for a fragment, never a message that is still coming", async () => {
  const parameters = { ...SIM_PARAMETERS, messageBytesMax: 30_000 };
  const { take, store, offered } = await setUp(parameters);
  const [slow, abandoned] = [newId(), newId()];
  const body = random.bytes(29_000);
  const pieces = messageOf(slow, body, parameters);
  await take(messageOf(abandoned, body, parameters).slice(0, 1));
  for (const piece of pieces) {
    // Between two fragments of the honest one come fifteen beginnings; together they are several times what is kept.
    for (let n = 0; n < 15; n++) await take(messageOf(newId(), random.bytes(5_000), parameters).slice(0, 1));
    await take([piece]);
  }
  assert.deepEqual(offered, [body]);
  const kept = (await store.incoming()).map(({ id }) => toHex(id));
  assert.ok(!kept.includes(toHex(abandoned)), "what nobody went on with is gone");
});

test("whole messages that nobody took, however many, leave those that are still coming their room, also after a start", async () => {
  const parameters = { ...SIM_PARAMETERS, messageBytesMax: 30_000 };
  const before = await setUp(parameters);
  for (let n = 0; n < 10; n++) await before.take(messageOf(newId(), random.bytes(30_000), parameters));
  assert.equal(before.offered.length, 10);
  const again = await setUp(parameters, before.store, { isLoaded: false });
  await again.clock.runUntilSettled(again.inbox.load(), seconds(10));
  for (const { take, offered } of [before, again]) {
    const bodies = [random.bytes(20_000), random.bytes(20_000)] as const;
    const [one, two] = bodies.map((body) => messageOf(newId(), body, parameters)) as [Uint8Array[], Uint8Array[]];
    await take(
      one.flatMap((piece, index) => [piece, two[index] as Uint8Array]),
      1000 + before.inbox.cursor,
    );
    assert.deepEqual(new Set(offered.slice(10).map(toHex)), new Set(bodies.map(toHex)));
  }
});

test("whom a receipt may go to is on the disk with the note that a message was taken: killed right after, it is owed when it comes again", async () => {
  const { take, inbox, store } = await setUp();
  const [name, body] = [newId(), random.bytes(5_000)];
  await take(messageOf(name, body));
  await inbox.consumed(name, WRITER);
  const { take: takeAgain, again } = await setUp(SIM_PARAMETERS, store);
  await takeAgain(messageOf(name, body).slice(0, 1), 100);
  assert.deepEqual([again.length, again[0]?.acknowledgeTo], [1, WRITER]);
});

test("while the clock cannot be right, what opens with no key waits; once it is, it is passed", async () => {
  const { take, inbox, clockIs } = await setUp();
  const junk = new Uint8Array(geometry.payloadBytes);
  clockIs.good = false;
  await take([junk]);
  assert.equal(inbox.cursor, 0);
  clockIs.good = true;
  await take([junk], 1);
  assert.equal(inbox.cursor, 1);
});

test("while the clock cannot be right, what devices tell one another waits: by it keys of now would be stepped past, and a box dropped", async () => {
  const { give, take, inbox, clockIs, notices, boxes } = await setUp();
  const body = random.bytes(104);
  const box = split({ suite, geometry, step: 8, kind: "box", messageId: newId(), body }).map(sealed);
  clockIs.good = false;
  assert.equal(await give(1, 2), 0);
  assert.deepEqual(notices.taken, []);
  clockIs.good = true;
  assert.equal(await give(1, 2), 2);
  assert.deepEqual(notices.taken, [1, 2]);
  clockIs.good = false;
  await take(box, 3);
  assert.deepEqual([inbox.cursor, boxes], [2, []]);
  clockIs.good = true;
  await take(box, 3);
  assert.deepEqual([inbox.cursor, boxes], [3, [body]]);
});

test("what comes before the store has been read waits for it: nothing is passed over, and the cursor does not go back", async () => {
  const before = await setUp();
  await before.give(9, 10);
  const { store } = before;
  const again = await setUp(SIM_PARAMETERS, store, { isLoaded: false });
  // Polled with the cursor of an empty store, the provider gives what another device has not collected, and what is new.
  await again.give(9, 10, 11);
  assert.deepEqual([again.notices.taken, await store.cursor()], [[], 10]);
  await again.inbox.load();
  assert.equal(await again.give(12), 10, "11 has not been dealt with");
  assert.equal(await again.give(11, 12), 12);
  assert.deepEqual(again.notices.taken, [11, 12]);
});

test("before an entry is opened the keys of its time are made: each entry, after however long a pause", async () => {
  let ready = 0;
  const { take, offered } = await setUp(SIM_PARAMETERS, new MemoryClientStore(), {
    makeReady: async () => void ready++,
    // What could be sealed to is made just before, or the entry would pass unopened.
    openSealed: (bytes) => (ready-- > 0 ? openSeal({ suite, geometry, mailboxKey, sealed: bytes }) : undefined),
  });
  await take(messageOf(newId(), random.bytes(5_000)));
  await take(messageOf(newId(), random.bytes(5_000)));
  assert.equal(offered.length, 2);
});

test("what the store forgets for its age is forgotten here too: sent again it is taken anew, whole, and handed over once", async () => {
  const { take, inbox, clock, store, offered } = await setUp();
  const [whole, half] = [newId(), newId()];
  const [first, second] = [random.bytes(5_000), random.bytes(5_000)];
  await take(messageOf(whole, first));
  await take(messageOf(half, second).slice(0, 1));
  assert.deepEqual(offered, [first]);
  await clock.runFor(seconds(100));
  const young = newId();
  await take(messageOf(young, second).slice(0, 1));
  await clock.runUntilSettled(inbox.prune(clock.now()), seconds(10));
  assert.deepEqual(
    (await store.incoming()).map(({ id }) => toHex(id)),
    [toHex(young)],
  );
  // The program holds it no more: nothing of it is offered, or tried again for ever.
  await inbox.offerAgain(whole);
  await take(messageOf(half, second).slice(1));
  await clock.runFor(seconds(3600));
  assert.equal(offered.length, 1);
  await take(messageOf(whole, first));
  await take(messageOf(half, second).slice(0, 1));
  await take(messageOf(young, second).slice(1));
  assert.deepEqual(offered.slice(1).map(toHex), [first, second, second].map(toHex));
  await inbox.consumed(whole);
  assert.ok(await store.seen(whole));
  await clock.runFor(seconds(7200));
  assert.equal(offered.length, 4, "each once");
});

test("a fragment in work while the store forgets is kept, with those before it", async () => {
  const store = new SlowStore();
  const { take, inbox, clock, offered } = await setUp(SIM_PARAMETERS, store);
  const [name, body] = [newId(), random.bytes(5_000)];
  const pieces = messageOf(name, body);
  await take(pieces.slice(0, 1));
  await clock.runFor(seconds(100));
  const now = clock.now();
  store.wait = () => new Promise((resolve) => clock.at(milliseconds(clock.now() + 20), resolve));
  const entry = { kind: "fragment", surbId: surbId(new Uint8Array(16)), body: pieces[1] as Uint8Array } as const;
  inbox.take({ cursor: 2, ...entry });
  await clock.runUntilSettled(inbox.prune(now), seconds(10));
  await clock.runUntilSettled(inbox.idle(), seconds(10));
  assert.deepEqual(
    (await store.incoming()).map(({ indexes }) => indexes),
    [[0, 1]],
  );
  await take(pieces, 3);
  assert.deepEqual(offered.map(toHex), [toHex(body)]);
});

test("a store that refuses to forget has forgotten nothing, and what comes next is taken all the same", async () => {
  const { take, inbox, clock, store, offered } = await setUp();
  const [name, body] = [newId(), random.bytes(5_000)];
  await take(messageOf(name, body).slice(0, 1));
  await clock.runFor(seconds(100));
  store.refusal = new Error("full");
  await assert.rejects(clock.runUntilSettled(inbox.prune(clock.now()), seconds(10)));
  store.refusal = undefined;
  await take(messageOf(name, body).slice(1));
  assert.deepEqual(offered, [body]);
});

test("the place that a message carries is kept from the moment it is consumed, also over a start before that", async () => {
  const { take, inbox, store, offered } = await setUp();
  const names = [newId(), newId(), newId()] as const;
  const body = random.bytes(5_000);
  await take(messageOf(names[0], body, SIM_PARAMETERS, PLACE));
  await take(messageOf(names[1], body));
  await take(messageOf(names[2], body, SIM_PARAMETERS, PLACE));
  assert.deepEqual(offered.map(toHex), [body, body, body].map(toHex), "without it");
  for (const name of names.slice(0, 2)) await inbox.consumed(name);
  assert.deepEqual((await store.seen(names[0]))?.place, PLACE);
  assert.equal((await store.seen(names[1]))?.place, undefined);
  const again = await setUp(SIM_PARAMETERS, store, { isLoaded: false });
  await again.clock.runUntilSettled(again.inbox.load(), seconds(10));
  await again.inbox.consumed(names[2]);
  assert.deepEqual((await store.seen(names[2]))?.place, PLACE);
});

test("a message that begins with no place, or is too short to, is none; one of the largest size behind its place is", async () => {
  const parameters = { ...SIM_PARAMETERS, messageBytesMax: 6_000 };
  const { take, store, offered, inbox } = await setUp(parameters);
  const cut = (bytes: Uint8Array): Uint8Array[] =>
    split({
      suite,
      geometry,
      step: parameters.fragmentStep,
      kind: "message",
      messageId: newId(),
      body: bytes,
    }).map(sealed);
  const half = encodePlace(PLACE).fill(0, 0, 32);
  for (const bytes of [new Uint8Array(0), new Uint8Array(71), concat(half, random.bytes(10)), new Uint8Array(6_073)]) {
    await take(cut(bytes));
  }
  assert.deepEqual([offered.length, await store.incoming()], [0, []]);
  assert.ok(inbox.cursor > 0, "and nothing waits for them");
  await take(cut(new Uint8Array(72)));
  await take(messageOf(newId(), random.bytes(6_000), parameters, PLACE));
  assert.deepEqual(
    offered.map(({ length }) => length),
    [0, 6_000],
  );
});

test("a receipt is told with the place that it names", async () => {
  const told: [ReceiptEntry, Place | undefined][] = [];
  const { take } = await setUp(SIM_PARAMETERS, new MemoryClientStore(), {
    onReceipt: async (entry, place) => void told.push([entry, place]),
  });
  const entries = [1, 2].map((n) => ({ id: newId(), proof: new Uint8Array(32).fill(n) }));
  for (const place of [PLACE, undefined]) {
    const body = encodeReceipt({ place, entries });
    await take(split({ suite, geometry, step: 8, kind: "receipt", messageId: newId(), body }).map(sealed));
  }
  const half = encodeReceipt({ place: PLACE, entries }).fill(0, 32, 64);
  await take(split({ suite, geometry, step: 8, kind: "receipt", messageId: newId(), body: half }).map(sealed));
  const [first, second] = entries as [ReceiptEntry, ReceiptEntry];
  assert.deepEqual(told, [
    [first, PLACE],
    [second, PLACE],
    [first, undefined],
    [second, undefined],
  ]);
});

/** As a disk that takes its time. */
class SlowStore extends MemoryClientStore {
  wait = async (): Promise<void> => undefined;

  override async acceptEntry(entry: { cursor: number; fragment?: IncomingFragment }): Promise<void> {
    await this.wait();
    await super.acceptEntry(entry);
  }
}
