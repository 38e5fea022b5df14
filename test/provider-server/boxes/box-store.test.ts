import assert from "node:assert/strict";
import { test } from "node:test";
import { READERS_PER_BOX_MAX } from "#provider-server/boxes/limits.ts";
import { milliseconds, surbId } from "#transport/core/units.ts";
import {
  alice,
  boxOf,
  boxScene,
  DAY,
  LIFETIME,
  LOST_AFTER,
  payload,
  phone,
  RETENTION,
  SEALED_BYTES,
  secret,
} from "./box-scene.ts";

const BOX = boxOf(1);

test("a box that is opened takes entries until its life is over; opening it again is answered alike", async () => {
  const { boxes, clock, deliver, have, commit, leap } = boxScene();
  const { until } = boxes.open(alice.secret);
  assert.equal(until, clock.now() + LIFETIME);
  await leap(3 * DAY);
  assert.deepEqual(boxes.open(alice.secret), { until });
  deliver(BOX, 1);
  await commit();
  assert.deepEqual(have(BOX, 1, 2), [true, false]);
  assert.equal(boxes.count, 1);
});

test("entries are given in the order of arrival, without the end of the payload that belongs to no seal", async () => {
  const { boxes, reader, deliver, take, commit } = boxScene();
  boxes.open(alice.secret);
  for (const n of [7, 8, 9]) deliver(BOX, n);
  await commit();
  const asked = reader(alice);
  const first = boxes.take(asked);
  assert.ok(first.what === "entry");
  assert.deepEqual([first.next, first.number], [1, 1]);
  assert.deepEqual([...first.sealed], [...payload(7).subarray(0, SEALED_BYTES)]);
  assert.deepEqual(take(asked, 3), [[2, 8], [3, 9], { next: 1 }]);
});

test("what differs only behind the seal is another fragment for `have`, and is stored beside the first", async () => {
  const { boxes, mailboxes, reader, take, commit } = boxScene();
  boxes.open(alice.secret);
  const hashes = [1, 2].map((fill) => new Uint8Array(16).fill(fill));
  for (const hash of hashes) {
    mailboxes.deliver({ mailboxId: BOX, kind: "fragment", surbId: surbId(new Uint8Array(16)), body: payload(5), hash });
  }
  await commit();
  assert.deepEqual(mailboxes.have(BOX, hashes), [true, true]);
  assert.deepEqual(take(reader(alice), 2), [
    [1, 5],
    [2, 5],
  ]);
});

test("an entry that came after the request is in the answer, and one that is not committed is not", async () => {
  const { boxes, reader, deliver, take, commit } = boxScene();
  boxes.open(alice.secret);
  const asked = reader(alice);
  deliver(BOX, 1);
  assert.deepEqual(take(asked, 1), [{ next: 1 }]);
  await commit();
  assert.deepEqual(take(asked, 1), [[1, 1]]);
});

test("what a reader says it has taken is not given, also behind gaps", async () => {
  const { boxes, reader, deliver, take, commit } = boxScene();
  boxes.open(alice.secret);
  for (let n = 1; n <= 6; n++) deliver(BOX, n);
  await commit();
  assert.deepEqual(take(reader(alice, 1, [2, 4, 5]), 3), [[3, 3], [6, 6], { next: 2 }]);
});

test("of entries farther ahead than a collect has bits, none is taken for had", async () => {
  const { boxes, reader, deliver, take, commit } = boxScene();
  boxes.open(alice.secret);
  for (let n = 1; n <= 66; n++) deliver(BOX, n);
  await commit();
  const taken = Array.from({ length: 64 }, (_, i) => i + 1);
  assert.deepEqual(take(reader(alice, 0, taken), 3), [[65, 65], [66, 66], { next: 1 }]);
});

test("requests under way at the same time are given different entries", async () => {
  const { boxes, reader, deliver, take, commit } = boxScene();
  boxes.open(alice.secret);
  for (let n = 1; n <= 4; n++) deliver(BOX, n);
  await commit();
  const [first, second] = [reader(alice), reader(alice)];
  const numbers = [first, second, first, second].flatMap((one) => take(one, 1));
  assert.deepEqual(numbers, [
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 4],
  ]);
});

test("an answer that was lost is given again once the newest request would have said that it came, and no sooner", async () => {
  const { boxes, clock, reader, deliver, take, commit } = boxScene();
  boxes.open(alice.secret);
  deliver(BOX, 1);
  await commit();
  assert.deepEqual(take(reader(alice), 1), [[1, 1]]);
  const given = clock.now();
  await clock.runUntil(milliseconds(given + LOST_AFTER - 1));
  const early = reader(alice);
  await clock.runFor(milliseconds(2));
  // So long after it was given; but the request came before.
  assert.deepEqual(take(early, 1), [{ next: 1 }]);
  assert.deepEqual(take(reader(alice), 2), [[1, 1], { next: 1 }]);
});

test("each reader gets everything; what all have passed goes after two weeks, for whom a device was that is off", async () => {
  const { boxes, reader, deliver, take, commit, rows, have, leap } = boxScene();
  boxes.open(alice.secret);
  reader(phone);
  for (const n of [1, 2]) deliver(BOX, n);
  await commit();
  for (const who of [alice, phone]) {
    assert.deepEqual(take(reader(who), 3), [[1, 1], [2, 2], { next: 1 }]);
  }
  reader(alice, 2);
  reader(phone, 1);
  await commit();
  assert.equal(rows("entries"), 2);
  assert.deepEqual(
    take(reader({ ...alice, device: 3 }), 2),
    [
      [1, 1],
      [2, 2],
    ],
    "a device that comes later",
  );
  for (const time of [10, 5]) {
    await leap(time * DAY);
    for (const who of [alice, { ...alice, device: 3 }]) reader(who, 2);
    reader(phone, 1);
    await commit();
  }
  assert.equal(rows("entries"), 1, "the phone has not passed the second");
  assert.deepEqual(take(reader(phone, 1), 2), [[2, 2], { next: 2 }]);
  reader(phone, 2);
  await commit();
  assert.equal(rows("entries"), 0);
  assert.deepEqual(take(reader(alice, 2), 1), [{ next: 3 }]);
  assert.deepEqual(have(BOX, 1, 2), [true, true], "what was collected was here");
});

