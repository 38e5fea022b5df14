/** Every message arrives, and once, whatever happens to packets, nodes and programs on the way. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "#transport/core/bytes.ts";
import { messageId, milliseconds, seconds } from "#transport/core/units.ts";
import type { MailboxRecord } from "#transport/directory/mailbox-record.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import type { SimClient } from "./sim-client.ts";
import { World } from "./world.ts";

const PATIENCE = seconds(900);

test("with a fifth of all packets lost and some doubled, every mail arrives once and every sender learns of it", async () => {
  const { world, alice, bob, toBob } = await pair("loss");
  // Four links to pass: one in five packets does not reach its end.
  world.net.weather = { loss: 1 - 0.8 ** (1 / 4), duplicates: 0.1 };
  acknowledgeAll(world, bob, alice);
  const bodies = await sendAll(world, alice, toBob, [100, 5_000, 30_000, 200]);
  await world.clock.runWhile(() => !allDelivered(alice, bodies.length), PATIENCE);
  assert.deepEqual(contents(bob), bodies);
  assert.ok(allDelivered(alice, bodies.length), JSON.stringify(alice.client.journeys().map((j) => j.delivery)));
  assert.equal(bob.offers, bodies.length, "nothing is offered twice");
  await world.stop();
});

test("mixes that crash while they hold packets lose them, not the mail", async () => {
  const { world, alice, bob, toBob } = await pair("crash");
  const bodies = await sendAll(world, alice, toBob, [40_000, 300]);
  for (const name of ["mix0", "mix3", "mix1"]) {
    await world.clock.runFor(seconds(2));
    await world.killNode(name);
    await world.clock.runFor(milliseconds(700));
    world.startNode(name);
  }
  await world.clock.runWhile(() => bob.received.size < bodies.length, PATIENCE);
  assert.deepEqual(contents(bob), bodies);
  await world.stop();
});

test("a mail written while the provider is down waits, says so, and goes when it is back", async () => {
  const { world, alice, bob, toBob } = await pair("outage");
  await world.killNode("a");
  await world.clock.runFor(seconds(2));
  assert.equal(alice.client.status().state, "provider-down");
  const bodies = await sendAll(world, alice, toBob, [9_000]);
  await world.clock.runFor(seconds(20));
  assert.equal(alice.client.journeys()[0]?.delivery, "queued");
  assert.equal(alice.client.journeys()[0]?.waitingFor, "provider");
  assert.equal(bob.received.size, 0);
  world.startNode("a");
  await world.clock.runWhile(() => bob.received.size === 0, PATIENCE);
  assert.deepEqual(contents(bob), bodies);
  assert.equal(alice.client.status().state, "mixing");
  await world.stop();
});

test("the reader's provider is restarted while fragments arrive: what it had said it stored is there", async () => {
  const { world, alice, bob, toBob } = await pair("restart");
  const bodies = await sendAll(world, alice, toBob, [60_000]);
  for (let i = 0; i < 3; i++) {
    await world.clock.runFor(seconds(2));
    await world.killNode("b");
    await world.clock.runFor(seconds(1));
    world.startNode("b");
  }
  await world.clock.runWhile(() => bob.received.size === 0, PATIENCE);
  assert.deepEqual(contents(bob), bodies);
  await world.stop();
});

test("a program that cannot remember whether it handed a mail over does so again under one id: it arrives once", async () => {
  const { world, alice, bob, toBob } = await pair("again");
  const id = messageId(new SeededRandom("again").bytes(16));
  const body = utf8("once");
  const give = (): Promise<unknown> =>
    world.clock.runUntilSettled(alice.client.send({ id, to: toBob, body: body.slice() }), seconds(10));
  await give();
  await give();
  await world.clock.runFor(seconds(2));
  await world.clock.runUntilSettled(alice.stop(), seconds(60));
  await world.clock.runUntilSettled(alice.start(), seconds(60));
  await give();
  await world.clock.runWhile(() => bob.received.size === 0, PATIENCE);
  await give();
  await world.clock.runFor(seconds(20));
  assert.deepEqual(contents(bob), [named(body)]);
  assert.equal(alice.client.journeys().length, 1);
  await world.stop();
});

test("both programs are killed in the middle of a mail and started again: it arrives once", async () => {
  const { world, alice, bob, toBob } = await pair("killed");
  acknowledgeAll(world, bob, alice);
  const bodies = await sendAll(world, alice, toBob, [50_000]);
  for (const client of [alice, bob, alice]) {
    await world.clock.runFor(seconds(3));
    await world.clock.runUntilSettled(client.stop(), seconds(60));
    await world.clock.runFor(seconds(1));
    await world.clock.runUntilSettled(client.start(), seconds(60));
    if (client === bob) acknowledgeAll(world, bob, alice);
  }
  await world.clock.runWhile(() => !allDelivered(alice, 1), PATIENCE);
  assert.deepEqual(contents(bob), bodies);
  assert.ok(allDelivered(alice, 1));
  assert.equal(bob.offers, 1);
  await world.stop();
});

test("a message that nobody consumed before the program ended is offered again", async () => {
  const { world, alice, bob, toBob } = await pair("unconsumed");
  bob.consumes = false;
  await sendAll(world, alice, toBob, [400]);
  await world.clock.runWhile(() => bob.offers === 0, PATIENCE);
  await world.clock.runUntilSettled(bob.stop(), seconds(60));
  bob.consumes = true;
  await world.clock.runUntilSettled(bob.start(), seconds(60));
  await world.clock.runFor(seconds(1));
  assert.equal(bob.offers, 2);
  await world.clock.runUntilSettled(bob.stop(), seconds(60));
  await world.clock.runUntilSettled(bob.start(), seconds(60));
  await world.clock.runFor(seconds(5));
  assert.equal(bob.offers, 2, "consumed for good");
  assert.equal(bob.received.size, 1);
  await world.stop();
});

test("a disk that is full for a while loses nothing", async () => {
  const { world, alice, bob, toBob } = await pair("full disk");
  const bodies = await sendAll(world, alice, toBob, [20_000, 100]);
  await world.clock.runFor(seconds(3));
  bob.store.refusal = new Error("disk full");
  alice.store.refusal = new Error("disk full");
  await assert.rejects(
    world.clock.runUntilSettled(alice.client.send({ to: toBob, body: utf8("no room") }), seconds(10)),
    /disk full/,
  );
  await world.clock.runFor(seconds(10));
  bob.store.refusal = undefined;
  alice.store.refusal = undefined;
  await world.clock.runWhile(() => bob.received.size < bodies.length, PATIENCE);
  assert.deepEqual(contents(bob), bodies);
  await world.stop();
});

test("a small mail is not stuck behind a large one", async () => {
  const { world, alice, bob, toBob } = await pair("fair");
  await sendAll(world, alice, toBob, [400_000]);
  await world.clock.runFor(seconds(5));
  const before = world.clock.now();
  const [small] = await sendAll(world, alice, toBob, [500]);
  await world.clock.runWhile(() => bob.received.size === 0, PATIENCE);
  assert.deepEqual(contents(bob), [small]);
  assert.ok(world.clock.now() - before < 15_000, `${world.clock.now() - before} ms`);
  await world.stop();
});

async function pair(seed: string): Promise<{ world: World; alice: SimClient; bob: SimClient; toBob: MailboxRecord }> {
  const world = await World.create({ seed });
  const alice = await world.join({ name: "alice", provider: "a" });
  const bob = await world.join({ name: "bob", provider: "b" });
  const toBob = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(120));
  assert.ok(toBob);
  return { world, alice, bob, toBob };
}

/** Gives the hashes of the bodies, sorted. */
async function sendAll(world: World, from: SimClient, to: MailboxRecord, sizes: readonly number[]): Promise<string[]> {
  const random = new SeededRandom(`bodies ${sizes.join()}`);
  const bodies = sizes.map((size) => random.bytes(size));
  for (const body of bodies) await world.clock.runUntilSettled(from.client.send({ to, body }), seconds(10));
  return bodies.map(named).toSorted();
}

function acknowledgeAll(world: World, reader: SimClient, writer: SimClient): void {
  reader.client.on("message", ({ messageId: id }) => {
    const acknowledge = async (): Promise<void> => {
      const to = await reader.client.lookup(writer.address);
      if (to !== undefined) await reader.client.acknowledge({ messageId: id, to });
    };
    // A look-up that finds no answer in this weather is tried again, as the program above would.
    const insist = (): void =>
      void acknowledge().catch(() => world.clock.at(milliseconds(world.clock.now() + 1000), insist));
    insist();
  });
}

const allDelivered = (client: SimClient, count: number): boolean => {
  const journeys = client.client.journeys();
  return journeys.length === count && journeys.every((journey) => journey.delivery === "delivered");
};
const contents = (client: SimClient): string[] => [...client.received.values()].map(named).toSorted();
const named = (body: Uint8Array): string => `${body.length} bytes ${Buffer.from(body.subarray(0, 8)).toString("hex")}`;
