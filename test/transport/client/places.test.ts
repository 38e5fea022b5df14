/** Which places are used, learnt and forgotten. Spec: docs/spec/17-boxes.md §4 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SIM_PARAMETERS } from "#test/sim/world.ts";
import { placeOf, placesWith } from "#test/support/correspondents.ts";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { estimate } from "#transport/client/estimate.ts";
import { milliseconds } from "#transport/core/units.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const alice = new Uint8Array(32).fill(1);
const bob = new Uint8Array(32).fill(2);

test("a place is used until its last hour, while its provider is in the list in force", async () => {
  const { clock, places, list } = setUp();
  const place = placeOf(clock, 1, 2 * HOUR);
  assert.equal(places.isUsable(place), true);
  list.providers = [2, 3];
  assert.deepEqual([places.isUsable(place), places.isListed(place)], [false, false]);
  list.providers = undefined;
  assert.deepEqual([places.isUsable(place), places.isListed(place)], [true, true], "without a list nothing is judged");
  list.providers = [1];
  await clock.runFor(milliseconds(HOUR - 1));
  assert.equal(places.isUsable(place), true);
  await clock.runFor(milliseconds(1));
  assert.deepEqual([places.isUsable(place), places.isListed(place)], [false, true]);
});

test("a place that ends later than any box can is none, whoever tells it", async () => {
  const { clock, places } = setUp();
  const longest = 2 * SIM_PARAMETERS.mailboxKeyLifetime + HOUR;
  for (const [lasts, isUsable] of [
    [longest, true],
    [longest + 1, false],
    [2 ** 50, false],
  ] as const) {
    const place = placeOf(clock, 1, lasts);
    assert.equal(places.isUsable(place), isUsable);
    await places.learn(alice, place);
    assert.equal((await places.known(alice)) !== undefined, isUsable);
    await places.forget(alice, place);
  }
});

test("of two places the one that lasts longer is kept, unless that may not be used; each for its own account", async () => {
  const { clock, places, list } = setUp();
  const [short, long] = [placeOf(clock, 1, DAY), placeOf(clock, 2, 2 * DAY)];
  await places.learn(alice, short);
  assert.equal(await places.known(bob), undefined);
  await places.learn(alice, long);
  assert.deepEqual(await places.known(alice), long);
  await places.learn(alice, short);
  assert.deepEqual(await places.known(alice), long, "an old receipt that comes late takes nobody back");
  list.providers = [1, 3];
  assert.equal(await places.known(alice), undefined);
  await places.learn(alice, short);
  assert.deepEqual(await places.known(alice), short);
  assert.equal(await places.known(bob), undefined);
});

test("a place in doubt is used and told on, and the next that is told replaces it, however long that lasts; told again it is in doubt no more", async () => {
  const { clock, places, store } = setUp();
  const [short, long] = [placeOf(clock, 1, DAY), placeOf(clock, 2, 2 * DAY)];
  await places.learn(alice, long);
  await places.doubt(alice, short);
  assert.deepEqual(await store.place(alice), long, "another is not in doubt");
  await places.doubt(alice, long);
  await places.doubt(bob, long);
  assert.deepEqual([await store.place(alice), await store.place(bob)], [{ ...long, isInDoubt: true }, undefined]);
  assert.deepEqual([await places.known(alice), places.newerThan(short, alice)], [long, long]);
  assert.equal(await places.learn(alice, long), false);
  assert.deepEqual(await store.place(alice), long);
  await places.learn(alice, short);
  assert.deepEqual(await places.known(alice), long, "and lasts longer, as before");
  await places.doubt(alice, long);
  assert.equal(await places.learn(alice, short), true);
  assert.deepEqual([await store.place(alice), await places.known(alice)], [short, short]);
  await places.learn(alice, long);
  assert.deepEqual(await places.known(alice), long);
});

test("what is said of a place while it is written down is said after that", async () => {
  const { clock, places, store } = setUp();
  const [short, long] = [placeOf(clock, 1, DAY), placeOf(clock, 2, 2 * DAY)];
  await places.learn(alice, short);
  await Promise.all([places.learn(alice, long), places.doubt(alice, short), places.forget(alice, short)]);
  assert.deepEqual(await store.place(alice), long);
  store.refusal = new Error("full");
  await assert.rejects(places.doubt(alice, long), /full/);
  store.refusal = undefined;
  await places.doubt(alice, long);
  assert.deepEqual(await store.place(alice), { ...long, isInDoubt: true });
});

test("a place that is over is not learnt, and one that is known is no more once it is", async () => {
  const { clock, places, store } = setUp();
  await places.learn(alice, placeOf(clock, 1, HOUR));
  assert.equal(await store.place(alice), undefined);
  await places.learn(alice, placeOf(clock, 1, DAY));
  await clock.runFor(milliseconds(DAY - HOUR));
  assert.equal(await places.known(alice), undefined);
});

test("a place where nothing was found is forgotten, and no other", async () => {
  const { clock, places } = setUp();
  const [first, second] = [placeOf(clock, 1, DAY), placeOf(clock, 2, 2 * DAY)];
  await places.learn(alice, first);
  await places.learn(bob, first);
  await places.forget(alice, second);
  assert.deepEqual(await places.known(alice), first);
  await places.forget(alice, first);
  assert.equal(await places.known(alice), undefined);
  assert.deepEqual(await places.known(bob), first);
});

test("in a network without boxes no place is learnt or used", async () => {
  const { clock, places, store } = setUp({ boxReplies: 0 });
  const place = placeOf(clock, 1);
  assert.equal(places.isUsable(place), false);
  await places.learn(alice, place);
  assert.equal(await store.place(alice), undefined);
  await store.savePlace(alice, place);
  assert.equal(await places.known(alice), undefined);
});

test("mail to a box is expected later by the wait for an answer and three mixes more", () => {
  const profile = { ...SIM_PARAMETERS.profiles.mail, meanDelay: milliseconds(5000) };
  const [slots, loops] = [0, profile.sendRate * profile.dropShare];
  const toMailbox = estimate({ slots, profile });
  assert.equal(estimate({ slots, profile, boxReplies: 0 }), toMailbox);
  const answer = 1000 / (2 * loops);
  assert.ok(Math.abs(estimate({ slots, profile, boxReplies: 2 }) - toMailbox - (answer + 15_000)) < 1e-6);

  // Of many fragments the rest comes as fast as they leave, or as answers do, whichever is slower.
  const leaves = 1000 / (profile.sendRate * profile.payloadShare);
  const behind = (boxReplies: number): number =>
    estimate({ slots: 11, profile, boxReplies, fragments: 11 }) - estimate({ slots: 11, profile, boxReplies });
  assert.ok(leaves < answer && Math.abs(behind(2) - 10 * (answer - leaves)) < 1e-6);
  assert.equal(behind(5), 0, "answers are faster");
});

function setUp({ boxReplies = 2 } = {}) {
  const clock = new VirtualClock();
  const store = new MemoryClientStore();
  const list: { providers: readonly number[] | undefined } = { providers: [1, 2, 3] };
  const places = placesWith({ clock, store, parameters: { ...SIM_PARAMETERS, boxReplies }, list });
  return { clock, store, list, places };
}
