import assert from "node:assert/strict";
import { test } from "node:test";
import { HAVES_MAX } from "#transport/client/limits.ts";
import { Outbox, type OutboxDeps } from "#transport/client/outbox.ts";
import { NO_PROGRESS, type OutgoingMessage, type Recipient } from "#transport/client/store.ts";
import { TransportError } from "#transport/core/errors.ts";
import { mailboxId, messageId, type Milliseconds, milliseconds, nodeId, seconds } from "#transport/core/units.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { QuietTime } from "#transport/traffic/quiet-time.ts";
import { placesWith } from "#test/support/correspondents.ts";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { SIM_PARAMETERS } from "#test/sim/world.ts";

const ID = messageId(new Uint8Array(16).fill(1));
const { retention } = SIM_PARAMETERS;

test("nothing is sealed to a key whose private half may be gone; the mail waits for the reader's next key", async () => {
  const { clock, open, add, until } = await setUp();
  const [outbox, now] = [await open(), clock.now()];
  await add(outbox, recipient(1, milliseconds(now + 1000)));
  assert.deepEqual(keyOfNext(outbox, until(1000)), 1, "a mail written just in time goes until its deadline");
  const late = until(1000 + retention);
  await clock.runUntil(late);
  await clock.runUntilSettled(outbox.retry(ID, undefined), seconds(1));
  await clock.runFor(seconds(1));
  assert.equal(keyOfNext(outbox, late), undefined);
  assert.ok(outbox.all().every((outgoing) => outbox.queue.waitsForKey(outgoing, late)));

  await clock.runUntilSettled(outbox.retry(ID, recipient(2, milliseconds(late + 1000))), seconds(1));
  await clock.runFor(seconds(1));
  assert.equal(keyOfNext(outbox, late), 2);
  assert.equal(keyOfNext(await open(), late), 2, "also after a start");
});

test("the provider is asked once however long its answer takes, and the program hears of a slot in a quiet moment", async () => {
  const { clock, open, add, questions, progress, tick } = await setUp();
  const outbox = await open();
  await add(outbox, recipient(1, milliseconds(clock.now() + 1e9)));
  const before = progress.length;
  tick.next = milliseconds(clock.now() + 5);
  takeNext(outbox, clock.now())?.settled({ hash: new Uint8Array(16), tags: [], at: clock.now() });
  await clock.runFor(milliseconds(4));
  assert.equal(progress.length, before, "a tick is due");
  tick.next = undefined;
  await clock.runFor(seconds(1));
  assert.equal(progress.length, before + 1);
  for (let time = 0; time < 20; time++) await clock.runFor(seconds(10));
  assert.equal(questions.length, 1);
});

test("the slots until a message is through are counted behind what waits, and the copies of a new one behind one another", async () => {
  const { clock, open, add } = await setUp();
  const outbox = await open();
  assert.equal(outbox.queue.slotsForNew({ fragments: 4, copies: 1 }), 4);
  assert.equal(outbox.queue.slotsForNew({ fragments: 4, copies: 5 }), 20);
  await add(outbox, recipient(1, milliseconds(clock.now() + 1e9)));
  const [waiting] = outbox.all();
  assert.ok(waiting);
  assert.equal(outbox.queue.slotsUntilThrough(waiting), waiting.left);
  assert.equal(outbox.queue.slotsForNew({ fragments: 1, copies: 3 }), waiting.left + 3);
});

test("a receipt that the disk refuses counts when it comes again, and what it means is on the disk then", async () => {
  const { clock, open, add, store, progress } = await setUp();
  const outbox = await open();
  await add(outbox, recipient(1, milliseconds(clock.now() + 1e9)));
  const receipt = { id: ID, proof: new Uint8Array(32) };
  store.refusal = new Error("full");
  await assert.rejects(outbox.receipt(receipt), /full/);
  assert.equal(outbox.all()[0]?.delivery, "queued");
  store.refusal = undefined;
  await clock.runUntilSettled(outbox.receipt(receipt), seconds(1));
  await clock.runFor(seconds(1));
  assert.equal(progress.at(-1), "delivered");
  assert.deepEqual(
    (await open()).all().map(({ delivery }) => delivery),
    ["delivered"],
    "also after a start",
  );
});

