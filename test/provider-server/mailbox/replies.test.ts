/** Replies wait for the device that asked, and for no other. Spec: docs/spec/07-mailbox.md §4.1, §5 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { milliseconds, seconds } from "#transport/core/units.ts";
import { alice, box, DAY, device, drain, setUp } from "./mailbox-scene.ts";

test("of a flood of replies to one device the newest are kept; fragments and another device's replies keep their places", async () => {
  const { store, clock, deliver, deliverReply, addDevice, drops } = setUp({ replies: 4 });
  addDevice("alice", device(11), box(111));
  deliver(alice.box, 1);
  for (const n of [201, 202, 203, 204]) deliverReply(box(111), n);
  for (let n = 0; n < 100; n++) deliverReply(alice.replies, n);
  await clock.runFor(seconds(1));
  assert.deepEqual(drops, []);
  assert.deepEqual(drain(store, alice.device), [1, 96, 97, 98, 99]);
  assert.deepEqual(drain(store, device(11)), [1, 201, 202, 203, 204]);
});

test("a reply is given to the device that asked and to no other, and goes once that one has passed it", async () => {
  const { store, clock, deliver, deliverReply, addDevice, waiting } = setUp();
  addDevice("alice", device(11), box(111));
  deliverReply(alice.replies, 1);
  deliver(alice.box, 2);
  deliverReply(box(111), 3);
  await clock.runFor(seconds(1));
  assert.deepEqual(drain(store, alice.device), [1, 2]);
  await clock.runFor(seconds(1));
  assert.deepEqual(waiting(), [2, 3], "what is for both stays, and what is the other's");
  assert.deepEqual(drain(store, device(11)), [2, 3]);
  await clock.runFor(seconds(1));
  assert.deepEqual(waiting(), []);
});

test("a device that is off for weeks keeps no answers of the others, and its own go after the retention", async () => {
  const { store, clock, deliverReply, addDevice, waiting } = setUp({ retentionDays: 3 });
  addDevice("alice", device(11), box(111));
  store.start();
  deliverReply(box(111), 1);
  for (let n = 2; n < 40; n++) {
    deliverReply(alice.replies, n);
    await clock.runFor(seconds(60));
    drain(store, alice.device);
  }
  await clock.runFor(seconds(1));
  assert.deepEqual(waiting(), [1]);
  await clock.runFor(milliseconds(4 * DAY));
  assert.deepEqual(waiting(), []);
  store.stop();
});

test("with a device the replies go that wait for it, also with one that did not finish joining", async () => {
  for (const isUnfinished of [false, true]) {
    const { clock, deliver, deliverReply, addDevice, endJoining, removeDevice, waiting, drops } = setUp();
    addDevice("alice", device(11), box(111));
    deliver(alice.box, 1);
    deliverReply(box(111), 2);
    deliverReply(alice.replies, 3);
    await clock.runFor(seconds(1));
    if (isUnfinished) endJoining();
    else removeDevice(device(11));
    assert.deepEqual(waiting(), [1, 3]);
    deliverReply(box(111), 4);
    await clock.runFor(seconds(1));
    assert.deepEqual(drops, ["MAILBOX_UNKNOWN"]);
  }
});
