import assert from "node:assert/strict";
import { test } from "node:test";
import { findLosses, loopsAtMost, reportsFor, roomFor } from "#provider-server/authority/evidence.ts";
import { judge } from "#provider-server/authority/judge.ts";
import { FINDINGS_MAX } from "#provider-server/authority/limits.ts";
import { Ring, type Target } from "#provider-server/authority/loop-law.ts";
import { LoopWays } from "#provider-server/authority/loop-ways.ts";
import { fullPool, fullRecount } from "./full-recount.ts";
import { Testimony } from "#provider-server/authority/testimony.ts";
import { PaperNetwork } from "#test/attacks/harness/paper-network.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { testConsensus, testDescriptor, testNetwork, testNodes } from "#test/support/test-network.ts";
import { below } from "#transport/core/random.ts";
import { epochNumber, keyPeriodNumber, milliseconds, perSecond } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { LoopReport } from "#transport/directory/loop-report.ts";
import type { Consensus, Layers, NodeDescriptor } from "#transport/directory/model.ts";
import { byNodeId } from "#transport/directory/node-list.ts";
import { chooseLoopPath } from "#transport/directory/path.ts";

const suite = await loadSuite("x25519", "native");
const made = testNetwork({ suite });

test("in the largest networks fewer faults are looked for, so that no reports keep an authority counting until the vote is over", () => {
  // A ring of four stages as wide as each other, of which every node reports.
  const links = [8, 100, 1000, 4000].map((nodes) =>
    Math.min(FINDINGS_MAX, Math.ceil(roomFor(nodes, nodes + nodes ** 2 / 4))),
  );
  assert.deepEqual(links, [256, 256, 256, 5]);
  assert.ok(roomFor(0, 100) >= FINDINGS_MAX);
});

test("what nodes say of their own links is found one after the other, and no further than there is time for", () => {
  const { layers, providers } = testNodes(suite, { perLayer: 8 });
  const ring = new Ring(testConsensus(made, suite, { layers, providers }));
  const liar = ring.stage(1)[0] as number;
  const [behind, then, last] = [ring.stage(2), ring.stage(3), ring.stage(0)] as [number[], number[], number[]];
  // Of 900 loops 80 are said to be lost on each of three links of its own.
  const lost = [0, 1, 2].flatMap((to) =>
    Array.from({ length: 80 }, (_, n): [number, number, number] => [
      behind[to] as number,
      then[n % then.length] as number,
      last[n % last.length] as number,
    ]),
  );
  const reports = new Map([[liar, { epoch: epochNumber(0), sent: 900, lost }]]);
  const find = (room?: number) =>
    findLosses({ ring, reports, inForce: new Set(), ...(room !== undefined && { room }) });
  assert.deepEqual(
    find().map(({ node, to, by }) => [node, to, by]),
    [0, 1, 2].map((to) => [liar, behind[to], "one end"]),
  );
  assert.equal(find(2).length, 2);
});

test("the law of loops is the law by which nodes draw them", () => {
  const operators: Record<string, string> = { m00: "x", m11: "x", m21: "y", m02: "y", a: "x", m20: "z", m10: "w" };
  const mixes = [0, 1, 2].map((layer) =>
    byNodeId(
      [0, 1, 2].map((i) =>
        testDescriptor(suite, { name: `m${layer}${i}`, operator: operators[`m${layer}${i}`] ?? `o${layer}${i}` }),
      ),
    ),
  );
  const providers = byNodeId(
    ["a", "b"].map((name) => testDescriptor(suite, { name, role: "provider", operator: operators[name] ?? name })),
  );
  const consensus = testConsensus(made, suite, { layers: mixes as unknown as Layers, providers });
  const ring = new Ring(consensus);
  const streams = { paths: new SeededRandom("paths"), delays: new SeededRandom("delays") };
  const runs = 2000;
  for (const [place, node] of ring.nodes.entries()) {
    const law = new LoopWays(ring, place, ring.nothing);
    const expected = new Map(targetsOf(ring).map((target) => [target, law.over(target)]));
    const { total } = law;
    const seen = new Map<number, number>();
    const count = (target: number): unknown => seen.set(target, (seen.get(target) ?? 0) + 1);
    for (let i = 0; i < runs; i++) {
      const path = chooseLoopPath({
        consensus,
        period: keyPeriodNumber(0),
        node: node.nodeId,
        meanDelay: milliseconds(1),
        ...streams,
      });
      const stops = [place, ...path.hops.map((hop) => ring.place(hop.nodeId) as number)];
      for (const stop of stops.slice(1, -1)) count(stop);
      for (const [index, stop] of stops.slice(1).entries()) count(ring.link(stops[index] as number, stop));
    }
    assert.deepEqual(
      [...seen.keys()].toSorted((a, b) => a - b),
      [...expected.keys()].filter((target) => (expected.get(target) ?? 0) > 0).toSorted((a, b) => a - b),
    );
    for (const [target, times] of seen) {
      const share = (expected.get(target) as number) / total;
      const spread = Math.sqrt(runs * share * (1 - share));
      // 5 σ: of some 300 counts none but once in 6,000 seeds.
      assert.ok(
        Math.abs(times - runs * share) <= 5 * spread + 1e-9,
        `node ${place}, target ${target}: ${times} of ${runs * share}`,
      );
    }
  }
});

