/**
 * Mail between people who know each other's boxes, in a whole network: it goes there, and however a box fails it comes to the mailbox,
 * once. Spec: docs/spec/17-boxes.md §4
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { boxIdOf } from "#transport/box/box-id.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { REMINDERS_MAX } from "#transport/client/limits.ts";
import { equalBytes, fromHex, utf8 } from "#transport/core/bytes.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";
import { BOX_PARAMETERS, boxesOf, untilBox } from "./box-scene.ts";
import { PATIENCE, PlacesScene } from "./places-scene.ts";

const HOUR = 3_600_000;
/** Some forty fragments: it is sent for a quarter of a minute. */
const LARGE = new SeededRandom("large").bytes(100_000);

test("the first letter goes to the mailbox, what follows to the box; receipts to the box that the message named", async () => {
  const scene = await PlacesScene.create("letters");
  const { world, alice, bob } = scene;
  const first = await scene.send(alice, bob, utf8("first"));
  assert.equal(first.place, undefined);
  await scene.read(bob, first.id, scene.toAlice);
  const alices = await scene.box(alice);
  const [owed] = await bob.store.owedReceipts();
  assert.deepEqual(owed?.to.place?.boxId, fromHex(alices.id));
  assert.deepEqual(await scene.lies(alice, first.id), new Set([scene.mailbox(bob)]));
  await scene.until(alice, first.id, "delivered");

  const bobs = await scene.box(bob);
  const known = await alice.store.place(scene.keyOf(bob));
  assert.deepEqual(known?.boxId, fromHex(bobs.id));
  assert.equal(
    await bob.store.place(scene.keyOf(alice)),
    undefined,
    "a message tells nothing but where its receipts go",
  );

  const toMailbox = world.clock.now() + (await alice.client.estimate({ bytes: LARGE.length }));
  const toBox = world.clock.now() + (await alice.client.estimate({ bytes: LARGE.length, to: scene.recordOf(bob) }));
  const second = await scene.send(alice, bob, LARGE);
  assert.deepEqual(second.place, known);
  const expected = alice.client.journey(second.id)?.expectedAt ?? 0;
  assert.ok(expected > toMailbox + 2_000, "an answer of the box and three mixes later");
  assert.ok(Math.abs(expected - toBox) < 1_000, "as was said before");
  assert.deepEqual(
    [first.id, second.id].map((id) => alice.client.journey(id)?.goesTo),
    ["mailbox", "box"],
  );
  await scene.until(alice, second.id, "stored");
  assert.deepEqual(await scene.lies(alice, second.id), new Set([bobs.id]));
  await scene.read(bob, second.id, scene.toAlice);
  await scene.until(alice, second.id, "delivered");
  assert.deepEqual(
    [...bob.received.values()].map(({ length }) => length),
    [5, LARGE.length],
  );
  assert.equal(bob.offers, 2);
  assert.equal(await scene.deliver(bob, alice, utf8("answer")), undefined, "Bob writes for the first time");
  assert.ok(await scene.deliver(bob, alice, utf8("and again")));
  await world.stop();
});

test("what a place was learnt for outlives a restart, and so does a message that is under way to it", async () => {
  const scene = await PlacesScene.create("restart");
  const { world, alice, bob } = scene;
  await scene.deliver(alice, bob, utf8("first"));
  await scene.restart(alice);
  const { id, place } = await scene.send(alice, bob, LARGE);
  assert.ok(place);
  for (let n = 0; n < 3; n++) {
    await world.clock.runFor(seconds(4));
    await scene.restart(n === 1 ? bob : alice);
  }
  await scene.read(bob, id, scene.toAlice);
  await scene.restart(bob);
  await scene.until(alice, id, "delivered");
  assert.deepEqual(await scene.placeOf(alice, id), place);
  assert.deepEqual(bob.received.size, 2);
  await world.stop();
});

