/** What becomes of a message that is stored whole at its reader's place and has no receipt. Spec: docs/spec/17-boxes.md §4 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SIM_PARAMETERS } from "#test/sim/world.ts";
import { placeOf } from "#test/support/correspondents.ts";
import { LAST_REMINDER_WAIT, REMINDERS_MAX } from "#transport/client/limits.ts";
import type { Outgoing } from "#transport/client/outgoing.ts";
import { toHex } from "#transport/core/bytes.ts";
import { messageId, milliseconds, seconds } from "#transport/core/units.ts";
import { DAY, HOME, HOUR, ID, OTHER, reader, setUp, where } from "./leaving-world.ts";

test("what was stored in a box whose provider is gone goes to the mailbox when no receipt comes, and is told as what it is", async () => {
  const { clock, open, addStored, leaves, list, answers, progress } = await setUp();
  const outbox = await open();
  const sent = await addStored(outbox, placeOf(clock, 1));
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
  const { clock, open, addStored, leaves, list, questions } = await setUp();
  const outbox = await open();
  const sent = await addStored(outbox, placeOf(clock, 1));
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
  const { clock, open, addStored, leave } = await setUp();
  const outbox = await open();
  const sent = await addStored(outbox, placeOf(clock, 1, 2 * HOUR));
  for (let n = 0; n < 20; n++) {
    await clock.runFor(seconds(10));
    await leave(outbox, sent.left); // Reminders.
  }
  await clock.runFor(milliseconds(3 * HOUR));
  outbox.listChanged();
  await clock.runFor(seconds(60));
  assert.deepEqual([sent.to.place, sent.left], [undefined, 3]);
});

test("what is stored whole without a receipt goes to a newer place of its reader with a reminder that comes soon, also when none was left", async () => {
  const { clock, open, addStored, add, leaves, leave, store } = await setUp();
  const outbox = await open();
  const [older, newest] = [placeOf(clock, 1), placeOf(clock, 2, 2 * DAY)];
  const unread = await addStored(outbox, older);
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
    const { clock, open, addStored, store } = await setUp();
    const outbox = await open();
    const [place, known] = [placeOf(clock, 1), placeOf(clock, provider, lasts)];
    await addStored(outbox, place);
    await clock.runFor(seconds(10));
    await store.savePlace(reader.accountKey, known);
    const again = await open();
    await clock.runFor(seconds(25));
    const [sent] = again.all() as [Outgoing];
    assert.deepEqual([sent.to.place, sent.left], moves ? [known, 3] : [place, 1]);
  }
});

test("what has no receipt when the last reminder is due goes to the mailbox, though its place may be used: it may give nothing", async () => {
  const { clock, open, addStored, leaves, answers, clockIs, store } = await setUp();
  const outbox = await open();
  const place = placeOf(clock, 1, 7 * DAY);
  await store.savePlace(reader.accountKey, place);
  const sent = await addStored(outbox, place);
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
  const doubted = { ...place, isInDoubt: true };
  assert.deepEqual(await store.place(reader.accountKey), doubted, "others go on there: its reader may be away");
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
  const { clock, open, addStored, leave } = await setUp();
  const before = await open();
  const place = placeOf(clock, 1, 9 * DAY);
  await addStored(before, place);
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

test("what is stored and never confirmed is forgotten two retentions after the last that left of it, and a receipt counts until then", async () => {
  const { clock, open, add, leave, answers, store } = await setUp();
  const { retention } = SIM_PARAMETERS;
  const outbox = await open();
  for (const id of [ID, OTHER]) {
    await add(outbox, undefined, id);
    await leave(outbox, 3);
    answers.push([true, true, true]);
  }
  const [first, second] = outbox.all() as [Outgoing, Outgoing];
  await clock.runFor(seconds(6));
  for (let n = 0; n <= REMINDERS_MAX; n++) {
    await clock.runWhile(() => first.left + second.left < 2, milliseconds(4 * DAY));
    await leave(outbox, 2);
  }
  await clock.runFor(milliseconds(2 * retention - HOUR));
  const prune = (): Promise<unknown> => store.prune(milliseconds(clock.now() - 2 * retention));
  await prune();
  assert.equal((await store.outgoing()).length, 2);
  await clock.runUntilSettled(outbox.receipt({ id: OTHER, proof: new Uint8Array(32) }), seconds(1));
  assert.deepEqual([first.delivery, second.delivery], ["stored", "delivered"]);
  await clock.runFor(milliseconds(2 * HOUR));
  await prune();
  assert.deepEqual(
    (await store.outgoing()).map(({ id }) => id),
    [OTHER],
  );
  await assert.rejects(store.outgoingData(ID, 0));
  await clock.runUntilSettled(outbox.retry(ID, undefined), seconds(1));
  assert.equal(first.delivery, "stored", "there is nothing left to send");
  await add(outbox, undefined, messageId(new Uint8Array(16).fill(3)));
  assert.deepEqual([outbox.one(ID), outbox.one(OTHER)], [undefined, second], "nor is it in memory");
});

test("what was stored in a box that is over goes to the mailbox, though its writer was off beyond the deadline, and has a whole retention for it", async () => {
  const { clock, open, addStored, leave, answers, store } = await setUp();
  const { retention } = SIM_PARAMETERS;
  const before = await open();
  await addStored(before, placeOf(clock, 1, 2 * HOUR), milliseconds(clock.now() + retention));
  await clock.runFor(seconds(10));
  await before.stop();
  await clock.runFor(milliseconds(retention + DAY));
  const outbox = await open();
  const [sent] = outbox.all() as [Outgoing];
  await clock.runFor(seconds(30));
  assert.deepEqual([sent.to.place, sent.delivery, sent.left], [undefined, "mixing", 3]);
  const [kept] = await store.outgoing();
  assert.ok(Math.abs((kept?.progress.deadline ?? 0) - clock.now() - retention) < 60_000);
  await leave(outbox, 2);
  await clock.runFor(milliseconds(retention - HOUR));
  assert.equal(sent.delivery, "mixing");
  await leave(outbox, 1);
  answers.push([true, true, true]);
  await clock.runFor(seconds(10));
  assert.equal(sent.delivery, "stored");
});

test("what goes again from a box that is over and is not stored by its new deadline fails then", async () => {
  const { clock, open, addStored, progress } = await setUp();
  const { retention } = SIM_PARAMETERS;
  const outbox = await open();
  const sent = await addStored(outbox, placeOf(clock, 1, 2 * HOUR), milliseconds(clock.now() + retention));
  await clock.runFor(seconds(10));
  assert.equal(sent.delivery, "stored");
  await clock.runWhile(() => sent.left < 3, milliseconds(2 * HOUR));
  await clock.runFor(milliseconds(retention - HOUR / 4));
  assert.equal(sent.delivery, "mixing", "the first deadline has passed");
  await clock.runFor(milliseconds(HOUR / 2));
  assert.deepEqual([sent.delivery, progress.at(-1)], ["failed", "failed"]);
});
