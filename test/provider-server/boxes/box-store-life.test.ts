/** When boxes and what is in them end, and what a restart or a backup leaves of them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { skipNumbersInUse } from "#provider-server/mailbox/after-restore.ts";
import { SWEEP_INTERVAL, SWEEP_ROWS_MAX } from "#provider-server/mailbox/limits.ts";
import type { Milliseconds } from "#transport/core/units.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";
import { alice, boxOf, boxScene, DAY, LIFETIME, phone, RETENTION, secret } from "./box-scene.ts";

const BOX = boxOf(1);

test("what comes after a box's end is dropped; what is in it is given for one retention more, and then all of it goes", async () => {
  const { boxes, reader, deliver, take, have, drops, commit, rows, leap, knownTime } = boxScene();
  const { until } = boxes.open(alice.secret);
  boxes.open(secret(2));
  await leap(LIFETIME - 3 * SWEEP_INTERVAL);
  boxes.open(secret(3));
  deliver(BOX, 1);
  await commit();
  await leap(SWEEP_INTERVAL);
  assert.ok(Number(knownTime()) > Number(until));
  deliver(BOX, 2);
  await commit();
  assert.deepEqual(drops, ["BOX_OVER"]);
  assert.deepEqual(have(BOX, 1, 2), [true, false]);
  assert.deepEqual(boxes.open(alice.secret), { until }, "it is no new box");
  await leap(RETENTION - 3_600_000);
  assert.deepEqual(take(reader(alice), 1), [[1, 1]]);
  await leap(3_600_000);
  assert.deepEqual(take(reader(alice), 1), ["unknown"]);
  assert.equal(boxes.count, 1, "the third is younger");
  assert.deepEqual(["mailboxes", "entries", "hashes", "box_readers"].map(rows), [1, 0, 0, 0]);
  deliver(BOX, 3);
  await commit();
  assert.equal(drops.at(-1), "MAILBOX_UNKNOWN");
});

test("an entry goes after one retention, whoever has not passed it", async () => {
  const { boxes, reader, deliver, take, commit, leap } = boxScene();
  boxes.open(alice.secret);
  deliver(BOX, 1);
  await commit();
  await leap(DAY);
  deliver(BOX, 2);
  await commit();
  await leap(RETENTION - DAY / 2);
  assert.deepEqual(take(reader(alice), 2), [[2, 2], { next: 2 }]);
});

test("a full box that is over goes in pieces, so that no packet waits for all of it", async () => {
  const { boxes, clock, database, deliver, rows, leap } = boxScene({ boxFragments: 4000 });
  boxes.open(alice.secret);
  for (let n = 0; n < 2.5 * SWEEP_ROWS_MAX; n++) deliver(BOX, n);
  await clock.runFor(seconds(2));
  // As if all of it were young: only the box's own end makes it go.
  for (const table of ["entries", "hashes"]) database.prepare(`UPDATE ${table} SET arrived_hour = 1000000`).run();
  const leaping = leap(LIFETIME + RETENTION);
  const steps: number[] = [];
  let before = 0;
  const look = (): void => {
    const left = rows("entries") + rows("hashes");
    if (before > 0) steps.push(before - left);
    before = left;
    clock.at(milliseconds(clock.now() + 10), look);
  };
  look();
  await leaping;
  assert.ok(Math.max(...steps) <= 2 * SWEEP_ROWS_MAX, `${Math.max(...steps)} at once`);
  assert.deepEqual(["boxes", "mailboxes", "entries", "hashes"].map(rows), [0, 0, 0, 0]);
});

test("by a clock that nobody has confirmed since the start no box is over and none is deleted", async () => {
  const known: { time: Milliseconds | undefined } = { time: undefined };
  const { boxes, clock, reader, deliver, take, commit, drops } = boxScene({ knownTime: () => known.time });
  const until = Number(boxes.open(alice.secret).until);
  await clock.runFor(milliseconds(2 * SWEEP_INTERVAL));
  deliver(BOX, 1);
  await commit();
  assert.deepEqual([take(reader(alice), 1), drops], [[[1, 1]], []]);
  known.time = milliseconds(until + RETENTION + 1);
  await clock.runFor(milliseconds(2 * SWEEP_INTERVAL));
  assert.equal(boxes.count, 0);
});

test("after a restart every reader goes on where it was, and gets again what may have been lost", async () => {
  const before = boxScene();
  const { until } = before.boxes.open(alice.secret);
  for (let n = 1; n <= 3; n++) before.deliver(BOX, n);
  before.reader(phone);
  await before.commit();
  before.reader(alice, 1);
  assert.deepEqual(before.take(before.reader(alice, 1), 1), [[2, 2]]);
  await before.commit();
  const { boxes, reader, take, rows, commit, leap } = boxScene({ database: before.database, clock: before.clock });
  assert.deepEqual(boxes.open(alice.secret), { until });
  assert.deepEqual(take(reader(alice, 1), 3), [[2, 2], [3, 3], { next: 2 }]);
  for (const time of [10, 5]) {
    await leap(time * DAY);
    reader(phone, 3);
    reader(alice, 1);
    await commit();
  }
  assert.equal(rows("entries"), 2, "the phone's cursor moved, alice's was not forgotten");
});

test("after a backup was put back, what comes reaches a reader whose cursor is ahead, once the numbers were raised", async () => {
  for (const isRaised of [true, false]) {
    const { boxes, reader, deliver, take, commit, database } = boxScene();
    boxes.open(alice.secret);
    deliver(BOX, 1);
    await commit();
    // Before the restoration seven were collected; the backup knows of one.
    if (isRaised) assert.equal(skipNumbersInUse(database), 1);
    reader(alice, 7);
    deliver(BOX, 2);
    await commit();
    const [answer] = take(reader(alice, 7), 1);
    // Without it the entry would count as collected.
    assert.deepEqual(answer, isRaised ? [2 ** 32 + 2, 2] : { next: 3 });
  }
});
