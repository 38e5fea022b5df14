/**
 * An entry provider drops all that one customer sends, and ends the link before its loops say so: then the line is called unsteady. The pace of
 * the live network's chat profile, production clients and nodes. Spec: docs/spec/04-traffic.md §9
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SIM_PARAMETERS, World } from "#test/sim/world.ts";
import { forwardingLink } from "#test/support/forwarding-link.ts";
import { noCryptography } from "#test/support/no-cryptography.ts";
import { LINE_ENDS_UNSTEADY, LINK_SETTLING } from "#transport/client/limits.ts";
import type { ClientState } from "#transport/client/types.ts";
import { equalBytes } from "#transport/core/bytes.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";
import { sendFrameBytes } from "#transport/link/frame-table.ts";
import type { Link } from "#transport/link/link.ts";
import { geometry } from "#transport/sphinx/geometry.ts";

const { chat } = LIVE_PARAMETERS.profiles;
const PARAMETERS = { ...SIM_PARAMETERS, profiles: { mail: chat, chat }, minimumPool: 0 };
const SEND_BYTES = sendFrameBytes(geometry(PARAMETERS));
/** A second after loops of a link begin to count. */
const HELD = milliseconds(LINK_SETTLING + 1_000);

test("a provider that drops everything and ends the link before loops count is not called losing, but its line unsteady; others' lines are not", async () => {
  let isAttacking = false;
  let cuts = 0;
  const made: { world?: World } = {};
  const meddle = (link: Link): Link => {
    const { world } = made;
    if (world === undefined || !isAttacking || !equalBytes(link.peer.key, world.deviceKey("alice"))) return link;
    world.clock.at(milliseconds(world.clock.now() + HELD), () => {
      if (!isAttacking) return;
      cuts++;
      link.close();
    });
    return forwardingLink(link, {
      onFrame: (handler) => link.onFrame((frame) => (isAttacking && frame.length === SEND_BYTES) || handler(frame)),
    });
  };
  const world = await World.create({
    seed: "unsteady line",
    parameters: PARAMETERS,
    suite: noCryptography(),
    nodeLink: (name, link) => (name === "a" ? meddle(link) : link),
  });
  made.world = world;
  const said = new Map<string, ClientState[]>();
  const join = async (name: string, provider: string) => {
    const states: ClientState[] = [];
    said.set(name, states);
    return world.join({
      name,
      provider,
      machine: "quick",
      tap: "none",
      program: (client) => void client.on("status", ({ state }) => states.at(-1) === state || states.push(state)),
    });
  };
  const [alice, bob, carol] = [await join("alice", "a"), await join("bob", "b"), await join("carol", "a")];
  const to = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(120));
  assert.ok(to !== undefined);
  await world.clock.runFor(seconds(60));
  assert.equal(alice.client.status().state, "mixing");

  isAttacking = true;
  // The link that there is; from the next on the provider does what it wants.
  await world.killNode("a");
  world.startNode("a");
  await world.clock.runUntilSettled(alice.client.send({ to, body: new Uint8Array(3_000) }), seconds(10));
  const unsteady = (): boolean => said.get("alice")?.includes("line-unsteady") === true;
  await world.clock.runWhile(() => !unsteady(), seconds(3_600));
  assert.ok(unsteady());
  // The restart was the first end.
  assert.equal(cuts, LINE_ENDS_UNSTEADY - 1);
  assert.equal(bob.received.size, 0);
  assert.ok(!said.get("alice")?.includes("provider-losing"), "no loop counted");

  isAttacking = false;
  await world.clock.runWhile(() => bob.received.size === 0, seconds(900));
  assert.equal(bob.received.size, 1, "what was dropped was sent again");
  assert.equal(alice.client.status().state, "line-unsteady", "the hour is not over");
  assert.deepEqual(
    [bob, carol].map(({ client }) => client.status().state),
    ["mixing", "mixing"],
  );
  assert.ok(!["bob", "carol"].some((name) => said.get(name)?.includes("line-unsteady")));
  await world.stop();
});
