/**
 * The network fails a writer, one way after the other. What the window hears of each, and that the mail arrives once when it
 * is over:
 *
 * | what is wrong                         | network.state | the mail meanwhile          |
 * |---------------------------------------|---------------|-----------------------------|
 * | the provider is down                  | provider-down | queued, waits for provider  |
 * | the reader's provider is down         | mixing        | queued, waits for network   |
 * | too few mixes are alive               | too-small     | queued, waits for network   |
 * | one operator runs every mix           | too-small     | queued, waits for network   |
 * | the list of nodes is out of date      | stale         | queued, waits for network   |
 * | a forged list                         | mixing        | goes on with the good one   |
 * | nothing but forged lists              | untrusted     | queued, waits for network   |
 * | two signed lists (a split)            | untrusted     | queued, waits for network   |
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { en } from "#renderer/text/en.ts";
import type { NetworkState } from "#main/contract/contract.ts";
import { failsWith, People, type Person } from "#test/support/people.ts";
import { seedOf } from "#test/support/test-network.ts";
import { seconds } from "#transport/core/units.ts";
import { verifyConsensus } from "#transport/directory/consensus.ts";

const TEXT = "written while it was so";

test("the provider is down: mail stays queued and says so, and leaves when it is back", async (t) => {
  const people = await People.on(t, { seed: "provider down" });
  const { alice, bob } = await people.aliceAndBob();
  await people.world.killNode("a");
  await comes(people, alice, "provider-down");
  await waits(people, { writer: alice, reader: bob, for: "provider" });
  people.world.startNode("a");
  await arrives(people, alice, bob);
});

test("nobody can sign up or be looked up while the provider is down, and nothing stays of the attempt", async (t) => {
  const people = await People.on(t, { seed: "provider down at first" });
  const bob = await people.person("bob", "b");
  const alice = await people.newcomer("alice", "a");
  await people.world.killNode("a");
  await failsWith(alice.signUp(), "PROVIDER_DOWN");
  assert.equal((await alice.contract["app.state"]({})).stage, "new");
  people.world.startNode("a");
  await alice.signUp();
  await people.world.killNode("a");
  await comes(people, alice, "provider-down");
  const draftId = await alice.draft(bob.address, TEXT);
  assert.equal((await people.during(alice.contract["recipient.check"]({ address: bob.address }))).state, "unavailable");
  await failsWith(people.during(alice.contract["draft.send"]({ draftId })), "LOOKUP_FAILED");
  assert.deepEqual(await alice.draftTexts(), [TEXT]);
  people.world.startNode("a");
  await comes(people, alice, "mixing");
  await people.during(alice.contract["draft.send"]({ draftId }));
  await arrives(people, alice, bob);
});

test("the reader's provider is down: mail waits for the network and leaves when it is back", async (t) => {
  const people = await People.on(t, { seed: "provider of the reader down" });
  const { alice, bob } = await people.aliceAndBob();
  await people.world.killNode("b");
  await people.until(async () => (await alice.network()).providers === 1, "a list without it");
  assert.equal((await alice.network()).state, "mixing");
  await waits(people, { writer: alice, reader: bob, for: "network" });
  people.world.startNode("b");
  await arrives(people, alice, bob);
});

test("too few mixes are alive: nothing leaves, mail is queued and says so, and goes out when they are back", async (t) => {
  const people = await People.on(t, { seed: "too few mixes" });
  const { alice, bob } = await people.aliceAndBob();
  const dead = ["mix0", "mix1", "mix2", "mix3"];
  for (const name of dead) await people.world.killNode(name);
  await comes(people, alice, "too-small");
  await waits(people, { writer: alice, reader: bob, for: "network" });
  await failsWith(stranger(people, alice), "LOOKUP_FAILED");
  for (const name of dead) people.world.startNode(name);
  await arrives(people, alice, bob);
});

test("one operator runs every mix: as if there were too few", async (t) => {
  let areSold = false;
  const people = await People.on(t, {
    seed: "one operator",
    operatorOf: (name) => (areSold && isMix(name) ? "one" : `operator of ${name}`),
  });
  const { alice, bob } = await people.aliceAndBob();
  const sell = async (toOne: boolean): Promise<void> => {
    areSold = toOne;
    for (const name of people.world.nodeNames.filter(isMix)) {
      await people.world.killNode(name);
      people.world.startNode(name);
    }
  };
  await sell(true);
  // A vote may fall between two of the sales: then there is a list of two operators first.
  await people.until(async () => (await alice.network()).operators === 1, "a list of one operator");
  await comes(people, alice, "too-small");
  assert.equal((await alice.network()).mixes, 6);
  await waits(people, { writer: alice, reader: bob, for: "network" });
  await sell(false);
  await arrives(people, alice, bob);
});

test("the list of nodes is out of date: nothing leaves by it, and mail goes out with the next one", async (t) => {
  const people = await People.on(t, { seed: "stale" });
  const { alice, bob } = await people.aliceAndBob();
  people.world.killAuthorities();
  await comes(people, alice, "stale");
  await waits(people, { writer: alice, reader: bob, for: "network" });
  people.world.startAuthorities();
  await arrives(people, alice, bob);
});

test("an old list that is shown again is no list", async (t) => {
  const people = await People.on(t, { seed: "old list" });
  const { alice, bob } = await people.aliceAndBob();
  let old: Uint8Array | undefined;
  alice.listsShown = (list) => {
    old ??= list;
    return old;
  };
  await comes(people, alice, "stale");
  await waits(people, { writer: alice, reader: bob, for: "network" });
  alice.listsShown = (list) => list;
  await arrives(people, alice, bob);
});

test("a forged list changes nothing while a good one is held; nothing but forged ones and nothing leaves", async (t) => {
  const people = await People.on(t, { seed: "forged" });
  const { alice, bob } = await people.aliceAndBob();
  let shown = 0;
  alice.listsShown = (list) => {
    shown++;
    const forged = list.slice();
    forged[400] = (forged[400] as number) ^ 1;
    return forged;
  };
  await people.until(() => shown > 0, "a forged list");
  assert.equal((await alice.network()).state, "mixing");
  await alice.write(bob.address, "by the good list");
  await bob.receivesOnce("by the good list");
  await comes(people, alice, "untrusted");
  await waits(people, { writer: alice, reader: bob, for: "network" });
  alice.listsShown = (list) => list;
  await comes(people, alice, "mixing");
  await bob.receivesOnce("by the good list", TEXT);
});

test("two signed lists are a split: neither is used, and mail goes out when there is one again", async (t) => {
  const people = await People.on(t, { seed: "split" });
  const { world } = people;
  const { alice, bob } = await people.aliceAndBob();
  alice.listsShown = (list) =>
    world.signedConsensus({
      ...verifyConsensus(world.network, list, world.suite),
      previous: seedOf("another history"),
    });
  await comes(people, alice, "untrusted");
  await waits(people, { writer: alice, reader: bob, for: "network" });
  alice.listsShown = (list) => list;
  await arrives(people, alice, bob);
});

const isMix = (name: string): boolean => name.startsWith("mix");

async function comes(people: People, person: Person, state: NetworkState["state"]): Promise<void> {
  await people.until(async () => (await person.network()).state === state, `${person.name}'s network is ${state}`);
  if (state !== "mixing" && state !== "connecting") assert.match(en.status[state], /mail waits here/);
}

/** A mail is taken, stays, and says what it waits for; the queue does not move. */
async function waits(
  people: People,
  o: { writer: Person; reader: Person; for: "provider" | "network" },
): Promise<void> {
  const id = await o.writer.write(o.reader.address, TEXT);
  assert.deepEqual(await o.writer.draftTexts(), []);
  await people.run(seconds(10));
  const { delivery, waitingFor, errorCode } = await o.writer.journey(id);
  assert.deepEqual([delivery, waitingFor, errorCode], ["queued", o.for, undefined]);
  assert.match(en.journey.waiting[waitingFor], /stays encrypted here and goes by itself/);
}

async function arrives(people: People, writer: Person, reader: Person): Promise<void> {
  await comes(people, writer, "mixing");
  await reader.receivesOnce(TEXT);
  assert.deepEqual([...writer.reported, ...reader.reported], []);
}

/** Asks for someone never asked for before and writes to them. */
async function stranger(people: People, writer: Person): Promise<unknown> {
  const draftId = await writer.draft("carol@b.example", "never mind");
  try {
    return await people.during(writer.contract["draft.send"]({ draftId }));
  } finally {
    await writer.contract["draft.discard"]({ draftId });
  }
}
