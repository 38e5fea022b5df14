/** How a message leaves its reader's place for the mailbox. Spec: docs/spec/17-boxes.md §4 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { placeOf } from "#test/support/correspondents.ts";
import type { Outgoing } from "#transport/client/outgoing.ts";
import { toHex } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";
import { HOME, HOUR, ID, newer, reader, setUp, where } from "./leaving-world.ts";

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
