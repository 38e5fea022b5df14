/**
 * A provider sends a mix as many packets of its own as the replay set of a key period holds. The key is erased, and what comes for
 * that period is dropped, as is what the mix holds of it; the next period's packets are taken as ever, and mail that was lost comes
 * then. Production nodes, real packets, virtual time. Spec: docs/spec/06-mix.md §3
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { MixNode } from "#provider-server/mix/mix-node.ts";
import { DEFAULT_NODE_LIMITS } from "#provider-server/node/limits.ts";
import { SIM_PARAMETERS, World } from "#test/sim/world.ts";
import type { SimClient } from "#test/sim/sim-client.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { toHex, utf8 } from "#transport/core/bytes.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { type KeyPeriod, keyPeriodNumber, milliseconds, seconds } from "#transport/core/units.ts";
import { clockDifferenceMax, keyPeriodLength, keyPeriodStart } from "#transport/directory/epochs.ts";
import { choosePath } from "#transport/directory/path.ts";

/** More than twice what passes a mix of this network in a period. */
const CAPACITY = 700;
const PERIOD: KeyPeriod = keyPeriodNumber(3);
/** After senders have begun to use the period. */
const FLOOD_AFTER = seconds(8);

interface Event {
  readonly node: string;
  readonly at: number;
}

const arrived: (Event & { period: KeyPeriod })[] = [];
const dropped: (Event & { reason: string })[] = [];
let world: World;
let bob: SimClient;
/** Both mixes of the first layer, so that no packet of anybody's gets by. */
let victims: MixNode[];
let floodedAt: number;
/** When senders begin to use the next period. */
let next: number;
const readAt: number[] = [];

describe("a full replay set", () => {
  before(async () => {
    world = await World.create({
      seed: "full replay set",
      nodeLimits: { replayCapacity: CAPACITY },
      observer: {
        packetArrived: ({ node, at, period }) => arrived.push({ node: toHex(node), at, period }),
        dropped: ({ node, at, reason }) => dropped.push({ node: toHex(node), at, reason }),
      },
    });
    const { network, clock } = world;
    const { keyLead } = network.parameters.epoch;
    const alice = await world.join({ name: "alice", provider: "a" });
    bob = await world.join({ name: "bob", provider: "b" });
    bob.client.on("message", () => readAt.push(clock.now()));
    const record = await clock.runUntilSettled(alice.client.lookup(bob.address), seconds(60));
    assert.ok(record !== undefined);
    next = keyPeriodStart(network, keyPeriodNumber(PERIOD + 1)) - keyLead;
    floodedAt = keyPeriodStart(network, PERIOD) - keyLead + FLOOD_AFTER;
    await clock.runUntil(milliseconds(floodedAt));
    const first = new Set(
      world
        .provider("a")
        .mix.current()
        ?.consensus.layers[0].map(({ nodeId }) => toHex(nodeId)),
    );
    victims = world.mixes().filter((mix) => first.has(toHex(mix.nodeId)));
    for (const victim of victims) flood(world.provider("a").mix, victim);
    await clock.runFor(seconds(2));
    await clock.runUntilSettled(alice.client.send({ to: record, body: utf8("after the flood") }), seconds(5));
    await clock.runUntil(milliseconds(next + 60_000));
  });

  after(() => world.stop());

  test("until the flood comes nothing is full: two periods of everybody's packets have room", () => {
    assert.equal(victims.length, 2);
    const early = dropped.filter(({ at }) => at >= world.network.genesis && at < floodedAt);
    assert.deepEqual(new Set(early.map(({ reason }) => reason)), new Set(["COVER"]));
    assert.ok(arrived.some(({ period }) => period < PERIOD) && arrived.some(({ period }) => period === PERIOD));
  });

  test("the packet that is one too many says so, the log says which period it was, and other nodes drop nothing", () => {
    const full = dropped.filter(({ reason }) => reason === "REPLAY_SET_FULL");
    assert.deepEqual(sorted(full.map(({ node }) => node)), sorted(ids()));
    const said = world.log.filter((line) => line.includes("the replay set is full: the key is erased early"));
    assert.equal(said.length, 2);
    for (const line of said) assert.match(line, new RegExp(`period=${PERIOD}$`));
    const others = dropped.filter(({ node, at }) => at >= floodedAt && at < next && !ids().includes(node));
    assert.deepEqual(new Set(others.map(({ reason }) => reason)), new Set(["COVER"]));
  });

  test("nothing more of that period is taken, and what was held of it is lost", () => {
    const since = dropped.filter(({ node, at }) => ids().includes(node) && at >= floodedAt && at < next);
    assert.deepEqual(
      new Set(since.map(({ reason }) => reason)),
      new Set(["REPLAY_SET_FULL", "UNWRAP_FAILED", "TOO_LATE"]),
    );
    for (const id of ids()) {
      const fullAt = dropped.find(({ node, reason }) => node === id && reason === "REPLAY_SET_FULL")?.at as number;
      const taken = arrived.filter(({ node, period }) => node === id && period === PERIOD);
      assert.equal(taken.length, CAPACITY);
      assert.ok(taken.every(({ at }) => at <= fullAt));
      assert.ok(since.filter(({ node, reason }) => node === id && reason === "UNWRAP_FAILED").length > 100);
    }
  });

  test("packets of the next period are taken from its first moment, and the mail comes with them, once", () => {
    for (const id of ids()) {
      const again = arrived.find(({ node, period, at }) => node === id && period === PERIOD + 1 && at >= floodedAt);
      assert.ok(again !== undefined && again.at >= next && again.at < next + 2_000, `${again?.at}, not ${next}`);
    }
    assert.deepEqual(bob.texts(), ["after the flood"]);
    assert.ok(
      readAt.length === 1 && (readAt[0] as number) > next,
      `read at ${readAt.join()}, the period began at ${next}`,
    );
  });
});

test("in a network for people it takes 4,167 packets a second to fill a set as its period ends, 6,667 to lose half of it, 16,667 all", () => {
  const network = { genesis: milliseconds(0), parameters: LIVE_PARAMETERS };
  const { replayCapacity } = DEFAULT_NODE_LIMITS;
  const length = keyPeriodLength(network);
  // From when a key takes packets: the flood need not wait for senders.
  const ahead = LIVE_PARAMETERS.epoch.keyLead + clockDifferenceMax(network);
  const rate = (share: number): number => Math.round((1000 * replayCapacity) / (ahead + share * length));
  assert.deepEqual([1, 1 / 2, 0].map(rate), [4_167, 6_667, 16_667]);
  assert.equal(length, 900_000);
});

/** One more than fits, of the period that senders use now, over the provider's own line. */
function flood(from: MixNode, victim: MixNode): void {
  const random = new SeededRandom(`flood ${toHex(victim.nodeId)}`);
  const list = from.current();
  assert.ok(list !== undefined && list.period === PERIOD);
  const payload = new Uint8Array(from.sphinx.geometry.payloadBytes);
  for (let n = 0; n <= CAPACITY; n++) {
    const common = { ...list, meanDelay: SIM_PARAMETERS.profiles.mail.meanDelay, paths: random, delays: random };
    const path = choosePath({ ...common, guards: [victim.nodeId], destination: from.nodeId });
    const destination = { command: "drop", recipient: random.bytes(32) } as const;
    const { firstHop, packet } = from.sphinx.wrap({ path, destination, payload, random });
    from.forward(firstHop, packet);
  }
}

const ids = (): string[] => victims.map(({ nodeId }) => toHex(nodeId));
const sorted = (names: string[]): string[] => names.toSorted();
