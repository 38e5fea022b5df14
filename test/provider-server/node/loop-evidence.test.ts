import assert from "node:assert/strict";
import { test } from "node:test";
import { LoopEvidence } from "#provider-server/node/loop-evidence.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { testConsensus, testNetwork, testNodes } from "#test/support/test-network.ts";
import { epochNumber, milliseconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { LOST_LOOPS_MAX } from "#transport/directory/limits.ts";
import type { NodeDescriptor } from "#transport/directory/model.ts";

const suite = await loadSuite("x25519", "native");
const made = testNetwork({ suite });
const list = testConsensus(made, suite, { ...testNodes(suite), epoch: epochNumber(1) });
const nodes = [...list.layers.flat(), ...list.providers];
const wayOver = (...places: number[]) => places.map((place) => (nodes[place] as NodeDescriptor).nodeId);
const random = (): SeededRandom => new SeededRandom("which");
const report = (evidence: LoopEvidence, now: number) =>
  evidence.report({ consensus: list, now: milliseconds(now), random: random() });

/** A loop that is late after 100 ms. */
function loop(number: number, o: { epoch?: number; places?: number[] } = {}) {
  const bytes = new SeededRandom(`loop ${number}`).bytes(64);
  const way = wayOver(...(o.places ?? [0, 2, 4]));
  return {
    recipient: bytes.subarray(0, 32),
    payload: bytes,
    epoch: epochNumber(o.epoch ?? 0),
    way,
    lateAt: milliseconds(100),
  };
}

test("a report says how many loops of the epoch before left, and the ways of those that did not come back in time", () => {
  const evidence = new LoopEvidence();
  for (const [number, places] of [
    [0, 2, 4],
    [1, 3, 5],
    [1, 2, 5],
    [0, 2, 4],
  ].entries())
    evidence.sent(loop(number, { places }));
  evidence.sent(loop(9, { epoch: 1 }));
  assert.ok(evidence.returned(loop(0), milliseconds(100)));
  assert.ok(evidence.returned(loop(1), milliseconds(101)));
  const { lost, ...rest } = report(evidence, 200) ?? { lost: [] };
  assert.deepEqual(rest, { epoch: 0, sent: 4 });
  assert.deepEqual(lost.map((way) => way.join()).toSorted(), ["0,2,4", "1,2,5", "1,3,5"]);
  assert.deepEqual(evidence.counts(epochNumber(0)), { returned: 1, late: 1, lost: 2 });
});

test("a loop whose payload somebody changed is a lost one, and comes back once only", () => {
  const evidence = new LoopEvidence();
  evidence.sent(loop(1));
  const marked = { ...loop(1), payload: loop(2).payload };
  assert.equal(evidence.returned(loop(2), milliseconds(1)), false);
  assert.equal(evidence.returned(marked, milliseconds(1)), true);
  assert.equal(evidence.returned(loop(1), milliseconds(2)), false);
  assert.deepEqual(report(evidence, 200)?.lost, [[0, 2, 4]]);
  assert.deepEqual(evidence.counts(epochNumber(0)), { returned: 0, late: 0, lost: 1 });
});

test("loops whose fate is open are not counted yet, neither those that are back nor those that are not", () => {
  const evidence = new LoopEvidence();
  evidence.sent(loop(1));
  evidence.sent(loop(2));
  evidence.returned(loop(1), milliseconds(50));
  assert.equal(report(evidence, 99), undefined);
  assert.equal(report(evidence, 100)?.sent, 2);
});

test("of more losses than a descriptor carries a random part is told, and the loops sent shrink with it", () => {
  const evidence = new LoopEvidence();
  for (let number = 0; number < 1000; number++) evidence.sent(loop(number));
  for (let number = 0; number < 488; number++) evidence.returned(loop(number), milliseconds(1));
  const told = report(evidence, 200);
  assert.equal(told?.lost.length, LOST_LOOPS_MAX);
  assert.equal(told?.sent, 500);
});

test("ways over nodes that have left the network are not told, and the loops still count as sent", () => {
  const evidence = new LoopEvidence();
  evidence.sent({ ...loop(1), way: [...wayOver(0, 2), suite.blake2b(new Uint8Array(1)) as never] });
  assert.deepEqual(report(evidence, 200), { epoch: 0, sent: 1, lost: [] });
});

test("what was sent in forgotten epochs is not waited for", () => {
  const evidence = new LoopEvidence();
  evidence.sent(loop(1));
  evidence.forgetBefore(epochNumber(1));
  assert.equal(evidence.returned(loop(1), milliseconds(1)), false);
  assert.equal(report(evidence, 200), undefined);
});
