/**
 * n−1 blending (Serjantov, Dingledine and Syverson, "From a trickle to a flood", 2002): an entry provider fills a mix with packets of
 * its own and, with whoever runs the lines, keeps everybody else's from it until the one packet it follows has come out. What it
 * cannot keep out without being seen are the loops of the nodes around. Production nodes, real packets, virtual time.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { epochNumber, type Milliseconds, milliseconds, seconds } from "#transport/core/units.ts";
import { epochStart } from "#transport/directory/epochs.ts";
import { choosePath } from "#transport/directory/path.ts";
import { meddling } from "./harness/adversary.ts";
import { PaperNetwork } from "./harness/paper-network.ts";
import { WATCHED_PARAMETERS, WatchedWorld } from "./harness/watched-world.ts";

const FIRST_EPOCH = 2;
/** Of each epoch of a minute, in a network whose mean delay is half a second. */
const BLOCKED = { repeatedly: seconds(20), once: seconds(3) } as const;
/** The flood: packets of the entry provider's own, each second. */
const FLOOD = 60;

let watched: WatchedWorld;
/** Mixes of the first layer: one is attacked in the middle of every epoch, one once. */
let victims: Record<keyof typeof BLOCKED, string> = { repeatedly: "", once: "" };
let from: number = Number.POSITIVE_INFINITY;
let heldAtMost = 0;

describe("blending", () => {
  before(async () => {
    watched = await WatchedWorld.create({
      seed: "blending",
      ...meddling({ outgoing: ({ node, to, now }) => (node !== "a" && isKeptFrom(to, now) ? "dropped" : undefined) }),
    });
    const { world } = watched;
    await watched.runTo(1);
    const [repeatedly, once] = watched.layer(1, 0) as [string, string];
    victims = { repeatedly, once };
    from = epochStart(world.network, epochNumber(FIRST_EPOCH));
    world.clock.at(milliseconds(from), flood);
    await watched.runTo(FIRST_EPOCH + 2);
  });

  after(() => watched.world.stop());

  test("while it is attacked the mix holds little but the attacker's packets", () => {
    assert.ok(heldAtMost > FLOOD * 0.5 * 0.8, `${heldAtMost} packets held`);
  });

  test("a mix whose other neighbours' packets are kept from it for a third of the time is avoided two epochs later: nobody follows packets through it any more", () => {
    const found = Object.keys(watched.demotions(FIRST_EPOCH + 2));
    const onTheWay = found.filter(
      (target) => target === victims.repeatedly || target.endsWith(`>${victims.repeatedly}`),
    );
    assert.ok(onTheWay.length > 0, "the mix, or the links over which its neighbours' packets did not come");
    assert.deepEqual(found, onTheWay);
  });

  test("with the loops of an hour a tenth of the time suffices, six minutes, and no other node is blamed", () => {
    const network = new PaperNetwork({ seed: "blending", mixesPerLayer: 4, providers: 3 });
    const blocked = {
      drops: ({ node, to }: { node: string; to: string }) => (to === "m10" && node !== "p0" ? 0.1 : 0),
    };
    network.epoch(blocked);
    network.epoch(blocked);
    const found = network.demoted("avoided");
    assert.ok(found.length > 0);
    assert.deepEqual(
      found.filter((target) => target !== "m10" && !target.endsWith(">m10")),
      [],
    );
  });

  test("one attack of three seconds in an epoch of sixty is not seen: the limit of counting by the epoch", () => {
    const found = Object.keys(watched.demotions(FIRST_EPOCH + 2));
    assert.ok(!found.some((target) => target === victims.once || target.endsWith(`>${victims.once}`)));
  });
});

function isKeptFrom(mix: string, now: Milliseconds): boolean {
  const { duration } = WATCHED_PARAMETERS.epoch;
  const since = now - from - duration / 3;
  if (since < 0) return false;
  if (mix === victims.once) return since < BLOCKED.once;
  return mix === victims.repeatedly && since % duration < BLOCKED.repeatedly;
}

/** By entry provider a: true packets, over the mix that is attacked and on through the network. */
function flood(): void {
  const { world } = watched;
  const random = new SeededRandom("flood");
  const { mix } = world.provider("a");
  const descriptor = watched.consensus(1).layers[0].find((node) => node.address.startsWith(`${victims.repeatedly}.`));
  const victim = world.mixes().find((node) => node.nodeId.join() === descriptor?.nodeId.join());
  assert.ok(victim !== undefined);
  const send = (): void => {
    const now = world.clock.now();
    world.clock.at(milliseconds(now + 1000 / FLOOD), send);
    const list = mix.current();
    if (list === undefined || !isKeptFrom(victims.repeatedly, now)) return;
    const common = { ...list, meanDelay: seconds(0.5), paths: random, delays: random };
    const path = choosePath({ ...common, guards: [victim.nodeId], destination: mix.nodeId });
    const destination = { command: "drop", recipient: random.bytes(32) } as const;
    const payload = random.bytes(mix.sphinx.geometry.payloadBytes);
    const { firstHop, packet } = mix.sphinx.wrap({ path, destination, payload, random });
    mix.forward(firstHop, packet);
    heldAtMost = Math.max(heldAtMost, victim.held);
  };
  send();
}