test("in a full box what all readers have passed makes room, oldest first, and nothing else does", async () => {
  const { boxes, reader, deliver, take, commit, drops, have } = boxScene({ boxFragments: 3 });
  boxes.open(alice.secret);
  for (const n of [1, 2, 3]) deliver(BOX, n);
  reader(phone, 0);
  reader(alice, 0);
  await commit();
  reader(alice, 3);
  reader(phone, 2);
  await commit();
  deliver(BOX, 3);
  for (const n of [4, 5, 6]) deliver(BOX, n);
  await commit();
  assert.deepEqual(drops, ["DUPLICATE", "MAILBOX_FULL"]);
  assert.deepEqual(have(BOX, 4, 5, 6), [true, true, false]);
  assert.deepEqual(take(reader(phone, 2), 4), [[3, 3], [4, 4], [5, 5], { next: 3 }]);
});

test("a reader that has not collected for two weeks keeps nothing from going", async () => {
  const { boxes, reader, deliver, commit, rows, leap } = boxScene();
  boxes.open(alice.secret);
  reader(phone);
  deliver(BOX, 1);
  await commit();
  await leap(13 * DAY);
  reader(alice, 1);
  await commit();
  assert.equal(rows("entries"), 1);
  await leap(2 * DAY);
  reader(alice, 1);
  await commit();
  assert.equal(rows("entries"), 0);
});

test("a box has so many readers and no more; for one more it does not exist", async () => {
  const { boxes, reader, take, deliver, commit, rows } = boxScene();
  boxes.open(alice.secret);
  deliver(BOX, 1);
  await commit();
  for (let i = 0; i < READERS_PER_BOX_MAX; i++) {
    assert.deepEqual(take(reader({ ...alice, device: i }), 1), [[1, 1]]);
  }
  for (let i = 0; i < 50; i++) assert.deepEqual(take(reader({ ...alice, device: 100 + i }), 1), ["unknown"]);
  assert.equal(rows("box_readers"), READERS_PER_BOX_MAX);
  assert.deepEqual(take(reader({ ...alice, device: 0 }, 1), 1), [{ next: 2 }], "those that are in stay in");
});

test("a cursor beyond the last entry deletes nothing that comes later", async () => {
  const { boxes, reader, deliver, take, commit } = boxScene();
  boxes.open(alice.secret);
  assert.deepEqual(take(reader(alice, Number.MAX_SAFE_INTEGER), 1), [{ next: 1 }]);
  await commit();
  deliver(BOX, 1);
  await commit();
  reader(phone, 1);
  await commit();
  assert.deepEqual(take(reader(alice), 1), [[1, 1]]);
});

test("a cursor beyond the last entry counts as the last one: what comes until its next collect is given", async () => {
  const { boxes, reader, deliver, take, commit } = boxScene();
  boxes.open(alice.secret);
  const ahead = reader(alice, 1000);
  deliver(BOX, 1);
  await commit();
  assert.deepEqual(take(ahead, 1), [[1, 1]]);
});

test("a full box takes no more until something was collected, and others still do", async () => {
  const { boxes, reader, deliver, drops, have, commit } = boxScene({ boxFragments: 2 });
  boxes.open(alice.secret);
  boxes.open(secret(2));
  for (const n of [1, 2, 3, 4]) deliver(BOX, n);
  deliver(boxOf(2), 1);
  await commit();
  assert.deepEqual(drops, ["MAILBOX_FULL", "MAILBOX_FULL"]);
  assert.deepEqual(have(boxOf(2), 1), [true]);
  reader(alice, 1);
  deliver(BOX, 3);
  await commit();
  assert.deepEqual(have(BOX, 3, 4), [true, false]);
});

test("a provider that has as many boxes as it keeps says so, and goes on answering for those it has", async () => {
  const { boxes, leap } = boxScene({ boxesMax: 2 });
  const first = boxes.open(secret(1));
  boxes.open(secret(2));
  assert.deepEqual(boxes.open(secret(3)), { until: undefined });
  assert.deepEqual(boxes.open(secret(1)), first);
  await leap(LIFETIME + RETENTION);
  assert.ok(boxes.open(secret(3)).until !== undefined, "there is room again");
});

test("a full disk opens no box and lets in no new reader, and those who are in still collect", async () => {
  const { boxes, database, reader, ask, take, deliver, commit, lines } = boxScene();
  boxes.open(alice.secret);
  deliver(BOX, 1);
  reader(alice);
  await commit();
  database.limitPages(database.pages);
  let opened = 0;
  while (boxes.open(secret(10 + opened)).until !== undefined && opened < 2000) opened++;
  assert.ok(opened < 2000);
  assert.equal(boxes.count, opened + 1, "what was answered is there, what was not is not");
  const answers = Array.from({ length: READERS_PER_BOX_MAX - 1 }, (_, i) => ask({ ...alice, device: 2 + i }));
  assert.ok(answers.every((answer) => answer !== undefined));
  assert.deepEqual(take(reader(alice), 1), [[1, 1]]);
  assert.equal(lines.filter((line) => line.includes("disk is full")).length, 1);
});
