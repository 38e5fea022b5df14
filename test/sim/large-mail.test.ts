/** A mail of hundreds of fragments: paced, repeated where it must be, fair to others, and never whole in memory before it is whole. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FRAGMENTS_READY } from "#transport/client/limits.ts";
import type { TransportClient } from "#transport/client/client.ts";
import type { Journey } from "#transport/client/types.ts";
import { equalBytes } from "#transport/core/bytes.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import { uniform } from "#transport/core/random.ts";
import { type MessageId, milliseconds, perSecond, seconds } from "#transport/core/units.ts";
import type { MailboxRecord } from "#transport/directory/mailbox-record.ts";
import type { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { noCryptography } from "#test/support/no-cryptography.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import type { SimClient } from "./sim-client.ts";
import { SIM_PARAMETERS, World } from "./world.ts";

/** Three times as fast, so that a mail of 800 fragments takes under two minutes; ticks still leave quiet moments between them. */
const QUICK: Parameters = {
  ...SIM_PARAMETERS,
  profiles: {
    mail: { ...SIM_PARAMETERS.profiles.mail, sendRate: perSecond(12), pollRate: perSecond(18) },
    chat: { ...SIM_PARAMETERS.profiles.chat, sendRate: perSecond(12), pollRate: perSecond(18) },
  },
  minimumPool: 0,
};
const LARGE = 2_000_000;

test("a mail of 800 fragments through bad weather: progress says how far it is, and what was lost goes while the rest still leaves", async () => {
  const { world, alice, bob, record } = await pair("large");
  world.net.weather = { loss: 0.01, duplicates: 0.01 };
  const progress: Journey[] = [];
  alice.client.on("progress", (journey) => progress.push(journey));
  const body = new SeededRandom("large").bytes(LARGE);
  await world.clock.runUntilSettled(alice.client.send({ to: record, body: body.slice() }), seconds(5));
  await world.clock.runWhile(() => alice.client.journeys()[0]?.delivery !== "delivered", seconds(300));
  await world.clock.runFor(seconds(1));
  const [received] = [...bob.received.values()];
  assert.ok(received !== undefined && equalBytes(received, body));
  assert.equal(bob.offers, 1);

  const { fragments } = progress[0] as Journey;
  assert.ok(fragments >= 600, `${fragments} fragments`);
  const counts = progress.map(({ fragmentsSent }) => fragmentsSent);
  assert.deepEqual(
    counts,
    counts.toSorted((a, b) => a - b),
    "it never goes back",
  );
  assert.ok(counts.length > fragments / 2 && counts.at(-1) === fragments);
  const early = progress.find(
    ({ fragmentsStored, fragmentsSent }) => fragmentsStored > 400 && fragmentsSent < fragments,
  );
  assert.ok(early, "most of it was known to be stored before the last fragment left");
  const states = new Set(progress.map(({ delivery }) => delivery));
  // The receipt may be there before the answer that the last fragment is stored.
  const order = ["queued", "mixing", ...(states.has("stored") ? ["stored"] : []), "delivered"];
  assert.deepEqual([...states], order);
  await world.stop();
});

test("a writer holds a few fragments in memory, and a reader one at a time, whatever the size of the mail", async () => {
  const { world, alice, bob, record } = await pair("memory");
  const reads = watchReads(alice.store);
  const joins = watchReads(bob.store);
  let sent = 0;
  alice.client.on("progress", ({ fragmentsSent }) => {
    sent = fragmentsSent;
    assert.ok(reads.count - sent <= FRAGMENTS_READY + 1, `${reads.count} read, ${sent} sent`);
  });
  const send = alice.client.send({ to: record, body: new Uint8Array(LARGE / 10) });
  await world.clock.runUntilSettled(send, seconds(5));
  await world.clock.runWhile(() => joins.count === 0, seconds(300));
  const present = (await bob.store.incoming())[0];
  assert.ok(present !== undefined && present.bytes >= LARGE / 10, "all of it is on the disk before any of it is read");
  await world.clock.runWhile(() => bob.received.size === 0, seconds(10));
  assert.equal(joins.atOnce, 1);
  await world.stop();
});

