/** Devices that have used a code: those that finish, those that do not, and those that would not be seen. Spec: docs/spec/07-mailbox.md §2.4 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { seconds } from "#transport/core/units.ts";
import { DEVICES_LISTED_MAX } from "#transport/link/control-limits.ts";
import { DEVICES_PER_ACCOUNT_MAX, UNFINISHED_PER_ACCOUNT_MAX } from "#provider-server/accounts/limits.ts";
import { device, household, rowsOf } from "./household.ts";

test("a device that used a code and did not finish has no rights when the code ends, and stays in the list until it is removed", async () => {
  const { handle, accounts, clock, offer, join, name, remove, listed, notices } = household();
  offer(1);
  assert.equal(join(2, 1), "OK");
  assert.equal(name(1, 2), "OK");
  assert.deepEqual(listed(), ["in", "joining"], "what others call it does not end its joining");
  await clock.runFor(seconds(14 * 60));
  assert.equal(join(2, 1), "OK", "its answer may have been lost");
  await clock.runFor(seconds(60));
  assert.deepEqual(listed(), ["in", "unfinished"]);
  assert.equal(accounts.isDevice(device(2)), false);
  assert.equal(handle(2, { kind: "list-devices", id: 0 }).result, "NO_ACCOUNT");
  await clock.runFor(seconds(40 * 24 * 3600));
  assert.deepEqual(listed(), ["in", "unfinished"], "it is not forgotten");

  const { deviceKey } = rowsOf(handle).find(({ isUnfinished }) => isUnfinished) ?? {};
  assert.ok(deviceKey);
  assert.equal(remove(1, deviceKey), "OK");
  assert.deepEqual(listed(), ["in"]);
  assert.equal(notices.length, 1, "those that stay make new keys");
});

test("a device that did not finish takes nobody's place, and is one of the account when it does with another code", async () => {
  const { clock, offer, join, name, listed } = household();
  offer(1);
  join(2, 1);
  await clock.runFor(seconds(15 * 60));
  assert.deepEqual(listed(), ["in", "unfinished"]);
  for (const n of [3, 4]) {
    offer(n);
    assert.equal(join(n, n), "OK");
    assert.equal(name(n, n), "OK");
  }
  assert.deepEqual(listed(), ["in", "in", "in", "unfinished"]);

  const other = household();
  other.offer(1);
  other.join(2, 1);
  await other.clock.runFor(seconds(15 * 60));
  other.offer(2);
  assert.equal(other.join(2, 2), "OK", "with a new code it may try again");
  assert.deepEqual(other.listed(), ["in", "joining", "unfinished"]);
  assert.equal(other.name(2, 2), "OK");
  assert.deepEqual(other.listed(), ["in", "in"]);
  await other.clock.runFor(seconds(24 * 3600));
  assert.deepEqual(other.listed(), ["in", "in"]);
});

test("who has used a code cannot wipe that out: not with a code of another account, nor by removing itself", () => {
  const { signUp, handle, offer, join, remove, listed } = household();
  signUp(20, "mallory");
  offer(1);
  assert.equal(join(2, 1), "OK");
  assert.equal(remove(2, device(2)), "REFUSED");
  assert.deepEqual(listed(), ["in", "joining"]);
  offer(7, 20);
  assert.equal(join(2, 7), "OK", "whoever has typed the wrong code may type another");
  assert.deepEqual(listed(), ["in", "unfinished"]);
  assert.equal(handle(2, { kind: "status", id: 0 }).account?.address, "mallory@a.example");
});

test("codes that nobody finished with are listed in a number that fits, and then no more are given out", async () => {
  const { clock, offer, join, remove, handle, listed } = household();
  for (let n = 1; n <= UNFINISHED_PER_ACCOUNT_MAX; n++) {
    assert.equal(offer(n), "OK");
    assert.equal(join(n + 1, n), "OK");
    await clock.runFor(seconds(15 * 60));
  }
  assert.equal(listed().length, 1 + UNFINISHED_PER_ACCOUNT_MAX);
  assert.equal(offer(100), "TOO_MANY_DEVICES");
  const { deviceKey } = rowsOf(handle).find(({ isUnfinished }) => isUnfinished) ?? {};
  assert.ok(deviceKey);
  assert.equal(remove(1, deviceKey), "OK");
  assert.equal(offer(100), "OK");
  assert.ok(UNFINISHED_PER_ACCOUNT_MAX + 2 * DEVICES_PER_ACCOUNT_MAX <= DEVICES_LISTED_MAX);
});

test("a device whose last answer was lost is let in again by a new code of its own account, and by no other's", () => {
  const { signUp, offer, join, name, listed } = household();
  signUp(20, "bob");
  offer(1);
  join(2, 1);
  assert.equal(name(2, 2), "OK");
  offer(2);
  assert.equal(join(2, 2), "OK");
  assert.equal(join(3, 2), "REFUSED", "that used the code up");
  assert.deepEqual(listed(), ["in", "in"]);
  offer(3, 20);
  assert.equal(join(2, 3), "REFUSED");
  assert.equal(join(4, 3), "OK", "that did not");
});
