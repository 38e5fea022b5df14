import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#transport/core/bytes.ts";
import { keyPeriodNumber, milliseconds, type NodeId, nodeId, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Consensus, NodeDescriptor } from "#transport/directory/model.ts";
import { byNodeId } from "#transport/directory/node-list.ts";
import { chooseLoopPath, choosePath, chooseProvider, chooseReplyPath } from "#transport/directory/path.ts";
import type { Hop } from "#transport/sphinx/packet.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { testConsensus, testDescriptor, testNetwork } from "#test/support/test-network.ts";

const suite = await loadSuite("x25519", "native");
const made = testNetwork({ suite });
const period = keyPeriodNumber(0);
const hex = toHex;

function fixed(consensus: Consensus, seed = "path") {
  const streams = { paths: new SeededRandom(`${seed}/paths`), delays: new SeededRandom(`${seed}/delays`) };
  return { consensus, period, meanDelay: seconds(1), ...streams };
}

function withOperators(...layers: readonly (readonly string[])[]): Consensus {
  const built = layers.map((operators, layer) =>
    byNodeId(operators.map((operator, index) => testDescriptor(suite, { name: `m${layer}${index}`, operator }))),
  );
  return testConsensus(made, suite, { layers: built as never });
}

const find = (consensus: Consensus, id: Uint8Array): NodeDescriptor =>
  [...consensus.layers.flat(), ...consensus.providers].find((node) => hex(node.nodeId) === hex(id)) as NodeDescriptor;
const provider = (consensus: Consensus, index: number) => (consensus.providers[index] as NodeDescriptor).nodeId;

test("a path is one mix of each layer and the destination, with its keys, delays whole and capped, the last one 0", () => {
  const consensus = testConsensus(made, suite);
  const options = fixed(consensus);
  for (let i = 0; i < 300; i++) {
    const path = choosePath({ ...options, destination: provider(consensus, 1), from: provider(consensus, 0) });
    assert.equal(path.hops.length, 4);
    path.hops.slice(0, 3).forEach((hop, layer) => {
      assert.ok(consensus.layers[layer]?.some((node) => hex(node.nodeId) === hex(hop.nodeId)));
      assert.ok(Number.isInteger(hop.delay) && hop.delay >= 0 && hop.delay <= 16_000);
    });
    assert.deepEqual(path.hops[3], {
      nodeId: provider(consensus, 1),
      mixKey: find(consensus, provider(consensus, 1)).mixKeys.get(period),
      delay: milliseconds(0),
    });
  }
});

test("every path is equally likely", () => {
  const consensus = testConsensus(made, suite);
  const options = fixed(consensus);
  const counts = new Map<string, number>();
  const runs = 8000;
  for (let i = 0; i < runs; i++) {
    const path = choosePath({ ...options, destination: provider(consensus, 0) });
    const key = path.hops.map((hop) => hex(hop.nodeId).slice(0, 8)).join();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  assert.equal(counts.size, 8);
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - runs / 8) ** 2 / (runs / 8), 0);
  assert.ok(chiSquare < 24.3, `chi-square ${chiSquare}`); // 7 degrees of freedom, 0.1 %
});

test("no operator stands twice on a path, and what is left is uniform", () => {
  const consensus = withOperators(["a", "b"], ["a", "c"], ["b", "c"]);
  const options = fixed(consensus);
  const seen = new Set<string>();
  for (let i = 0; i < 400; i++) {
    const path = choosePath({ ...options, destination: provider(consensus, 0) });
    const operators = path.hops.slice(0, 3).map((hop) => find(consensus, hop.nodeId).operator);
    assert.equal(new Set(operators).size, 3);
    seen.add(operators.join(""));
  }
  assert.deepEqual([...seen].toSorted(), ["acb", "bac"]);
});

const runBy = (name: string): string => `operator of ${name}`;

test("the operators of entry and destination are avoided where there are others, and used where there are none", () => {
  const consensus = withOperators([runBy("a"), "x"], ["y", runBy("b")], ["z", "w"]);
  const names = consensus.providers.map((node) => node.domain);
  const [a, b] = [provider(consensus, names.indexOf("a.example")), provider(consensus, names.indexOf("b.example"))];
  for (let i = 0; i < 100; i++) {
    const path = choosePath({ ...fixed(consensus, `${i}`), from: a, destination: b });
    const operators = new Set(path.hops.slice(0, 3).map((hop) => find(consensus, hop.nodeId).operator));
    assert.ok(!operators.has(runBy("a")) && !operators.has(runBy("b")));
  }
  const narrow = withOperators([runBy("a"), runBy("a")], ["y", "v"], ["z", "w"]);
  assert.equal(choosePath({ ...fixed(narrow), from: a, destination: b }).hops.length, 4);
});