test("a message whose place comes to its last hour while it is sent goes on to the mailbox, and arrives once", async () => {
  const scene = await PlacesScene.create("over");
  const { world, alice, bob } = scene;
  await scene.deliver(alice, bob, utf8("first"));
  const known = await alice.store.place(scene.keyOf(bob));
  assert.ok(known);
  await alice.store.savePlace(scene.keyOf(bob), {
    ...known,
    until: milliseconds(Math.ceil(world.clock.now()) + HOUR + 7_000),
  });
  const { id, place } = await scene.send(alice, bob, LARGE);
  assert.ok(place);
  await world.clock.runFor(seconds(6));
  const bobs = await scene.box(bob);
  assert.deepEqual(await scene.lies(alice, id), new Set([bobs.id]));
  await world.clock.runFor(seconds(3));
  assert.equal(await scene.placeOf(alice, id), undefined);
  await scene.restart(alice);
  await scene.until(alice, id, "stored");
  assert.ok((await scene.lies(alice, id)).has(scene.mailbox(bob)));
  await scene.read(bob, id, scene.toAlice);
  await scene.until(alice, id, "delivered");
  assert.equal(bob.offers, 2);
  assert.equal(bob.received.size, 2);
  await world.stop();
});

test("a box that its provider has lost: after two questions the message goes to the mailbox, the place is forgotten, and the next receipt tells another", async () => {
  const scene = await PlacesScene.create("lost");
  const { world, alice, bob } = scene;
  await scene.deliver(alice, bob, utf8("first"));
  const [lost] = await boxesOf(bob);
  loseBoxes(scene, (await scene.box(bob)).at);
  const { id, place } = await scene.send(alice, bob, utf8("second"));
  assert.ok(place);
  await scene.read(bob, id, scene.toAlice);
  assert.equal(await alice.store.place(scene.keyOf(bob)), undefined);
  assert.equal(await scene.placeOf(alice, id), undefined);
  await untilBox(world, bob, ({ secret }) => !equalBytes(secret, lost?.secret ?? new Uint8Array(0)));
  assert.equal(await scene.deliver(alice, bob, utf8("third")), undefined);
  const again = await scene.deliver(alice, bob, utf8("fourth"));
  assert.deepEqual(again?.boxId, fromHex((await scene.box(bob)).id));
  assert.deepEqual(bob.texts(), ["first", "second", "third", "fourth"]);
  await world.stop();
});

test("a box's provider that is gone from the list: what was under way and what lay there unread comes to the mailbox, once", async () => {
  const scene = await PlacesScene.create("gone", BOXES_AT_C);
  const { world, alice, bob } = scene;
  await scene.deliver(alice, bob, utf8("first"));
  await world.clock.runUntilSettled(bob.stop(), seconds(60));
  const unread = await scene.send(alice, bob, new SeededRandom("unread").bytes(9_000));
  await scene.until(alice, unread.id, "stored");
  const underWay = await scene.send(alice, bob, LARGE);
  assert.ok(unread.place && underWay.place);
  await world.clock.runFor(seconds(5));
  await world.killNode("c");
  await scene.restart(alice);
  await world.clock.runFor(milliseconds(3 * BOX_PARAMETERS.epoch.duration));
  assert.equal(await scene.placeOf(alice, unread.id), undefined);
  assert.equal(await scene.placeOf(alice, underWay.id), undefined);
  await world.clock.runUntilSettled(bob.start(), seconds(60));
  await world.clock.runWhile(() => bob.received.size < 3, PATIENCE);
  assert.deepEqual(
    [...bob.received.values()].map(({ length }) => length).toSorted((a, b) => a - b),
    [5, 9_000, LARGE.length],
  );
  world.startNode("c");
  await world.clock.runFor(milliseconds(3 * BOX_PARAMETERS.epoch.duration));
  assert.deepEqual([bob.received.size, bob.offers], [3, 3], "also when the box is read after all");
  await world.stop();
});

