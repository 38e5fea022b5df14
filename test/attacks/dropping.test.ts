/**
 * Mixes that drop packets, some or all, of some or all (blending and n−1 attacks begin so: Serjantov, Dingledine and Syverson,
 * 2002): how soon most operators' loops show it, and who is blamed wrongly. Production path choice, reports and judgement over a
 * network on paper; `lossy-mixes.test.ts` has the same with real packets, `test/slow/loop-evidence.test.ts` the large numbers.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Adversary, PaperNetwork } from "./harness/paper-network.ts";

/** Two epochs: what happens in one is in the list after the next. */
function afterTwoEpochs(
  o: { mixesPerLayer?: number; providers?: number; seed?: string; loopsPerEpoch?: number },
  adversary: Adversary,
) {
  const network = new PaperNetwork({ seed: "dropping", mixesPerLayer: 4, providers: 3, ...o });
  network.epoch(adversary);
  assert.deepEqual(network.consensus.demotions, [], "nothing is judged before it is reported");
  network.epoch(adversary);
  return network;
}

const dropsAt = (nodes: readonly string[], share: number): Adversary => ({
  drops: ({ node }) => (nodes.includes(node) ? share : 0),
});

test("honest links that lose one packet in a hundred demote nobody", () => {
  for (const [mixesPerLayer, providers, epochs] of [
    [2, 2, 12],
    [4, 3, 6],
    [8, 4, 2],
  ] as const) {
    const network = new PaperNetwork({ seed: "honest", mixesPerLayer, providers });
    for (let i = 0; i < epochs; i++) {
      network.epoch();
      assert.deepEqual(network.findings, []);
    }
  }
});

test("a mix that drops a fifth is avoided within two epochs, in networks of 15 and of 100 nodes", () => {
  assert.deepEqual(afterTwoEpochs({}, dropsAt(["m20"], 0.2)).demoted("avoided"), ["m20"]);
  const wide = afterTwoEpochs({ mixesPerLayer: 30, providers: 10 }, dropsAt(["m20"], 0.2));
  assert.deepEqual(wide.demoted("avoided"), ["m20"]);
});

test("in the smallest network it is found as well, and kept: with one mix left in a layer nobody would hide anybody", () => {
  const network = afterTwoEpochs({ mixesPerLayer: 2, providers: 2 }, dropsAt(["m20"], 0.2));
  assert.deepEqual(network.demoted("avoided"), []);
  assert.deepEqual(network.demoted("kept"), ["m20"]);
});

test("several at once are found one by one, and no honest node for their sake", () => {
  const network = afterTwoEpochs({}, dropsAt(["m11", "m20", "m32"], 0.2));
  assert.deepEqual(network.demoted("avoided").toSorted(), ["m11", "m20", "m32"]);
});

test("where most of a layer drops, two mixes stay; all are named", () => {
  const network = afterTwoEpochs({}, dropsAt(["m20", "m21", "m22"], 0.2));
  assert.deepEqual(network.findings.map(({ target }) => target).toSorted(), ["m20", "m21", "m22"]);
  assert.equal(network.demoted("avoided").length, 2);
  assert.equal(network.demoted("kept").length, 1);
});

test("a mix that drops only what comes from one other mix loses that link, and neither of the two is blamed for more", () => {
  const adversary: Adversary = { drops: ({ from, node }) => (from === "m10" && node === "m20" ? 0.2 : 0) };
  assert.deepEqual(afterTwoEpochs({}, adversary).demoted("avoided"), ["m10>m20"]);
});

test("a mix that drops only what goes to two others loses these links", () => {
  const adversary: Adversary = { drops: ({ node, to }) => (node === "m20" && ["m30", "m31"].includes(to) ? 0.2 : 0) };
  assert.deepEqual(afterTwoEpochs({}, adversary).demoted("avoided").toSorted(), ["m20>m30", "m20>m31"]);
});

test("a mix that drops what goes to most others is avoided itself", () => {
  const adversary: Adversary = { drops: ({ node, to }) => (node === "m20" && to !== "m33" ? 1 : 0) };
  assert.deepEqual(afterTwoEpochs({}, adversary).demoted("avoided"), ["m20"]);
});

test("a provider that drops what passes it is named, and kept: its people chose it, and cover must not avoid it", () => {
  const network = afterTwoEpochs({}, dropsAt(["p0"], 0.2));
  assert.deepEqual(network.demoted("avoided"), []);
  assert.deepEqual(network.demoted("kept"), ["p0"]);
});

test("who behaves again is used again after its time, and who falls back is out for twice as long", () => {
  const network = new PaperNetwork({ seed: "again", mixesPerLayer: 4, providers: 3, loopsPerEpoch: 300 });
  const untilOf = (): number => network.consensus.demotions[0]?.until as number;
  network.epoch(dropsAt(["m20"], 0.3));
  network.epoch();
  const first = network.consensus.epoch;
  assert.deepEqual(network.demoted("avoided"), ["m20"]);
  assert.equal(untilOf(), first + 12);
  while (network.consensus.epoch < first + 11) network.epoch();
  assert.deepEqual(network.demoted("avoided"), ["m20"]);
  network.epoch();
  assert.deepEqual(network.demoted("avoided"), []);
  assert.deepEqual(network.demoted("probation"), ["m20"]);
  network.epoch(dropsAt(["m20"], 0.3));
  network.epoch();
  assert.deepEqual(network.demoted("avoided"), ["m20"]);
  assert.equal(untilOf(), network.consensus.epoch + 24);
});

test("who goes on dropping stays out, for its loops are still sent", () => {
  const network = afterTwoEpochs({ loopsPerEpoch: 300 }, dropsAt(["m20"], 0.3));
  for (let i = 0; i < 4; i++) network.epoch(dropsAt(["m20"], 0.3));
  assert.equal(network.consensus.demotions[0]?.until, network.consensus.epoch + 12);
  assert.equal(network.consensus.demotions[0]?.strikes, 1);
});