test("a message that the disk refuses is not queued: who was told that it is taken finds it after a crash", async () => {
  const { clock, store, open, add } = await setUp();
  const outbox = await open();
  store.refusal = new Error("full");
  await assert.rejects(add(outbox, recipient(1, milliseconds(clock.now() + 1e9))), /full/);
  assert.deepEqual(outbox.all(), []);
  assert.equal(await outbox.has(ID), false);
  store.refusal = undefined;
  await add(outbox, recipient(1, milliseconds(clock.now() + 1e9)));
  assert.equal((await open()).all().length, 1);
});

test("a message that is given twice at once is queued once", async () => {
  const { clock, open } = await setUp();
  const outbox = await open();
  const message = messageTo(recipient(1, milliseconds(1e12)), clock.now());
  const adding = [1, 2].map(() => outbox.add({ message, data: [new Uint8Array(42)] }));
  const [first, second] = await clock.runUntilSettled(Promise.all(adding), seconds(1));
  assert.equal(first, second);
});

test("no mail fails by a clock that the lists of nodes contradict; once it is right, what is late fails", async () => {
  const { clock, open, add, progress, clockIs } = await setUp();
  const outbox = await open();
  await add(outbox, recipient(1, milliseconds(1e12)));
  clockIs.good = false;
  await clock.runFor(milliseconds(retention + 3_600_000));
  assert.equal(outbox.all()[0]?.delivery, "queued");
  assert.ok(clock.ran < 1_000, `${clock.ran} tasks`);
  clockIs.good = true;
  await clock.runFor(seconds(120));
  assert.deepEqual([outbox.all()[0]?.delivery, progress.at(-1)], ["failed", "failed"]);
});

test("delivered mail is forgotten when the store forgets it, so that a program which runs for months does not grow", async () => {
  const { clock, open, add, clockIs } = await setUp();
  const outbox = await open();
  for (let day = 0; day < 10; day++) {
    const id = messageId(new Uint8Array(16).fill(100 + day));
    await add(outbox, recipient(1, milliseconds(1e12)), id);
    await clock.runUntilSettled(outbox.receipt({ id, proof: new Uint8Array(32) }), seconds(1));
    await clock.runFor(milliseconds(retention / 2));
  }
  clockIs.good = false;
  await add(outbox, recipient(1, milliseconds(1e12)));
  assert.equal(outbox.all().length, 5, "those of the last two retentions, and the new one");
  await clock.runFor(milliseconds(10 * retention));
  await add(outbox, recipient(1, milliseconds(1e12)), messageId(new Uint8Array(16).fill(99)));
  assert.equal(outbox.all().length, 6, "by a clock that is wrong nothing is forgotten");
});

test("after a start with a hundred questions due a few are open at a time, those due longest, and each has its turn though no answer comes", async () => {
  const asked: number[] = [];
  const open: ((error: Error) => void)[] = [];
  const have: OutboxDeps["have"] = (_to, hashes) => {
    asked.push(hashes[0]?.[0] as number);
    return new Promise((_, reject) => open.push(reject));
  };
  const { clock, open: start, store } = await setUp({ have });
  // The newest is due longest.
  for (let n = 1; n <= 100; n++) {
    const hashes = [new Uint8Array(16).fill(n)];
    const message = messageTo(recipient(1, milliseconds(1e12)), clock.now());
    const fragments = [{ state: "sent", notBefore: milliseconds(0), attempts: 1, hashes }] as const;
    const progress = { ...message.progress, askAt: milliseconds(1000 - n) };
    const id = messageId(new Uint8Array(16).fill(n));
    await store.addOutgoing({ ...message, id, progress, fragments }, [new Uint8Array(42)]);
  }
  await clock.runFor(seconds(2));
  await start();
  const before = clock.ran;
  await clock.runFor(seconds(60));
  const first = Array.from({ length: HAVES_MAX }, (_, i) => 100 - i);
  assert.deepEqual(
    asked.toSorted((a, b) => b - a),
    first,
  );
  assert.ok(clock.ran - before < 100, "those that wait are not looked at without end");
  // Those that are asked again come behind the others.
  for (let answer = 0; answer < 200; answer++) {
    open.shift()?.(new TransportError("SERVICE_TIMEOUT"));
    await clock.runFor(seconds(1));
    assert.equal(open.length, HAVES_MAX);
  }
  assert.deepEqual(new Set(asked), new Set(Array.from({ length: 100 }, (_, i) => i + 1)));
  const times = Map.groupBy(asked, (n) => n);
  assert.ok(
    [...times.values()].every(({ length }) => length >= 2 && length <= 3),
    "each as often as the others",
  );
});

