/** How a message leaves its reader's place for the mailbox. Spec: docs/spec/17-boxes.md §4 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SIM_PARAMETERS } from "#test/sim/world.ts";
import { placeOf, placesWith } from "#test/support/correspondents.ts";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import type { Place } from "#transport/box/place.ts";
import { LAST_REMINDER_WAIT, REMINDERS_MAX } from "#transport/client/limits.ts";
import { Outbox } from "#transport/client/outbox.ts";
import type { Outgoing } from "#transport/client/outgoing.ts";
import type { Payload } from "#transport/client/payload.ts";
import { NO_PROGRESS, type OutgoingMessage, type Recipient } from "#transport/client/store.ts";
import { toHex } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import { mailboxId, messageId, milliseconds, nodeId, seconds } from "#transport/core/units.ts";
import { decodeFragment, fragmentDataBytes } from "#transport/fragment/fragment.ts";
import { geometry as geometryOf } from "#transport/sphinx/geometry.ts";
import { QuietTime } from "#transport/traffic/quiet-time.ts";

const parameters = { ...SIM_PARAMETERS, boxReplies: 2 };
const geometry = geometryOf(parameters);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ID = messageId(new Uint8Array(16).fill(1));
const OTHER = messageId(new Uint8Array(16).fill(2));
const HOME = new Uint8Array(32).fill(90);
const BODY_BYTES = 3 * fragmentDataBytes(geometry) - 200;

test("fragments go to the place, and its provider is asked for them there", async () => {
  const { clock, open, add, leaves, questions } = await setUp();
  const outbox = await open();
  const place = placeOf(clock, 1);
  await add(outbox, place);
  for (let index = 0; index < 3; index++) assert.deepEqual(where(await leaves(outbox)), [1, toHex(place.boxId), index]);
  await clock.runFor(seconds(6));
  assert.deepEqual(
    questions.map(({ to, hashes }) => [to.place, hashes.length]),
    [[place, 3]],
  );
});

test("one question that finds nothing is bad luck; after two in a row what is not stored goes to the mailbox, and what was asked is forgotten", async () => {
  const world = await setUp();
  const { clock, open, add, leaves, leave, questions, answers, store } = world;
  const outbox = await open();
  await store.savePlace(reader.accountKey, placeOf(clock, 1));
  await add(outbox, placeOf(clock, 1));
  const [sent] = outbox.all() as [Outgoing];
  await leave(outbox, 3);
  answers.push([true, false, false]);
  await clock.runFor(seconds(12));
  assert.deepEqual([questions.length, sent.storedCount], [1, 1]);
  await leave(outbox, 2);
  answers.push([false, false, false, false]);
  await clock.runFor(seconds(12));
  assert.equal(questions.length, 2);
  assert.ok(sent.to.place, "once is bad luck");
  await leave(outbox, 2);
  answers.push([false, false, false, false, false, false]);
  await clock.runFor(seconds(12));
  assert.equal(questions.length, 3);
  assert.equal(sent.to.place, undefined);
  assert.deepEqual([sent.storedCount, sent.left], [1, 2], "the first is there, and does not go again");
  assert.equal(await store.place(reader.accountKey), undefined, "the next mail does not try there");

  for (const index of [1, 2]) assert.deepEqual(where(await leaves(outbox)), [9, toHex(HOME), index]);
  answers.push([true, true]);
  await clock.runFor(seconds(6));
  const { to, hashes } = questions.at(-1) as (typeof questions)[number];
  assert.deepEqual(
    [to.place, hashes.length],
    [undefined, 2],
    "one form of each, of those that were sent to the mailbox",
  );
  assert.equal(sent.delivery, "stored");
});

test("something new in between begins the count again", async () => {
  const { clock, open, add, leave, answers, questions } = await setUp();
  const outbox = await open();
  await add(outbox, placeOf(clock, 1));
  const [sent] = outbox.all() as [Outgoing];
  for (const found of [0, 1, 0, 1]) {
    await leave(outbox, sent.left);
    answers.push(Array.from({ length: 20 }, (_, i) => i < found));
    await clock.runFor(seconds(12));
  }
  assert.equal(questions.length, 4);
  assert.ok(sent.to.place);
});

test("a question that nobody answers, however often it was asked, counts like one that finds nothing; one that could not be asked does not", async () => {
  for (const [code, leavesIt] of [
    ["SERVICE_TIMEOUT", true],
    ["NO_CONSENSUS", false],
  ] as const) {
    const { clock, open, add, leave, answers, questions } = await setUp();
    const outbox = await open();
    await add(outbox, placeOf(clock, 1));
    await leave(outbox, 3);
    answers.push(new TransportError(code), new TransportError(code));
    await clock.runFor(seconds(11));
    assert.equal(questions.length, 2);
    assert.equal(outbox.all()[0]?.to.place === undefined, leavesIt, code);
  }
});

test("a place in its last hour, or whose provider is in no list, is left at once by what still has to go there, and by nothing by a clock that is not good", async () => {
  for (const what of ["over", "gone"]) {
    const { clock, open, add, leaves, leave, list, clockIs, store } = await setUp();
    const outbox = await open();
    await add(outbox, placeOf(clock, 1, 2 * HOUR));
    await leave(outbox, 1);
    if (what === "over") await clock.runFor(milliseconds(HOUR - 20_000));
    clockIs.good = false;
    if (what === "over") await clock.runFor(seconds(60));
    else list.providers = [2];
    outbox.listChanged();
    await clock.runFor(seconds(1));
    assert.equal(where(await leaves(outbox)), undefined, "nothing goes there any more");
    assert.ok(outbox.all()[0]?.to.place, "nor elsewhere, by such a clock");
    clockIs.good = true;
    outbox.listChanged();
    await clock.runFor(seconds(1));
    for (const index of [1, 2]) assert.deepEqual(where(await leaves(outbox)), [9, toHex(HOME), index]);
    await clock.runFor(seconds(5));
    assert.deepEqual(where(await leaves(outbox)), [9, toHex(HOME), 0], "what had left, at a time of its own");
    const [kept] = await store.outgoing();
    assert.equal(kept?.to.place, undefined);
  }
});

test("a place is left by the clock alone, when its last hour begins", async () => {
  const { clock, open, add } = await setUp();
  const outbox = await open();
  await add(outbox, placeOf(clock, 1, 2 * HOUR));
  await clock.runFor(milliseconds(HOUR - 1000));
  assert.ok(outbox.all()[0]?.to.place);
  await clock.runFor(seconds(2));
  assert.equal(outbox.all()[0]?.to.place, undefined);
});

test("a message that has left is on the disk as it is: after a crash the mailbox's provider is asked for nothing that the box was given", async () => {
  const { clock, open, add, leave, leaves, list, answers, questions } = await setUp();
  const outbox = await open();
  await add(outbox, placeOf(clock, 1));
  await leave(outbox, 3);
  answers.push([true, false, false]);
  await clock.runFor(seconds(12));
  list.providers = [2];
  outbox.listChanged();
  await clock.runFor(milliseconds(10));
  list.providers = [1, 2];
  questions.length = 0;
  const again = await open();
  const [sent] = again.all() as [Outgoing];
  assert.deepEqual([sent.to.place, sent.storedCount], [undefined, 1]);
  await clock.runFor(seconds(12));
  assert.equal(questions.length, 0, "nothing has left yet that it could be asked for");
  for (const index of [1, 2]) assert.deepEqual(where(await leaves(again)), [9, toHex(HOME), index]);
});

test("what was stored in a box whose provider is gone goes to the mailbox when no receipt comes, and is told as what it is", async () => {
  const { clock, open, add, leave, leaves, list, answers, progress } = await setUp();
  const outbox = await open();
  await add(outbox, placeOf(clock, 1));
  const [sent] = outbox.all() as [Outgoing];
  await leave(outbox, 3);
  answers.push([true, true, true]);
  await clock.runFor(seconds(7));
  assert.equal(sent.delivery, "stored");
  list.providers = [2];
  outbox.listChanged();
  await clock.runFor(seconds(1));
  assert.deepEqual([sent.to.place, sent.delivery, sent.left], [undefined, "stored", 0], "its reader may have it");
  await clock.runFor(seconds(30));
  assert.deepEqual([sent.delivery, sent.left], ["mixing", 3]);
  for (const index of [0, 1, 2]) assert.deepEqual(where(await leaves(outbox)), [9, toHex(HOME), index]);
  answers.push([true, true, true]);
  await clock.runFor(seconds(6));
  assert.equal(progress.at(-1), "stored");
});

test("a reminder that waits while its message leaves goes with the rest, and is asked for: it is not at the mailbox because it was in the box", async () => {
  const { clock, open, add, leave, leaves, list, answers, questions } = await setUp();
  const outbox = await open();
  await add(outbox, placeOf(clock, 1));
  const [sent] = outbox.all() as [Outgoing];
  await leave(outbox, 3);
  answers.push([true, true, true]);
  await clock.runFor(seconds(26));
  assert.equal(sent.left, 1);
  list.providers = [2];
  outbox.listChanged();
  await clock.runFor(seconds(1));
  await leaves(outbox);
  await clock.runFor(seconds(30));
  for (let n = 0; n < 3; n++) assert.equal(where(await leaves(outbox))?.[0], 9);
  await clock.runFor(seconds(6));
  assert.equal(questions.at(-1)?.hashes.length, 3);
});

test("what is stored in a box without a receipt when that is over goes to the mailbox with the next reminder: nobody may have the box", async () => {
  const { clock, open, add, leave, answers } = await setUp();
  const outbox = await open();
  await add(outbox, placeOf(clock, 1, 2 * HOUR));
  const [sent] = outbox.all() as [Outgoing];
  await leave(outbox, 3);
  answers.push([true, true, true]);
  for (let n = 0; n < 20; n++) {
    await clock.runFor(seconds(10));
    await leave(outbox, sent.left); // Reminders.
  }
  await clock.runFor(milliseconds(3 * HOUR));
  outbox.listChanged();
  await clock.runFor(seconds(60));
  assert.deepEqual([sent.to.place, sent.left], [undefined, 3]);
});

test("a packet in a slot while its message leaves counts as none: nobody is asked for it, and its fragment goes to the mailbox", async () => {
  const { clock, open, add, list, questions, answers } = await setUp();
  const outbox = await open();
  await add(outbox, placeOf(clock, 1));
  const inSlot = [...outbox.queue.contenders(clock.now())][0]?.take();
  list.providers = [2];
  outbox.listChanged();
  await clock.runFor(seconds(1));
  assert.equal([...outbox.queue.contenders(clock.now())].length, 1);
  inSlot?.settled({ hash: new Uint8Array(16).fill(200), tags: [], at: clock.now() });
  await clock.runFor(seconds(1));
  for (let index = 0; index < 3; index++) {
    const [next] = [...outbox.queue.contenders(clock.now())];
    assert.equal(toHex(next?.provider as Uint8Array), toHex(reader.providerId));
    next?.take().settled({ hash: new Uint8Array(16).fill(index), tags: [], at: clock.now() });
    await clock.runFor(milliseconds(100));
  }
  answers.push([true, true, true]);
  await clock.runFor(seconds(6));
  assert.deepEqual(
    questions.flatMap(({ hashes }) => hashes.map(([first]) => first)),
    [0, 1, 2],
  );
});

test("what is stored whole without a receipt goes to a newer place of its reader with a reminder that comes soon, also when none was left", async () => {
  const { clock, open, add, leaves, leave, answers, store } = await setUp();
  const outbox = await open();
  const [older, newest] = [placeOf(clock, 1), placeOf(clock, 2, 2 * DAY)];
  await add(outbox, older);
  const [unread] = outbox.all() as [Outgoing];
  await leave(outbox, 3);
  answers.push([true, true, true]);
  for (let n = 0; n < REMINDERS_MAX; n++) {
    await clock.runFor(seconds(25));
    await leave(outbox, 1);
  }
  await clock.runFor(seconds(1));
  await add(outbox, older, OTHER);
  await leave(outbox, 3);
  await clock.runUntilSettled(outbox.receipt({ id: OTHER, proof: new Uint8Array(32) }, newest), seconds(1));
  assert.deepEqual([unread.to.place, unread.left], [older, 0]);
  await clock.runFor(seconds(26));
  assert.deepEqual([unread.to.place, unread.left], [newest, 3]);
  for (let index = 0; index < 3; index++) {
    assert.deepEqual(where(await leaves(outbox)), [2, toHex(newest.boxId), index]);
  }
  const kept = (await store.outgoing()).find(({ id }) => id[0] === ID[0]);
  assert.deepEqual(kept?.to.place, newest);
});

test("after a start, too, a reminder finds the newer place; an older one, or one that may not be used, moves nothing", async () => {
  for (const [lasts, provider, moves] of [
    [2 * DAY, 2, true],
    [20 * HOUR, 2, false],
    [2 * DAY, 5, false],
  ] as const) {
    const { clock, open, add, leave, answers, store } = await setUp();
    const outbox = await open();
    const [place, known] = [placeOf(clock, 1), placeOf(clock, provider, lasts)];
    await add(outbox, place);
    await leave(outbox, 3);
    answers.push([true, true, true]);
    await clock.runFor(seconds(10));
    await store.savePlace(reader.accountKey, known);
    const again = await open();
    await clock.runFor(seconds(25));
    const [sent] = again.all() as [Outgoing];
    assert.deepEqual([sent.to.place, sent.left], moves ? [known, 3] : [place, 1]);
  }
});

test("what has no receipt when the last reminder is due goes to the mailbox, though its place may be used: it may give nothing", async () => {
  const { clock, open, add, leaves, leave, answers, clockIs, store } = await setUp();
  const outbox = await open();
  const place = placeOf(clock, 1, 7 * DAY);
  await store.savePlace(reader.accountKey, place);
  await add(outbox, place);
  const [sent] = outbox.all() as [Outgoing];
  await leave(outbox, 3);
  answers.push([true, true, true]);
  for (let n = 0; n < REMINDERS_MAX; n++) {
    await clock.runFor(seconds(25));
    assert.equal(where(await leaves(outbox))?.[0], 1);
  }
  await clock.runFor(milliseconds(LAST_REMINDER_WAIT - 60_000));
  assert.deepEqual([sent.to.place, sent.left], [place, 0]);
  clockIs.good = false;
  await clock.runFor(seconds(120));
  assert.deepEqual([sent.to.place, sent.left], [place, 0], "by a clock that is not good days are none");
  clockIs.good = true;
  await clock.runFor(seconds(26));
  assert.deepEqual([sent.to.place, sent.left], [undefined, 3]);
  for (let index = 0; index < 3; index++) assert.deepEqual(where(await leaves(outbox)), [9, toHex(HOME), index]);
  assert.deepEqual(await store.place(reader.accountKey), place, "others go on there: its reader may be away");
  answers.push([true, true, true]);
  await clock.runFor(seconds(6));
  for (let n = 0; n < REMINDERS_MAX - 1; n++) {
    await clock.runFor(seconds(25));
    assert.equal(where(await leaves(outbox))?.[0], 9);
  }
  await clock.runFor(milliseconds(LAST_REMINDER_WAIT + 1000));
  assert.equal(where(await leaves(outbox))?.[0], 9);
  await clock.runFor(milliseconds(10 * LAST_REMINDER_WAIT));
  assert.equal(sent.left, 0, "and that is all");
});

test("a last reminder that fell due while the program was off waits for what lies in the own box: the receipt may be there", async () => {
  const { clock, open, add, leave, answers } = await setUp();
  const before = await open();
  const place = placeOf(clock, 1, 9 * DAY);
  await add(before, place);
  await leave(before, 3);
  answers.push([true, true, true]);
  for (let n = 0; n < REMINDERS_MAX; n++) {
    await clock.runFor(seconds(25));
    await leave(before, 1);
  }
  await clock.runFor(seconds(1));
  await before.stop();
  await clock.runFor(milliseconds(LAST_REMINDER_WAIT + DAY));
  const outbox = await open();
  const [sent] = outbox.all() as [Outgoing];
  await clock.runFor(seconds(17));
  assert.deepEqual([sent.to.place, sent.left], [place, 0]);
  await clock.runFor(seconds(10));
  assert.deepEqual([sent.to.place, sent.left], [undefined, 3], "and goes then, if it is not");
});

test("a newer key of the reader changes no place, and one that comes while the place is left does not bring it back", async () => {
  const { clock, open, add, list, store } = await setUp();
  const outbox = await open();
  const place = placeOf(clock, 1);
  await add(outbox, place);
  await clock.runUntilSettled(outbox.readdress(newer(1)), seconds(1));
  assert.deepEqual(outbox.all()[0]?.to.place, place);
  assert.deepEqual((await store.outgoing())[0]?.to.place, place);
  const readdressed = outbox.readdress(newer(2));
  list.providers = [2];
  outbox.listChanged();
  await clock.runUntilSettled(readdressed, seconds(1));
  await clock.runFor(seconds(1));
  const [kept] = await store.outgoing();
  for (const to of [outbox.all()[0]?.to, kept?.to]) {
    assert.deepEqual([to?.place, to?.mailboxKey[0]], [undefined, 2]);
  }
});

test("sent again by its user, a message goes to the mailbox, whether or not a newer record came with it", async () => {
  for (const to of [undefined, { address: "newer" }]) {
    const { clock, open, add, leave, leaves, store } = await setUp();
    const outbox = await open();
    await add(outbox, placeOf(clock, 1));
    await leave(outbox, 3);
    await clock.runUntilSettled(outbox.retry(ID, to && { ...reader, ...to }), seconds(1));
    await clock.runFor(seconds(1));
    for (let index = 0; index < 3; index++) assert.deepEqual(where(await leaves(outbox)), [9, toHex(HOME), index]);
    assert.equal((await store.outgoing())[0]?.to.place, undefined);
  }
});

const reader: Recipient = {
  address: "reader@b.example",
  accountKey: new Uint8Array(32).fill(8),
  providerId: nodeId(new Uint8Array(32).fill(9)),
  mailboxId: mailboxId(HOME),
  mailboxKey: new Uint8Array(1216),
  validUntil: milliseconds(1e12),
};

const newer = (n: number): Recipient => ({
  ...reader,
  mailboxKey: new Uint8Array(1216).fill(n),
  validUntil: milliseconds(reader.validUntil + n),
});

/** Provider, recipient and index of what a slot takes. */
function where(taken: { provider: number; payload: Payload } | undefined): [number, string, number] | undefined {
  if (taken === undefined) return undefined;
  const { destination, plaintext } = taken.payload.content;
  return [taken.provider, toHex(destination.recipient), decodeFragment(geometry, plaintext).index];
}