test("the first mix, which the entry provider sees, is drawn alike wherever the packet goes", () => {
  const layers = [
    [runBy("b"), "x", "y"],
    [runBy("b"), "v"],
    ["z", "w", "x"],
  ];
  const consensus = withOperators(...layers);
  const runs = 3000;
  const firsts = consensus.providers.map((destination) => {
    const options = { ...fixed(consensus), destination: destination.nodeId };
    const counts = new Map<string, number>();
    for (let i = 0; i < runs; i++) {
      const { operator } = find(consensus, choosePath(options).hops[0]?.nodeId as Uint8Array);
      counts.set(operator, (counts.get(operator) ?? 0) + 1);
    }
    return counts;
  });
  for (const counts of firsts) {
    assert.equal(counts.size, 3);
    for (const count of counts.values()) assert.ok(Math.abs(count - runs / 3) < 100, `${count} of ${runs}`); // 4 σ
  }
});

test("too few mixes or operators are NO_PATH, and the error says how many there are", () => {
  const destination = provider(testConsensus(made, suite), 0);
  const choose = (consensus: Consensus) => choosePath({ ...fixed(consensus), destination });
  assert.throws(() => choose(withOperators(["a", "b"], ["c"], ["d", "e"])), /Layer 2 has 1 of at least 2 mixes/);
  assert.throws(() => choose(withOperators(["a", "a"], ["a", "a"], ["a", "a"])), /1 of at least 2 operators/);
  assert.throws(() => choose(withOperators(["a", "b"], ["a", "b"], ["a", "b"])), {
    code: "NO_PATH",
    message: /6 mixes of 2 operators are alive; every path would pass one operator twice/,
  });
  assert.throws(
    () =>
      choosePath({
        ...fixed(testConsensus(made, suite)),
        destination: provider(withOperators(["a", "b"], ["c", "d"], ["e", "f"]), 0),
        period: keyPeriodNumber(9),
      }),
    /Layer 1 has 0/,
  );
});

test("a reply comes back over three mixes to one's own provider", () => {
  const consensus = testConsensus(made, suite);
  const path = chooseReplyPath({ ...fixed(consensus), from: provider(consensus, 0), to: provider(consensus, 1) });
  assert.deepEqual(path.hops[3]?.nodeId, provider(consensus, 1));
});

test("there is no way back from a provider that is not in the list: nobody could ask it", () => {
  const consensus = testConsensus(made, suite);
  const from = nodeId(new Uint8Array(32).fill(7));
  assert.throws(() => chooseReplyPath({ ...fixed(consensus), from, to: provider(consensus, 0) }), { code: "NO_PATH" });
});

test("the first mix of a reply is not of the operator whose provider answers", () => {
  const consensus = withOperators([runBy("a"), "x"], ["y", "v"], ["z", "w"]);
  const names = consensus.providers.map((node) => node.domain);
  const [a, b] = [provider(consensus, names.indexOf("a.example")), provider(consensus, names.indexOf("b.example"))];
  const begun = (from: NodeId, to: NodeId): Set<string> =>
    new Set(
      Array.from({ length: 60 }, (_, i) => {
        const [first] = chooseReplyPath({ ...fixed(consensus, `${i}`), from, to }).hops;
        return find(consensus, (first as Hop).nodeId).operator;
      }),
    );
  assert.deepEqual([...begun(a, b)], ["x"]);
  assert.equal(begun(b, a).size, 2);
});

test("a node's loop goes on where the node stands and ends at itself", () => {
  const consensus = testConsensus(made, suite);
  const place = (id: Uint8Array) => {
    const layer = consensus.layers.findIndex((mixes) => mixes.some((node) => hex(node.nodeId) === hex(id)));
    return layer < 0 ? "p" : `${layer + 1}`;
  };
  const route = (node: NodeDescriptor) =>
    chooseLoopPath({ ...fixed(consensus), node: node.nodeId })
      .hops.map((hop) => place(hop.nodeId))
      .join("");
  const routes = consensus.layers.map((layer) => route(layer[0] as NodeDescriptor));
  assert.deepEqual(routes, ["23p1", "3p12", "p123"]);
  const [own] = consensus.providers;
  assert.equal(route(own as NodeDescriptor), "123p");
  const path = chooseLoopPath({ ...fixed(consensus), node: (own as NodeDescriptor).nodeId });
  assert.deepEqual(path.hops[3]?.nodeId, own?.nodeId);
  const stranger = testDescriptor(suite, { name: "stranger" }).nodeId;
  assert.throws(() => chooseLoopPath({ ...fixed(consensus), node: stranger }), { code: "NO_PATH" });
});

test("a drop ends at any provider", () => {
  const consensus = testConsensus(made, suite);
  const options = fixed(consensus);
  const seen = new Set(Array.from({ length: 60 }, () => hex(chooseProvider(options))));
  assert.equal(seen.size, 2);
});
