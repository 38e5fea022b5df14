import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { testConsensus, testDescriptor, testNetwork, testNodes } from "#test/support/test-network.ts";
import { Reader, toHex, Writer } from "#transport/core/bytes.ts";
import { epochNumber, keyPeriodNumber, milliseconds, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { byTarget, type Demotion, decodeDemotions, encodeDemotions } from "#transport/directory/demotions.ts";
import { guardsInUse, keepGuards } from "#transport/directory/guards.ts";
import { DEMOTIONS_MAX, LOST_LOOPS_MAX } from "#transport/directory/limits.ts";
import {
  decodeLoopReport,
  encodeLoopReport,
  type LoopReport,
  type LostLoop,
} from "#transport/directory/loop-report.ts";
import type { Consensus, NodeDescriptor } from "#transport/directory/model.ts";
import { byNodeId } from "#transport/directory/node-list.ts";
import { chooseLoopPath, choosePath } from "#transport/directory/path.ts";
import type { Hop } from "#transport/sphinx/packet.ts";

const suite = await loadSuite("x25519", "native");
const made = testNetwork({ suite });
const plain = testConsensus(made, suite, testNodes(suite, { perLayer: 3 }));
const [first, second, third] = plain.layers;
const [here, there] = plain.providers as [NodeDescriptor, NodeDescriptor];

function avoided(node: NodeDescriptor | undefined, to?: NodeDescriptor): Demotion {
  assert.ok(node !== undefined);
  return { node: node.nodeId, to: to?.nodeId, effect: "avoided", until: epochNumber(9), strikes: 1 };
}

const withDemotions = (consensus: Consensus, ...demotions: Demotion[]): Consensus => ({ ...consensus, demotions });

/** Each node and each link of 400 paths, and how often. */
function passed(consensus: Consensus, choose: "mail" | "loop" = "mail", from = here): Map<string, number> {
  const streams = { paths: new SeededRandom("paths"), delays: new SeededRandom("delays") };
  const common = { consensus, period: keyPeriodNumber(0), meanDelay: seconds(1), ...streams };
  const counts = new Map<string, number>();
  const count = (key: string): unknown => counts.set(key, (counts.get(key) ?? 0) + 1);
  for (let i = 0; i < 400; i++) {
    const path =
      choose === "mail"
        ? choosePath({ ...common, from: from.nodeId, destination: there.nodeId })
        : chooseLoopPath({ ...common, node: from.nodeId });
    const stops = [from.nodeId, ...path.hops.map((hop) => hop.nodeId)].map(toHex);
    for (const [index, stop] of stops.slice(1).entries()) {
      count(stop);
      count(`${stops[index]}>${stop}`);
    }
  }
  return counts;
}

const link = (a: NodeDescriptor | undefined, b: NodeDescriptor | undefined): string =>
  `${toHex(a?.nodeId as Uint8Array)}>${toHex(b?.nodeId as Uint8Array)}`;
const node = (a: NodeDescriptor | undefined): string => toHex(a?.nodeId as Uint8Array);

test("an avoided mix is on no path of a client, and on loops of nodes as before", () => {
  const consensus = withDemotions(plain, avoided(second[1]));
  assert.equal(passed(consensus).get(node(second[1])), undefined);
  assert.deepEqual(passed(consensus, "loop"), passed(plain, "loop"));
});

test("avoided links are on no path either, wherever they lie on it", () => {
  const links = [
    [here, first[0]],
    [first[1], second[1]],
    [second[2], third[0]],
    [third[1], there],
  ] as const;
  const counts = passed(withDemotions(plain, ...links.map(([a, b]) => avoided(a, b))));
  for (const [a, b] of links) assert.equal(counts.get(link(a, b)), undefined);
  const before = passed(plain);
  for (const [a, b] of links) assert.ok((before.get(link(a, b)) ?? 0) > 10);
});

test("what is kept or on probation is used like any other", () => {
  const kept = { ...avoided(second[1]), effect: "kept" } as const;
  const probation = { ...avoided(first[0], second[0]), effect: "probation" } as const;
  assert.deepEqual(passed(withDemotions(plain, kept, probation)), passed(plain));
});

test("where too little would be left the list is not followed into a dead end", () => {
  const narrow = testConsensus(made, suite);
  const [mix] = narrow.layers[1];
  const sums = passed(withDemotions(narrow, avoided(mix)), "mail", narrow.providers[0]);
  assert.ok((sums.get(node(mix)) ?? 0) > 100);
  const all = narrow.layers[0].flatMap((a) => narrow.layers[1].map((b) => avoided(a, b)));
  assert.equal(
    [...passed(withDemotions(narrow, ...all), "mail", narrow.providers[0]).values()].reduce((a, b) => a + b),
    3200,
  );
});

test("the first mix is drawn alike wherever a packet goes, also where a link to its destination is avoided", () => {
  const consensus = withDemotions(plain, avoided(third[0], there), avoided(third[1], there));
  const shares = (counts: Map<string, number>): number[] => first.map((mix) => counts.get(node(mix)) ?? 0);
  assert.deepEqual(
    shares(passed(consensus)).map((count) => count > 100),
    [true, true, true],
  );
  const counts = passed(consensus);
  assert.equal(counts.get(node(third[2])), 400);
});

test("a lossy link to the destination is used before its operator's own mix is", () => {
  const operator = there.operator;
  const thirds = byNodeId([
    third[0] as NodeDescriptor,
    testDescriptor(suite, { name: "of the destination", operator }),
  ]);
  const consensus = withDemotions({ ...plain, layers: [first, second, thirds] }, avoided(third[0], there));
  assert.equal(passed(consensus).get(node(third[0])), 400);
});

test("a guard that is avoided is not used meanwhile, comes back, and no avoided mix becomes one", () => {
  const wide = testConsensus(made, suite, testNodes(suite, { perLayer: 9 }));
  const [mixes] = wide.layers;
  const random = new SeededRandom("guards");
  const shared = { entry: here.nodeId, random, now: milliseconds(0) };
  const bad = mixes.slice(0, 5).map((mix) => avoided(mix));
  const drawn = keepGuards({ ...shared, consensus: withDemotions(wide, ...bad), held: [] });
  const names = new Set(bad.map((entry) => toHex(entry.node)));
  assert.ok(drawn.length === 3 && drawn.every((guard) => !names.has(toHex(guard.nodeId))));
  const one = mixes.find((mix) => toHex(mix.nodeId) === toHex(drawn[0]?.nodeId as Uint8Array));
  const without = withDemotions(wide, avoided(one));
  const kept = keepGuards({ ...shared, consensus: without, held: drawn });
  assert.deepEqual(
    guardsInUse(without, kept),
    drawn.slice(1).map(({ nodeId }) => nodeId),
  );
  const back = keepGuards({ ...shared, consensus: wide, held: kept });
  assert.deepEqual(
    guardsInUse(wide, back),
    drawn.map(({ nodeId }) => nodeId),
  );
});

test("guards whose lines from the provider are avoided go on being used: others would be shown what was meant for few", () => {
  const guards = first.slice(0, 2).map(({ nodeId }) => nodeId);
  const list = withDemotions(plain, ...first.slice(0, 2).map((guard) => avoided(here, guard)));
  const streams = { paths: new SeededRandom("guarded"), delays: new SeededRandom("delays") };
  const common = { consensus: list, period: keyPeriodNumber(0), meanDelay: seconds(1), ...streams };
  const begun = Array.from({ length: 100 }, () => {
    const path = choosePath({ ...common, from: here.nodeId, destination: there.nodeId, guards });
    return toHex((path.hops[0] as Hop).nodeId);
  });
  assert.deepEqual([...new Set(begun)].toSorted(), guards.map(toHex).toSorted());
});

test("demotions come back as they were written, in one order only", () => {
  const demotions: Demotion[] = [
    avoided(first[0], second[0]),
    avoided(first[0]),
    { ...avoided(second[1]), effect: "kept", strikes: 255 },
  ];
  const decoded = decodeDemotions(new Reader(bytes(demotions)));
  assert.deepEqual(decoded, byTarget(demotions));
  assert.deepEqual(bytes(decoded.toReversed()), bytes(demotions));
  const malformed = (change: (encoded: Uint8Array) => Uint8Array): void => {
    assert.throws(() => decodeDemotions(new Reader(change(bytes([avoided(first[0])])))), { code: "MALFORMED" });
  };
  malformed((encoded) => encoded.with(2, 3)); // a third kind
  malformed((encoded) => encoded.with(35, 4)); // a fourth effect
  malformed((encoded) => encoded.with(encoded.length - 1, 0)); // never found
  malformed((encoded) => encoded.with(1, 2)); // one more than there are
  const [one] = [bytes([avoided(first[0])]).subarray(2)];
  assert.throws(() => decodeDemotions(new Reader(Uint8Array.of(0, 2, ...one, ...one))), { code: "MALFORMED" });
  const many = new Writer().u16(DEMOTIONS_MAX + 1).finish();
  assert.throws(() => decodeDemotions(new Reader(many)), { code: "MALFORMED" });
});

test("a loop report comes back as it was written, in one order only, and within its bounds", () => {
  assert.equal(decode(encode(undefined)), undefined);
  const ways: LostLoop[] = [
    [1, 2, 3],
    [0, 9, 9],
    [1, 2, 3],
  ];
  const epoch = epochNumber(7);
  assert.deepEqual(decode(encode({ epoch, sent: 9, lost: ways })), {
    epoch,
    sent: 9,
    lost: [
      [0, 9, 9],
      [1, 2, 3],
      [1, 2, 3],
    ],
  });
  const malformed = (encoded: Uint8Array): void => assert.throws(() => decode(encoded), { code: "MALFORMED" });
  const good = encode({
    epoch,
    sent: 2,
    lost: [
      [0, 0, 1],
      [0, 0, 2],
    ],
  });
  malformed(good.with(0, 2));
  malformed(good.with(6, 1)); // more lost than sent
  malformed(good.with(14, 3)); // not ascending
  malformed(encode({ epoch, sent: 2, lost: [[0, 0, 1000]] }));
  const tooMany = Array.from({ length: LOST_LOOPS_MAX + 1 }, (): LostLoop => [0, 0, 0]);
  malformed(encode({ epoch, sent: 900, lost: tooMany }));
});

function bytes(list: readonly Demotion[]): Uint8Array {
  const writer = new Writer();
  encodeDemotions(writer, list);
  return writer.finish();
}

function encode(report: LoopReport | undefined): Uint8Array {
  const writer = new Writer();
  encodeLoopReport(writer, report);
  return writer.finish();
}

function decode(encoded: Uint8Array): LoopReport | undefined {
  const reader = new Reader(encoded);
  const report = decodeLoopReport(reader);
  reader.end();
  return report;
}