async function setUp() {
  const clock = new VirtualClock();
  const store = new MemoryClientStore();
  const random = new SeededRandom("leaving");
  const questions: { to: Recipient; hashes: readonly Uint8Array[] }[] = [];
  /** To the coming questions; without one there is none. */
  const answers: (boolean[] | Error)[] = [];
  const progress: string[] = [];
  const clockIs = { good: true };
  const list: { providers: readonly number[] } = { providers: [1, 2, 3] };
  let packets = 0;
  const open = async (): Promise<Outbox> => {
    const outbox = new Outbox({
      clock,
      store,
      quiet: new QuietTime({ clock, nextTick: () => undefined }),
      geometry,
      parameters,
      padding: random,
      reliability: random,
      places: placesWith({ clock, store, parameters, list }),
      waits: {
        askWait: () => seconds(5),
        repeatWait: () => seconds(5),
        remindWait: (reminders) => milliseconds(reminders < REMINDERS_MAX ? 20_000 : LAST_REMINDER_WAIT),
        longest: { ask: seconds(100), repeat: seconds(100), remind: () => milliseconds(4 * DAY) },
      },
      nextOrder: () => 0,
      isClockGood: () => clockIs.good,
      have: async (to, hashes) => {
        questions.push({ to, hashes });
        const answer = answers.shift();
        if (answer === undefined) return new Promise(() => undefined);
        if (answer instanceof Error) throw answer;
        return answer;
      },
      onProgress: (outgoing) => progress.push(outgoing.delivery),
      onSent: () => undefined,
    });
    await outbox.load();
    await clock.runFor(seconds(1));
    return outbox;
  };
  /** Three fragments. */
  const add = async (outbox: Outbox, place: Place, id = ID): Promise<void> => {
    const message: OutgoingMessage = {
      id,
      to: { ...reader, place },
      bytes: BODY_BYTES,
      proof: new Uint8Array(32),
      queuedAt: clock.now(),
      progress: { ...NO_PROGRESS, deadline: milliseconds(1e12) },
      fragments: [0, 1, 2].map(() => ({ state: "waiting", notBefore: milliseconds(0), attempts: 0, hashes: [] })),
    };
    const data = [0, 1, 2].map(() => new Uint8Array(42));
    await clock.runUntilSettled(outbox.add({ message, data }), seconds(1));
    await clock.runFor(milliseconds(100));
  };
  /** What the next slot takes; it leaves. */
  const leaves = async (outbox: Outbox) => {
    const [next] = [...outbox.queue.contenders(clock.now())];
    if (next === undefined) return undefined;
    const payload = next.take();
    payload.settled({ hash: new Uint8Array(16).fill(packets++), tags: [], at: clock.now() });
    await clock.runFor(milliseconds(100));
    return { provider: next.provider[0] as number, payload };
  };
  const leave = async (outbox: Outbox, count: number): Promise<void> => {
    for (let n = 0; n < count; n++) assert.ok(await leaves(outbox), "something waits");
  };
  return { clock, store, open, add, leaves, leave, questions, answers, progress, clockIs, list };
}
