/**
 * Who uses the old list of nodes, and who the new one: were it each client's own moment, a mix or link that only one of the two
 * has would tell which half a sender is in (Danezis and Clayton, "Route fingerprinting in anonymous communications", 2006).
 * Spec: docs/spec/08-directory.md §2
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Parameters } from "#transport/core/parameters.ts";
import { type Epoch, epochNumber, type Milliseconds, milliseconds, perSecond, seconds } from "#transport/core/units.ts";
import { epochInForce, epochStart, sendersChange } from "#transport/directory/epochs.ts";
import type { SimClient } from "../sim/sim-client.ts";
import { SIM_PARAMETERS, World } from "../sim/world.ts";

/** A slow pace: how much is sent makes no difference. */
const PARAMETERS: Parameters = {
  ...SIM_PARAMETERS,
  profiles: {
    mail: { ...SIM_PARAMETERS.profiles.mail, sendRate: perSecond(0.5), pollRate: perSecond(0.5) },
    chat: { ...SIM_PARAMETERS.profiles.chat, sendRate: perSecond(0.5), pollRate: perSecond(0.5) },
  },
  boxReplies: 0,
  minimumPool: 0,
  nodeLoopRate: perSecond(1 / 50),
};
const EPOCH = epochNumber(1);
const NEXT = epochNumber(2);

/** What everybody sends by, second by second until `until`; `each` may look on. */
async function watch(world: World, until: Milliseconds, each: (now: Milliseconds) => void): Promise<void> {
  while (world.clock.now() < until) {
    each(world.clock.now());
    await world.clock.runUntil(milliseconds(Math.min(until, world.clock.now() + 1000)));
  }
}

const listOf = (client: SimClient): number | undefined => client.client.status().epoch;
const listOfNode = (world: World, name: string): Epoch | undefined => world.node(name)?.current()?.consensus.epoch;

test("all clients that are on, and all nodes, send by the same list at every moment, though each fetched it at its own", async () => {
  const world = await World.create({ seed: "common list", parameters: PARAMETERS });
  const clients: SimClient[] = [];
  for (const name of ["alice", "bob", "carol", "dave", "eve"])
    clients.push(await world.join({ name, provider: name < "c" ? "a" : "b", machine: "quick" }));
  const fetched = new Map<string, Milliseconds>();
  const seen = new Set<number>();
  await watch(world, milliseconds(sendersChange(world.network, NEXT) + seconds(20)), (now) => {
    const senders = [...clients.map(listOf), ...world.nodeNames.map((name) => listOfNode(world, name))];
    const lists = new Set(senders);
    assert.equal(lists.size, 1, `${[...lists].join(" and ")} in use at ${now - world.network.genesis} ms`);
    seen.add(senders[0] as number);
    for (const { name, store } of clients)
      if ((store.listEpoch ?? 0) >= EPOCH && !fetched.has(name)) fetched.set(name, now);
  });
  assert.deepEqual([...seen], [0, EPOCH, NEXT]);
  const times = [...fetched.values()].toSorted((a, b) => a - b);
  assert.equal(times.length, clients.length);
  // Else it would show nothing: old and new lists lie beside each other in different programs for long.
  assert.ok((times.at(-1) as number) - (times[0] as number) > 15_000, "each fetched at a time of its own");
  await world.stop();
});

async function whereBobIsOff(seed: string): Promise<{ world: World; alice: SimClient; bob: SimClient }> {
  const world = await World.create({ seed, parameters: PARAMETERS });
  const alice = await world.join({ name: "alice", provider: "a", machine: "quick" });
  const bob = await world.join({ name: "bob", provider: "b", machine: "quick" });
  await world.clock.runUntilSettled(bob.stop(), seconds(10));
  return { world, alice, bob };
}

/** Both have one list until all have changed to the next, and then that. */
async function changeTogether(world: World, [alice, bob]: readonly [SimClient, SimClient]): Promise<void> {
  await watch(world, milliseconds(sendersChange(world.network, NEXT) + seconds(5)), () =>
    assert.equal(listOf(bob), listOf(alice)),
  );
  assert.equal(listOf(bob), NEXT);
  await world.stop();
}

test("who was off when others changed begins with the list that it has, and changes as soon as it has theirs", async () => {
  const { world, alice, bob } = await whereBobIsOff("late list");
  await world.clock.runUntil(milliseconds(sendersChange(world.network, EPOCH) + seconds(5)));
  assert.equal(listOf(alice), EPOCH);
  await world.clock.runUntilSettled(bob.start(), seconds(10));
  assert.equal(listOf(bob), 0);
  await world.clock.runUntil(milliseconds(epochInForce(world.network, NEXT) - 1));
  assert.equal(bob.store.listEpoch, EPOCH);
  assert.equal(listOf(bob), EPOCH);
  // And with the next one it is among the others.
  await changeTogether(world, [alice, bob]);
});

test("who was off for so long that it has only the newest list asks for the one that all others use, and uses that", async () => {
  const { world, alice, bob } = await whereBobIsOff("old list");
  await world.clock.runUntil(milliseconds(epochStart(world.network, NEXT) + 1000));
  await world.clock.runUntilSettled(bob.start(), seconds(10));
  await world.clock.runFor(seconds(2));
  assert.equal(bob.store.listEpoch, NEXT, "it has the newest");
  await changeTogether(world, [alice, bob]);
});

test("a node that starts anew between two lists has the one that all send by: it takes their packets, and sends by it", async () => {
  const world = await World.create({ seed: "node anew", parameters: PARAMETERS });
  await world.clock.runUntil(milliseconds(epochStart(world.network, NEXT) + 1000));
  for (const name of ["mix0", "a"]) {
    await world.killNode(name);
    world.startNode(name);
  }
  await world.clock.runFor(seconds(5));
  await watch(world, milliseconds(sendersChange(world.network, NEXT) + seconds(5)), (now) => {
    const lists = new Set(world.nodeNames.map((name) => listOfNode(world, name)));
    assert.equal(lists.size, 1, `${[...lists].join(" and ")} in use at ${now - world.network.genesis} ms`);
  });
  assert.equal(listOfNode(world, "mix0"), NEXT);
  // Clients that were off ask it for the one as for the other.
  assert.deepEqual(
    world.provider("a").mix.consensuses.held.map(({ epoch }) => epoch),
    [EPOCH, NEXT],
  );
  await world.stop();
});
