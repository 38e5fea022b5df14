/**
 * An entry provider floods one mix with packets of its own (its customers' come within budgets, `client-faster-than-budget.test.ts`).
 * The mix gives it its share of room and drops the rest of that link alone; memory stays bounded; nodes' loops show it, and two
 * epochs later paths avoid the link, not the mix: a flood pushes nobody out of use. Production nodes, real packets, virtual time.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { epochNumber, milliseconds, seconds } from "#transport/core/units.ts";
import { epochStart } from "#transport/directory/epochs.ts";
import { choosePath } from "#transport/directory/path.ts";
import { meddling } from "./harness/adversary.ts";
import { WatchedWorld } from "./harness/watched-world.ts";

const FIRST_EPOCH = 2;
/** A thousandth of the bound of production, and so is the flood. */
const HELD_MAX = 48;
const FLOOD = 60;
let watched: WatchedWorld;
let victim = "";
let heldAtMost = 0;

describe("flooding", () => {
  before(async () => {
    const limits = { delayQueuePackets: HELD_MAX };
    watched = await WatchedWorld.create({ seed: "flooding", ...meddling({ limits }) });
    const { world } = watched;
    await watched.runTo(1);
    victim = watched.layer(1, 0)[0] as string;
    const descriptor = watched.consensus(1).layers[0].find((node) => node.address.startsWith(`${victim}.`));
    const node = world.mixes().find((mix) => mix.nodeId.join() === descriptor?.nodeId.join());
    assert.ok(node !== undefined);
    const from = epochStart(world.network, epochNumber(FIRST_EPOCH));
    const until = epochStart(world.network, epochNumber(FIRST_EPOCH + 1));
    const { mix } = world.provider("a");
    const random = new SeededRandom("flood");
    const send = (): void => {
      const now = world.clock.now();
      if (now < until) world.clock.at(milliseconds(now + 1000 / FLOOD), send);
      const list = mix.current();
      if (list === undefined) return;
      // Delays as long as an honest sender may draw would serve an attacker, and be dropped beyond that.
      const common = { ...list, meanDelay: seconds(2), paths: random, delays: random };
      const path = choosePath({ ...common, guards: [node.nodeId], destination: mix.nodeId });
      const destination = { command: "drop", recipient: random.bytes(32) } as const;
      const payload = random.bytes(mix.sphinx.geometry.payloadBytes);
      const { firstHop, packet } = mix.sphinx.wrap({ path, destination, payload, random });
      mix.forward(firstHop, packet);
      heldAtMost = Math.max(heldAtMost, node.held);
    };
    world.clock.at(milliseconds(from - world.parameters.epoch.lead), send);
    await watched.runTo(FIRST_EPOCH + 2);
  });

  after(() => watched.world.stop());

  test("the flood gets two thirds of the room, the mix is never full, and its log says what it dropped", () => {
    assert.ok(heldAtMost >= (2 / 3) * HELD_MAX && heldAtMost < HELD_MAX, `${heldAtMost} held`);
    const own = watched.world.log.filter((line) => line.startsWith(`${victim}: dropped `));
    assert.ok(own.some((line) => line.includes("SOURCE_SHARE=")));
    assert.ok(!own.some((line) => line.includes("DELAY_QUEUE_FULL=")), "nobody else's packet finds no room");
  });

  test("two epochs later paths avoid the flooder's line to it, and neither that mix nor any other node", () => {
    assert.deepEqual(watched.demotions(FIRST_EPOCH + 1), {});
    assert.deepEqual(watched.demotions(FIRST_EPOCH + 2), { [`a>${victim}`]: "avoided" });
  });
});