test("ways over what was removed are not counted", () => {
  const consensus = testConsensus(made, suite, testNodes(suite, { perLayer: 3 }));
  const ring = new Ring(consensus);
  const provider = ring.stage(0)[0] as number;
  const [first, second] = [ring.stage(1)[0] as number, ring.stage(2)[0] as number];
  const removed = ring.nothing;
  const law = new LoopWays(ring, provider, removed);
  const remove = (target: Target): void => {
    law.remove(target);
    removed[target] = 1;
  };
  assert.equal(law.total, 27);
  remove(ring.link(first, second));
  assert.equal(law.total, 24);
  remove(second);
  assert.equal(law.total, 18);
  remove(provider);
  assert.equal(law.total, 0);
  assert.ok(targetsOf(ring).every((target) => law.over(target) === 0));
});

const targetsOf = (ring: Ring): Target[] => Array.from({ length: ring.targets }, (_, target) => target);

/** A network in which m20 dropped a fifth, just before its judgement. */
function evidence(): { previous: Consensus; layers: Layers; providers: readonly NodeDescriptor[] } {
  const network = new PaperNetwork({ seed: "evidence", mixesPerLayer: 3, providers: 2, loopsPerEpoch: 300 });
  network.epoch({ drops: ({ node }) => (node === "m20" ? 0.2 : 0) });
  const previous = network.consensus;
  network.epoch();
  return { previous, layers: network.consensus.layers, providers: network.consensus.providers };
}

test("the same reports give the same judgement, in whatever order they come", () => {
  const { previous, layers, providers } = evidence();
  const epoch = epochNumber(previous.epoch + 1);
  const once = judge({ epoch, previous, layers, providers });
  assert.equal(once.findings.length, 1);
  assert.deepEqual(judge({ epoch, previous, layers, providers }), once);
  const backwards: Layers = [layers[0].toReversed(), layers[1].toReversed(), layers[2].toReversed()];
  assert.deepEqual(judge({ epoch, previous, layers: backwards, providers: providers.toReversed() }), once);
});

test("reports on any other epoch, by nodes that were not listed, or after an epoch without a list count for nothing", () => {
  const { previous, layers, providers } = evidence();
  const epoch = epochNumber(previous.epoch + 1);
  const later = epochNumber(epoch + 1);
  assert.deepEqual(judge({ epoch: later, previous, layers, providers }).findings, []);
  assert.deepEqual(judge({ epoch: later, previous: { ...previous, epoch }, layers, providers }).findings, []);
  const others = { ...previous, layers: testNodes(suite).layers, providers: testNodes(suite).providers };
  assert.deepEqual(judge({ epoch, previous: others, layers, providers }).findings, []);
  assert.deepEqual(judge({ epoch, previous: undefined, layers, providers }), { demotions: [], findings: [] });
});