test("a small mail written during a large one is through after a few slots of its own", async () => {
  const { world, alice, bob, record } = await pair("fair");
  await world.clock.runUntilSettled(alice.client.send({ to: record, body: new Uint8Array(LARGE) }), seconds(5));
  await world.clock.runFor(seconds(3));
  const waits: number[] = [];
  for (let n = 1; n <= 5; n++) {
    const before = world.clock.now();
    const expected = before + (await alice.client.estimate({ bytes: 500 }));
    await world.clock.runUntilSettled(alice.client.send({ to: record, body: new Uint8Array(500).fill(n) }), seconds(5));
    await world.clock.runWhile(() => bob.received.size < n, seconds(30));
    assert.equal(bob.received.size, n);
    waits.push(world.clock.now() - before);
    assert.ok(expected - before < 5_000);
  }
  const large = alice.client.journeys()[0];
  assert.ok((large?.fragmentsSent ?? 0) < (large?.fragments ?? 0), "the large one is still on its way");
  assert.ok(Math.max(...waits) < 10_000, waits.join());
  await world.stop();
});

for (const seed of ["restarts one", "restarts two"]) {
  test(`writer and reader are killed again and again at any moment of a large mail: it arrives once (${seed})`, async () => {
    const { world, alice, bob, record } = await pair(seed);
    world.net.weather = { loss: 0.02, duplicates: 0.02 };
    const body = new SeededRandom(seed).bytes(LARGE / 10);
    await world.clock.runUntilSettled(alice.client.send({ to: record, body: body.slice() }), seconds(5));
    const chance = new SeededRandom(`${seed}/kills`);
    let kills = 0;
    for (; kills < 60 && bob.received.size === 0; kills++) {
      await world.clock.runFor(milliseconds(100 + 3_000 * uniform(chance)));
      await kill(world, uniform(chance) < 0.5 ? alice : bob);
    }
    assert.ok(kills >= 6, `${kills} kills`);
    await world.clock.runFor(seconds(30));
    const [received] = [...bob.received.values()];
    assert.ok(received !== undefined && equalBytes(received, body));
    assert.equal(bob.received.size, 1);
    assert.ok(["stored", "delivered"].includes(alice.client.journeys()[0]?.delivery ?? ""));
    await world.stop();
  });
}

/** What it had not written by then is lost. */
async function kill(world: World, client: SimClient): Promise<void> {
  client.store.refusal = new Error("killed");
  await world.clock.runUntilSettled(client.stop(), seconds(120));
  client.store.refusal = undefined;
  await world.clock.runUntilSettled(client.start(), seconds(120));
}

function watchReads(store: MemoryClientStore): { count: number; atOnce: number } {
  const seen = { count: 0, atOnce: 0 };
  let open = 0;
  for (const name of ["outgoingData", "incomingFragment"] as const) {
    const read = store[name].bind(store);
    store[name] = async (id: MessageId, index: number) => {
      seen.count++;
      seen.atOnce = Math.max(seen.atOnce, ++open);
      return read(id, index).finally(() => open--);
    };
  }
  return seen;
}

async function pair(seed: string): Promise<{ world: World; alice: SimClient; bob: SimClient; record: MailboxRecord }> {
  const world = await World.create({ seed, parameters: QUICK, suite: noCryptography() });
  const alice = await world.join({ name: "alice", provider: "a", machine: "quick" });
  const acknowledge = async (client: TransportClient, messageId: MessageId): Promise<void> => {
    const to = await client.lookup(alice.address);
    if (to !== undefined) await client.acknowledge({ messageId, to });
  };
  const bob = await world.join({
    name: "bob",
    provider: "b",
    machine: "quick",
    program: (client) =>
      client.on("message", ({ messageId }) => {
        // As the program above: what finds no answer, or a mail that is not consumed yet, is tried again.
        const insist = (): void =>
          void acknowledge(client, messageId).catch(() =>
            world.clock.at(milliseconds(world.clock.now() + 500), insist),
          );
        insist();
      }),
  });
  const record = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(120));
  assert.ok(record);
  return { world, alice, bob, record };
}
