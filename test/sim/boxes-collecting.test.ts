/**
 * Boxes of clients in a whole network: opened, announced, and read through the mixes, whatever happens on the way.
 * Spec: docs/spec/17-boxes.md §5-6
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { PLACE_BYTES } from "#transport/box/place.ts";
import { boxIdOf } from "#transport/box/box-id.ts";
import { Inbox } from "#transport/client/inbox.ts";
import { equalBytes, toHex, utf8 } from "#transport/core/bytes.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";
import { fragmentCount } from "#transport/fragment/split.ts";
import { geometry as geometryOf } from "#transport/sphinx/geometry.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { BOX_PARAMETERS, boxesOf, boxWorld, providerNamed, putInto, sealedTo, untilBox } from "./box-scene.ts";
import type { SimClient } from "./sim-client.ts";
import type { World, WorldOptions } from "./world.ts";

const PATIENCE = seconds(300);
const SIZES = [100, 5_000, 20_000, 30, 400, 2_500];

/** Alice at provider a, with a box elsewhere. */
async function withBox(seed: string) {
  const world = await boxWorld({ seed });
  const alice = await world.join({ name: "alice", provider: "a" });
  const box = await untilBox(world, alice);
  const at = providerNamed(world, box.providerId);
  assert.notEqual(at, "a");
  return { world, alice, box, at };
}

/** Puts messages of these sizes into the box, and gives their bodies. */
async function write(scene: Awaited<ReturnType<typeof withBox>>, sizes = SIZES): Promise<string[]> {
  const { world, alice, box } = scene;
  const random = new SeededRandom(`bodies ${sizes.join()}`);
  const bodies = sizes.map((size) => random.bytes(size));
  for (const body of bodies) putInto(world, box, await sealedTo(world, alice, { body, seed: named(body) }));
  return bodies.map(named).toSorted();
}

/** For a while: the disk takes cursors, and no piece of a message. */
async function whileFragmentsAreRefused({ world, alice }: Awaited<ReturnType<typeof withBox>>): Promise<void> {
  const accept = alice.store.acceptEntry.bind(alice.store);
  alice.store.acceptEntry = (entry) =>
    entry.fragment === undefined ? accept(entry) : Promise.reject(new Error("full"));
  await world.clock.runFor(seconds(20));
  assert.equal(alice.received.size, 0);
  alice.store.acceptEntry = accept;
}

const named = (body: Uint8Array): string => `${body.length} bytes, ${toHex(body.subarray(0, 8))}`;
const contents = (client: SimClient): string[] => [...client.received.values()].map(named).toSorted();

async function stop(world: World, client: SimClient): Promise<void> {
  await world.clock.runUntilSettled(client.stop(), seconds(60));
}

async function start(world: World, client: SimClient): Promise<void> {
  await world.clock.runUntilSettled(client.start(), seconds(60));
}

/** Until all of them are here, and some time more, in which nothing comes a second time. */
async function untilAll(world: World, client: SimClient, bodies: readonly string[]): Promise<void> {
  await world.clock.runWhile(() => client.received.size < bodies.length, PATIENCE);
  await world.clock.runFor(seconds(30));
  assert.deepEqual(contents(client), bodies);
}

test("what is put into a box arrives once; what was taken is asked for no more", async () => {
  const scene = await withBox("into a box");
  const { world, alice, box, at } = scene;
  const bodies = await write(scene);
  await untilAll(world, alice, bodies);
  assert.equal(alice.offers, bodies.length);
  await stop(world, alice);
  const geometry = geometryOf(BOX_PARAMETERS);
  const count = (messageBytes: number) =>
    fragmentCount({ geometry, step: BOX_PARAMETERS.fragmentStep, messageBytes: PLACE_BYTES + messageBytes }).total;
  const entries = SIZES.reduce((sum, size) => sum + count(size), 0);
  const [kept] = await boxesOf(alice);
  assert.deepEqual([kept?.progress.cursor, kept?.progress.taken], [entries, 0n]);
  assert.ok(equalBytes(kept?.secret ?? new Uint8Array(0), box.secret));
  const readers = world.database(at).prepare("SELECT cursor FROM box_readers").all();
  assert.deepEqual(
    readers.map(({ cursor }) => cursor),
    [entries],
  );
  await world.stop();
});

test("with a fifth of all packets lost and some doubled, everything in a box arrives once", async () => {
  const scene = await withBox("box loss");
  const { world, alice } = scene;
  world.net.weather = { loss: 1 - 0.8 ** (1 / 4), duplicates: 0.1 };
  const bodies = await write(scene);
  await untilAll(world, alice, bodies);
  assert.equal(alice.offers, bodies.length);
  await world.stop();
});

test("a program that is ended and started again goes on where it was, also when its cursors could not be written", async () => {
  const scene = await withBox("box restart");
  const { world, alice } = scene;
  const bodies = await write(scene);
  const save = alice.store.saveBoxes.bind(alice.store);
  for (const takes of [true, false, true]) {
    await world.clock.runFor(seconds(5));
    alice.store.saveBoxes = takes ? save : () => Promise.reject(new Error("full"));
    await stop(world, alice);
    await start(world, alice);
  }
  await untilAll(world, alice, bodies);
  assert.equal(alice.offers, bodies.length);
  await world.stop();
});