test("what was demoted stays so without a list in between, until its time has passed", () => {
  const { previous, layers, providers } = evidence();
  const epoch = epochNumber(previous.epoch + 1);
  const { demotions } = judge({ epoch, previous, layers, providers });
  const quiet = (at: number) =>
    judge({ epoch: epochNumber(at), previous: { ...previous, demotions }, layers, providers }).demotions.map(
      ({ effect }) => effect,
    );
  assert.deepEqual(quiet(epoch + 3), ["avoided"]);
  assert.deepEqual(quiet(epoch + 11), ["avoided"]);
  assert.deepEqual(quiet(epoch + 12), ["probation"]);
  assert.deepEqual(quiet(epoch + 12 + 47), ["probation"]);
  assert.deepEqual(quiet(epoch + 12 + 48), []);
});

test("ways that no loop of the reporter can take are left out, and nothing throws", () => {
  const consensus = testConsensus(made, suite, testNodes(suite, { perLayer: 3 }));
  const ring = new Ring(consensus);
  const ways: [number, number, number][] = [
    [0, 0, 0],
    [999, 3, 6],
    [3, 6, 999],
    [6, 3, 0],
  ];
  const reports = new Map(
    [...ring.nodes.keys()].map((place) => [place, { epoch: epochNumber(0), sent: 4, lost: ways }]),
  );
  assert.deepEqual(findLosses({ ring, reports, inForce: new Set() }), []);
});

test("a way that takes an operator twice, or the reporter's own where there is another, is left out", () => {
  const operatorOf: Record<string, string> = { m00: "family", m10: "family", m20: "own", p0: "own" };
  const node = (name: string, role: "mix" | "provider"): NodeDescriptor =>
    testDescriptor(suite, { name, role, operator: operatorOf[name] ?? name });
  const mixes = (layer: number): NodeDescriptor[] => [0, 1, 2].map((i) => node(`m${layer}${i}`, "mix"));
  const layers: Layers = [mixes(0), mixes(1), mixes(2)];
  const ring = new Ring({ layers, providers: [node("p0", "provider"), node("p1", "provider")] });
  // Layer 0 has the places 0 to 2, layer 1 those from 3, layer 2 those from 6; p0 is 9.
  const lostOver = (target: Target, way: [number, number, number]): number =>
    new Testimony(ring, new Map([[9, { epoch: epochNumber(0), sent: 900, lost: [way] }]])).sums(target).lost;
  assert.equal(lostOver(3, [1, 3, 7]), 1);
  assert.equal(lostOver(3, [0, 3, 7]), 0);
  assert.equal(lostOver(3, [1, 3, 6]), 0);
});

test("a report of more loops than a node can have sent is not heard; one of as many as that is", () => {
  const { previous, layers, providers } = evidence();
  const epoch = epochNumber(previous.epoch + 1);
  const ring = new Ring(previous);
  const most = loopsAtMost(previous.parameters);
  // 300, and six times their standard deviation of 17.3.
  assert.equal(most, 404);
  const heard = (sent: number): number => {
    const nodes = providers.map((node) => ({ ...node, loopReport: { epoch: epochNumber(epoch - 2), sent, lost: [] } }));
    return reportsFor({ epoch, previous, ring, nodes }).size;
  };
  assert.equal(heard(404), providers.length);
  assert.equal(heard(405), 0);
  assert.equal(reportsFor({ epoch, previous, ring, nodes: [...layers.flat(), ...providers] }).size, 11);
});

test("the bound on loops is of whole numbers, and holds for any rate and epoch a network can have", () => {
  const { epoch } = made.network.parameters;
  const most = (perEpoch: number): number =>
    loopsAtMost({ nodeLoopRate: perSecond((perEpoch * 1000) / epoch.duration), epoch });
  assert.deepEqual([1, 64, 900, 65_535].map(most), [7, 112, 1080, 67_071]);
  assert.ok(most(1e300) > 65_535);
  assert.ok(most(1e-9) >= 1);
});

