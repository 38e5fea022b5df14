/** A client's guards, from the list of nodes to its packets, and through a restart. Spec: docs/spec/08-directory.md §9 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#transport/core/bytes.ts";
import { seconds } from "#transport/core/units.ts";
import { GUARDS } from "#transport/directory/guards.ts";
import { SIM_PARAMETERS, World } from "./world.ts";

const PARAMETERS = {
  ...SIM_PARAMETERS,
  // No packets but the client's: what nodes send of their own begins anywhere, and so do answers.
  boxReplies: 0,
  nodeLoopRate: 1e-9 as typeof SIM_PARAMETERS.nodeLoopRate,
  minimumPool: 0,
  tokens: { ...SIM_PARAMETERS.tokens, perProvider: 0 },
};

test("a client's packets begin at three mixes of four, and at the same ones after a restart", async () => {
  const begun: string[] = [];
  const world = await World.create({
    seed: "guards",
    parameters: PARAMETERS,
    mixes: 12,
    observer: { packetHeld: ({ node }) => firstLayer().has(toHex(node)) && begun.push(toHex(node)) },
  });
  const firstLayer = (): ReadonlySet<string> => {
    const list = world.provider("a")?.mix.consensuses.newest;
    return new Set(list?.layers[0].map(({ nodeId }) => toHex(nodeId)));
  };
  const alice = await world.join({ name: "alice", provider: "a" });
  assert.equal(firstLayer().size, GUARDS + 1);
  const mixesOf = async (): Promise<string[]> => {
    begun.length = 0;
    await world.clock.runFor(seconds(20));
    assert.ok(begun.length > 50, `${begun.length} packets`);
    return [...new Set(begun)].toSorted();
  };
  const guards = await mixesOf();
  assert.equal(guards.length, GUARDS);
  await world.clock.runUntilSettled(alice.stop(), seconds(10));
  await world.clock.runFor(seconds(5));
  await world.clock.runUntilSettled(alice.start(), seconds(10));
  await world.clock.runFor(seconds(5));
  assert.deepEqual(await mixesOf(), guards);
  await world.stop();
});