test("a box's provider that is ended and started again goes on giving what it has", async () => {
  const scene = await withBox("box provider");
  const { world, alice, at } = scene;
  const bodies = await write(scene);
  for (let n = 0; n < 3; n++) {
    await world.clock.runFor(seconds(4));
    await world.killNode(at);
    await world.clock.runFor(seconds(2));
    world.startNode(at);
  }
  await untilAll(world, alice, bodies);
  assert.equal(alice.offers, bodies.length);
  await world.stop();
});

test("when a box's provider has gone from the list another box is opened elsewhere; the old one is read when it is back", async () => {
  const scene = await withBox("provider gone");
  const { world, alice, at, box } = scene;
  const { duration } = BOX_PARAMETERS.epoch;
  await world.killNode(at);
  const second = await untilBox(world, alice, ({ secret }) => !equalBytes(secret, box.secret));
  assert.notEqual(providerNamed(world, second.providerId), at);
  const bodies = await write({ ...scene, box: second }, [100, 3_000]);
  await untilAll(world, alice, bodies);
  world.startNode(at);
  await world.clock.runFor(milliseconds(3 * duration));
  const more = await write(scene, [700]);
  await untilAll(world, alice, [...bodies, ...more].toSorted());
  await world.stop();
});

test("a disk that refuses for a while loses nothing of what a box gave meanwhile", async () => {
  const scene = await withBox("box disk");
  const { world, alice } = scene;
  const bodies = await write(scene);
  await whileFragmentsAreRefused(scene);
  await untilAll(world, alice, bodies);
  await world.stop();
});

test("a client that counts as taken what is not durable yet is found out", async () => {
  const scene = await withBox("box disk");
  const { world, alice } = scene;
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const honest = Inbox.prototype.takeBoxed;
  Inbox.prototype.takeBoxed = function takeBoxed(this: Inbox, sealed: Uint8Array): Promise<boolean> {
    void honest.call(this, sealed, () => undefined);
    return Promise.resolve(true);
  };
  try {
    const bodies = await write(scene);
    await whileFragmentsAreRefused(scene);
    await assert.rejects(untilAll(world, alice, bodies));
  } finally {
    Inbox.prototype.takeBoxed = honest;
  }
  await world.stop();
});

test("an announcement that nobody of the account made tells its devices of nothing", async () => {
  const { world, alice, box } = await withBox("forged");
  const before = (await boxesOf(alice)).length;
  const body = new SeededRandom("forged").bytes(104);
  body.set(box.providerId, 32);
  const payloads = await sealedTo(world, alice, { body, seed: "forged", kind: "box" });
  putInto(world, { mailboxOf: alice }, payloads);
  await world.clock.runFor(seconds(20));
  assert.equal((await boxesOf(alice)).length, before);
  assert.equal(alice.received.size, 0);
  putInto(world, { mailboxOf: alice }, await sealedTo(world, alice, { body: utf8("mail goes on"), seed: "on" }));
  await world.clock.runFor(seconds(20));
  assert.deepEqual(alice.texts(), ["mail goes on"]);
  await world.stop();
});

test("the first letter comes to the mailbox, and from the first receipt on mail comes to the box that it named", async () => {
  const stored: { at: number; mailbox: string }[] = [];
  const observer: WorldOptions["observer"] = {
    entryStored: ({ at, mailbox }) => void stored.push({ at, mailbox: toHex(mailbox) }),
  };
  const world = await boxWorld({ seed: "first letters", observer });
  const alice = await world.join({ name: "alice", provider: "a" });
  const bob = await world.join({ name: "bob", provider: "b" });
  const box = await untilBox(world, bob);
  bob.client.on("message", ({ messageId }) => {
    const acknowledge = async (): Promise<void> => {
      const to = await bob.client.lookup(alice.address);
      if (to !== undefined) await bob.client.acknowledge({ messageId, to });
    };
    void acknowledge();
  });
  const boxId = toHex(boxIdOf(world.suite, box.secret));
  const inBox = (): number => stored.filter(({ mailbox }) => mailbox === boxId).length;
  const toBob = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(120));
  assert.ok(toBob);
  const delivered = (): number => alice.client.journeys().filter(({ delivery }) => delivery === "delivered").length;
  for (const [n, text] of ["one", "two", "three"].entries()) {
    await world.clock.runUntilSettled(alice.client.send({ to: toBob, body: utf8(text) }), seconds(10));
    const came = await world.clock.runWhile(() => delivered() <= n, PATIENCE);
    assert.ok(came, `${text} was not delivered`);
    assert.equal(inBox(), n);
  }
  assert.deepEqual(bob.texts().toSorted(), ["one", "three", "two"]);
  await world.stop();
});