test("what is kept up to date comes to what a full recount comes to, bit for bit, whatever nodes report", () => {
  let [all, kinds] = [0, new Set<string>()];
  for (let seed = 0; seed < 52; seed++) {
    const random = new SeededRandom(`recount ${seed}`);
    const ring = randomRing(random);
    const reports = randomReports(random, ring);
    const inForce = new Set(targetsOf(ring).filter(() => below(random, 20) === 0));
    const room = 20 + below(random, 100);
    const found = findLosses({ ring, reports, inForce, room });
    assert.deepEqual(found, fullRecount({ ring, reports, inForce, room }), `seed ${seed}`);
    all += found.length;
    kinds = new Set([...kinds, ...found.map(({ to, by }) => `${to === undefined ? "node" : "link"} by ${by}`)]);
  }
  assert.ok(all > 300, `${all} findings`);
  assert.deepEqual([...kinds].toSorted(), [
    "link by majority",
    "link by one end",
    "node by its links",
    "node by majority",
  ]);
});

test("whatever was left out, what is kept of every target is what a full recount has, bit for bit", () => {
  for (let seed = 0; seed < 12; seed++) {
    const random = new SeededRandom(`kept ${seed}`);
    const ring = randomRing(random);
    const reports = randomReports(random, ring);
    const testimony = new Testimony(ring, reports);
    for (let n = 0; n < 12; n++) {
      const pool = fullPool({ ring, reports, removed: testimony.removed });
      const voices = targetsOf(ring).map((target) => testimony.voices(target, pool.heard[target] as number));
      assert.deepEqual(voices, Array.from(pool.voices), `seed ${seed}, ${n} left out, voices`);
      const kept = targetsOf(ring).map((target) => testimony.sums(target));
      assert.deepEqual(Array.from(testimony.accusers()), Array.from(pool.accusers), `seed ${seed}, ${n} left out`);
      for (const key of ["lost", "sent", "expected"] as const) {
        assert.deepEqual(
          kept.map((sums) => sums[key]),
          Array.from(pool[key]),
          `seed ${seed}, ${n} left out, ${key}`,
        );
      }
      // Links mostly: they are what is left out without counting all anew.
      const at = n % 4 === 3 ? below(random, ring.nodes.length) : below(random, ring.targets);
      if (testimony.removed[at] === 0) testimony.remove(at);
    }
  }
});

/** Stages of different widths, some operators with many nodes and some with too many to be avoided by their own. */
function randomRing(random: SeededRandom): Ring {
  const operators = 2 + below(random, 14);
  const nodes = (stage: string, role: "mix" | "provider"): NodeDescriptor[] =>
    byNodeId(
      Array.from({ length: 2 + below(random, 8) }, (_, i) =>
        testDescriptor(suite, { name: `${stage}${i}`, role, operator: `o${below(random, operators)}` }),
      ),
    );
  const layers: Layers = [nodes("a", "mix"), nodes("b", "mix"), nodes("c", "mix")];
  return new Ring({ layers, providers: nodes("p", "provider") });
}

/** Of nodes and links that lose a share of what passes them, of liars who name one link of their own, and of noise. */
function randomReports(random: SeededRandom, ring: Ring): Map<number, LoopReport> {
  const bad = new Map(
    targetsOf(ring).map((target) => {
      const isBad = below(random, target < ring.nodes.length ? 8 : 12) === 0;
      return [target, isBad ? 10 + below(random, 80) : below(random, 3)];
    }),
  );
  const reports = new Map<number, LoopReport>();
  for (const place of ring.nodes.keys()) {
    if (below(random, 10) === 0) continue;
    const stage = ring.stageOf[place] as number;
    const pick = (steps: number): number => {
      const nodes = ring.stage(stage + steps);
      return nodes[below(random, nodes.length)] as number;
    };
    const sent = below(random, 1200);
    const isLiar = below(random, 6) === 0;
    const scapegoat = pick(1);
    const lost: [number, number, number][] = [];
    for (let i = 0; i < sent && lost.length < 256; i++) {
      const way: [number, number, number] = [isLiar ? scapegoat : pick(1), pick(2), pick(3)];
      const links = [place, ...way].map((node, at) => ring.link(node, [...way, place][at] as number));
      const isLost = [...way, ...links].some((target) => below(random, 100) < (bad.get(target) as number));
      if (isLost || (isLiar && below(random, 2) === 0)) lost.push(way);
    }
    reports.set(place, { epoch: epochNumber(0), sent, lost });
  }
  return reports;
}
