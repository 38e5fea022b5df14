/**
 * Mixes that lose, hold back or mark packets, among production nodes that exchange real packets in the virtual network: node
 * loops show it, and two epochs later the list that all clients follow is without them (Leibowitz et al., USENIX Security 2019).
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { toHex } from "#transport/core/bytes.ts";
import { keyPeriodNumber, seconds } from "#transport/core/units.ts";
import { chooseLoopPath, choosePath } from "#transport/directory/path.ts";
import { FIRST_EPOCH, type LossyScene, lossyScene } from "./harness/lossy-scene.ts";
import type { WatchedWorld } from "./harness/watched-world.ts";

let watched: WatchedWorld;
let names: LossyScene["bad"];

describe("lossy mixes", () => {
  before(async () => {
    // Of eight networks some see one of the three an epoch later (test/slow/lossy-mixes.test.ts): so few loops are not those of a network for people.
    ({ watched, bad: names } = await lossyScene("lossy mixes0"));
  });

  after(() => watched.world.stop());

  test("in an honest network with lossy links nobody is demoted", () => {
    assert.deepEqual(watched.demotions(FIRST_EPOCH), {});
  });

  test("a mix that loses, one that marks a fifth of its packets, and one that holds them back are avoided two epochs later, and nobody else", () => {
    assert.deepEqual(watched.demotions(FIRST_EPOCH + 1), {});
    const expected = { [names.drops]: "avoided", [names.marks]: "avoided", [names.holds]: "avoided" };
    assert.deepEqual(watched.demotions(FIRST_EPOCH + 2), expected);
  });

  test("all authorities say why, in numbers", () => {
    for (const authority of ["authority0", "authority1", "authority2"]) {
      const lines = watched.world.log.filter((line) =>
        line.startsWith(`${authority}: loses packets, by majority, avoided: `),
      );
      assert.equal(lines.length, 3);
      for (const line of lines) assert.match(line, /: [0-9a-f]{16} epoch=4 lost=\d+ expected=\d+ until=16$/);
    }
  });

  test("clients' paths avoid them, and nodes' loops go on testing them", () => {
    const consensus = watched.consensus(FIRST_EPOCH + 2);
    const common = { consensus, period: keyPeriodNumber(consensus.epoch), meanDelay: seconds(1) };
    const streams = { paths: new SeededRandom("paths"), delays: new SeededRandom("delays") };
    const bad = new Set(
      consensus.layers.flat().flatMap((node) => {
        const name = node.address.slice(0, node.address.indexOf("."));
        return Object.values(names).includes(name) ? [toHex(node.nodeId)] : [];
      }),
    );
    assert.equal(bad.size, 3);
    const [from, destination] = consensus.providers.map((node) => node.nodeId);
    assert.ok(from !== undefined && destination !== undefined);
    const passed = (path: { hops: readonly { nodeId: Uint8Array }[] }): number =>
      path.hops.filter((hop) => bad.has(toHex(hop.nodeId))).length;
    let loops = 0;
    for (let i = 0; i < 300; i++) {
      assert.equal(passed(choosePath({ ...common, ...streams, from, destination })), 0);
      loops += passed(chooseLoopPath({ ...common, ...streams, node: from }));
    }
    // Three hops, of four mixes one is bad in each layer.
    assert.ok(loops > 150 && loops < 300, `${loops} of 900 hops`);
  });
});