test("a question whose message has its receipt meanwhile leaves its place to another that waits", async () => {
  const answers: ((present: boolean[]) => void)[] = [];
  const { clock, open, add, questions } = await setUp({ have: () => new Promise((resolve) => answers.push(resolve)) });
  const outbox = await open();
  for (let n = 1; n <= HAVES_MAX + 1; n++) {
    await add(outbox, recipient(1, milliseconds(1e12)), messageId(new Uint8Array(16).fill(n)));
    takeNext(outbox, clock.now())?.settled({ hash: new Uint8Array(16).fill(n), tags: [], at: clock.now() });
    await clock.runFor(seconds(1));
  }
  await clock.runFor(seconds(30));
  assert.equal(questions.length, HAVES_MAX);
  const receipt = { id: ID, proof: new Uint8Array(32) };
  await clock.runUntilSettled(outbox.receipt(receipt), seconds(1));
  await clock.runFor(seconds(30));
  assert.equal(questions.length, HAVES_MAX, "it is open until it has its answer");
  answers[0]?.([false]);
  await clock.runFor(seconds(1));
  assert.equal(questions.length, HAVES_MAX + 1);
});

function recipient(key: number, validUntil: Milliseconds): Recipient {
  return {
    address: "reader@b.example",
    accountKey: new Uint8Array(32),
    providerId: nodeId(new Uint8Array(32)),
    mailboxId: mailboxId(new Uint8Array(32)),
    mailboxKey: new Uint8Array(1216).fill(key),
    validUntil,
  };
}

function takeNext(outbox: Outbox, at: Milliseconds) {
  const [contender] = outbox.queue.contenders(at);
  return contender?.take();
}

/** Which key a slot would seal to now; the slot's packet does not leave. */
function keyOfNext(outbox: Outbox, at: Milliseconds): number | undefined {
  const payload = takeNext(outbox, at);
  payload?.settled(undefined);
  return payload?.content.mailboxKey[0];
}

const WITH_BOXES = { ...SIM_PARAMETERS, boxReplies: 2 };

async function setUp({ have = () => new Promise(() => undefined) }: Partial<Pick<OutboxDeps, "have">> = {}) {
  const clock = new VirtualClock();
  const store = new MemoryClientStore();
  const random = new SeededRandom("outbox");
  const questions: (readonly Uint8Array[])[] = [];
  const progress: string[] = [];
  const tick: { next: Milliseconds | undefined } = { next: undefined };
  const start = clock.now();
  const clockIs = { good: true };
  const list: { providers: readonly number[] } = { providers: [1, 2, 3] };
  /** A new program on the same disk. */
  const open = async (): Promise<Outbox> => {
    const outbox = new Outbox({
      clock,
      store,
      quiet: new QuietTime({ clock, nextTick: () => tick.next }),
      geometry: geometry(SIM_PARAMETERS),
      parameters: SIM_PARAMETERS,
      padding: random,
      reliability: random,
      places: placesWith({ clock, store, parameters: WITH_BOXES, list }),
      waits: {
        askWait: () => seconds(5),
        repeatWait: () => seconds(5),
        remindWait: () => seconds(5),
        longest: { ask: seconds(100), repeat: seconds(100), remind: () => seconds(100) },
      },
      nextOrder: () => 0,
      isClockGood: () => clockIs.good,
      have: (to, hashes) => {
        questions.push(hashes);
        return have(to, hashes);
      },
      onProgress: (outgoing) => progress.push(outgoing.delivery),
      onSent: () => undefined,
    });
    await outbox.load();
    await clock.runFor(seconds(1));
    return outbox;
  };
  const add = async (outbox: Outbox, to: Recipient, id = ID): Promise<void> => {
    const message = { ...messageTo(to, start), id };
    await clock.runUntilSettled(outbox.add({ message, data: [new Uint8Array(42)] }), seconds(1));
    await clock.runFor(milliseconds(100));
  };
  const until = (duration: number): Milliseconds => milliseconds(start + 1000 + duration);
  return { clock, store, open, add, until, questions, progress, tick, clockIs, list };
}

function messageTo(to: Recipient, queuedAt: Milliseconds): OutgoingMessage {
  return {
    id: ID,
    to,
    bytes: 10,
    proof: new Uint8Array(32),
    queuedAt,
    progress: { ...NO_PROGRESS, deadline: milliseconds(queuedAt + retention) },
    fragments: [{ state: "waiting", notBefore: milliseconds(0), attempts: 0, hashes: [] }],
  };
}