test("what lies unread in a box whose provider goes long after anything was done for it comes to the mailbox", async () => {
  const scene = await PlacesScene.create("gone late", BOXES_AT_C);
  const { world, alice, bob } = scene;
  await scene.deliver(alice, bob, utf8("first"));
  await world.clock.runUntilSettled(bob.stop(), seconds(60));
  const { id, place } = await scene.send(alice, bob, utf8("unread"));
  assert.ok(place);
  await scene.until(alice, id, "stored");
  const isReminded = async (): Promise<boolean> => {
    const [, { progress } = {}] = await alice.store.outgoing();
    return progress?.reminders === REMINDERS_MAX && (progress.remindAt ?? 0) > world.clock.now() + 48 * HOUR;
  };
  for (let n = 0; n < 300 && !(await isReminded()); n++) await world.clock.runFor(seconds(10));
  await world.clock.runFor(seconds(60));
  assert.deepEqual([await scene.placeOf(alice, id), alice.client.journey(id)?.delivery], [place, "stored"]);
  await world.killNode("c");
  await world.clock.runFor(milliseconds(3 * BOX_PARAMETERS.epoch.duration));
  await world.clock.runUntilSettled(bob.start(), seconds(60));
  await world.clock.runWhile(() => bob.received.size < 2, PATIENCE);
  assert.deepEqual(bob.texts(), ["first", "unread"]);
  await world.stop();
});

test("while the reader's own provider is away mail goes to the box, and is there when it is back", async () => {
  const scene = await PlacesScene.create("own provider away", BOXES_AT_C);
  const { world, alice, bob } = scene;
  await scene.deliver(alice, bob, utf8("first"));
  await world.killNode("b");
  await world.clock.runFor(milliseconds(3 * BOX_PARAMETERS.epoch.duration));
  const { id } = await scene.send(alice, bob, utf8("second"));
  assert.equal(alice.client.journey(id)?.waitingFor, "none");
  await scene.until(alice, id, "stored");
  world.startNode("b");
  await world.clock.runWhile(() => bob.received.size < 2, PATIENCE);
  assert.deepEqual(bob.texts(), ["first", "second"]);
  await world.stop();
});

test("with a fifth of all packets lost, and boxes lost on the way, every mail arrives once and every sender learns of it", async () => {
  const scene = await PlacesScene.create("weather");
  const { world, alice, bob } = scene;
  await scene.deliver(alice, bob, utf8("first"));
  world.net.weather = { loss: 1 - 0.8 ** (1 / 4), duplicates: 0.1 };
  const sizes = [100, 20_000, 3_000, 200];
  const ids = [];
  for (const size of sizes) ids.push((await scene.send(alice, bob, new SeededRandom(`${size}`).bytes(size))).id);
  await world.clock.runFor(seconds(3));
  const [lost] = await boxesOf(bob);
  loseBoxes(scene, (await scene.box(bob)).at);
  for (const id of ids) await scene.read(bob, id, scene.toAlice);
  // What was stored and read before, and whose receipt was lost, is asked about at the new box: the next receipt tells that.
  await untilBox(world, bob, ({ secret }) => !equalBytes(secret, lost?.secret ?? new Uint8Array(0)));
  await scene.deliver(alice, bob, utf8("and where now"));
  // Of a reminder and the receipt that answers it one is lost in four times of eleven, and reminders come ever more slowly.
  for (const id of ids) await scene.until(alice, id, "delivered", seconds(3600));
  for (const place of await Promise.all(ids.map((id) => scene.placeOf(alice, id)))) {
    assert.notDeepEqual(place?.boxId, lost && boxIdOf(world.suite, lost.secret));
  }
  assert.equal(bob.received.size, 2 + sizes.length);
  assert.equal(bob.offers, 2 + sizes.length);
  await world.stop();
});

/** The only provider of another operator than Alice's and Bob's. */
const BOXES_AT_C = {
  operatorOf: (name: string) => (name === "a" || name === "b" ? "one for both" : `operator of ${name}`),
};

/** As when a provider is put back from a backup of before: it knows none of its boxes. */
function loseBoxes({ world }: PlacesScene, at: string): void {
  const database = world.database(at);
  const boxes = "SELECT mailbox FROM boxes";
  for (const table of ["entries", "hashes", "box_readers"]) {
    database.prepare(`DELETE FROM ${table} WHERE mailbox IN (${boxes})`).run();
  }
  database.prepare("CREATE TEMP TABLE lost AS SELECT mailbox FROM boxes").run();
  database.prepare("DELETE FROM boxes").run();
  database.prepare("DELETE FROM mailboxes WHERE id IN (SELECT mailbox FROM lost)").run();
}
