/** Who is left out of a list that would be longer than readers take: nobody fills it alone, and all authorities leave out the same. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { withinList, withinVote } from "#provider-server/authority/list-room.ts";
import { MemoryAuthorities, publishNodes } from "#test/support/memory-authorities.ts";
import { rememberSignatures } from "#test/support/remembered-signatures.ts";
import { consensusBody, seedOf, testAdmission, testDescriptor, testNetwork } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { toHex } from "#transport/core/bytes.ts";
import { epochNumber, nodeId, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { DEMOTIONS_BYTES_MAX } from "#transport/directory/demotions.ts";
import { epochInForce } from "#transport/directory/epochs.ts";
import type { Consensus, NodeDescriptor, SignedDescriptor } from "#transport/directory/model.ts";

import { VOTE_BYTES_MAX } from "#transport/link/limits.ts";

const suite = rememberSignatures(await loadSuite("x25519", "native"));

const nodes = (count: number, o: { role: "mix" | "provider"; operator?: string }): NodeDescriptor[] =>
  Array.from({ length: count }, (_, n) => testDescriptor(suite, { name: `${o.role}${o.operator}${n}`, ...o }));
const bytesOf = (list: readonly NodeDescriptor[]): number =>
  list.reduce((sum, { listed }) => sum + 2 + listed.length, 0);
const names = (list: readonly NodeDescriptor[]): string[] => list.map((node) => toHex(node.nodeId));

function within(o: {
  mixes: readonly NodeDescriptor[];
  providers: readonly NodeDescriptor[];
  kept?: readonly NodeDescriptor[];
  /** How many nodes too many there are. */
  over: number;
  random?: string;
}) {
  const { mixes, providers, kept = [], over, random = "random" } = o;
  const longest = Math.max(...[...mixes, ...providers].map((node) => bytesOf([node])));
  const bytesMax = bytesOf([...mixes, ...providers]) - (over - 1) * longest - 1;
  const chosen = withinList({ mixes, providers, kept, sharedRandom: seedOf(random), suite, bytesMax });
  const all = [...chosen.mixes, ...chosen.providers];
  assert.deepEqual(new Set([...all, ...chosen.leftOut]), new Set([...mixes, ...providers]));
  return { ...chosen, fits: bytesOf(all) <= bytesMax };
}

const providers = nodes(4, { role: "provider" });

test("a list that fits leaves nobody out", () => {
  const mixes = nodes(20, { role: "mix" });
  const bytesMax = bytesOf([...mixes, ...providers]);
  const { leftOut } = withinList({ mixes, providers, kept: [], sharedRandom: seedOf("random"), suite, bytesMax });
  assert.deepEqual(leftOut, []);
});

test("the operator with the most nodes loses them first: nobody fills a list", () => {
  const crowd = nodes(12, { role: "mix", operator: "crowd" });
  const others = nodes(9, { role: "mix" });
  const { mixes, fits } = within({ mixes: [...crowd, ...others], providers, kept: crowd, over: 8 });
  assert.ok(fits);
  assert.deepEqual(
    others.filter((node) => !mixes.includes(node)),
    [],
  );
  assert.ok(mixes.length <= 21 - 8 && mixes.length >= 21 - 10, `${mixes.length}`);
});

test("of equal operators those go first that have no place from the list before, and of those whom the random draws, not the lower id", () => {
  const mixes = nodes(12, { role: "mix" });
  const kept = mixes.slice(0, 8);
  const gone = new Set<string>();
  for (let n = 0; n < 10; n++) {
    const { leftOut } = within({ mixes, providers, kept, over: 2, random: `${n}` });
    assert.equal(leftOut.length, 2);
    assert.ok(leftOut.every((node) => !kept.includes(node)));
    for (const name of names(leftOut)) gone.add(name);
  }
  assert.equal(gone.size, 4);
  assert.equal(within({ mixes, providers, kept, over: 5 }).leftOut.filter((node) => kept.includes(node)).length, 1);
});

test("mixes go while they are more than providers, then both; six mixes and two providers stay", () => {
  const many = nodes(10, { role: "provider" });
  const mixes = nodes(12, { role: "mix" });
  const left = (over: number): [number, number] => {
    const chosen = within({ mixes, providers: many, over });
    return [chosen.mixes.length, chosen.providers.length];
  };
  assert.deepEqual([1, 2, 3, 4, 8, 14].map(left), [
    [11, 10],
    [10, 10],
    [10, 9],
    [9, 9],
    [7, 7],
    [6, 2],
  ]);
  const { fits } = within({ mixes, providers: many, over: 15 });
  assert.equal(fits, false);
});

test("a vote has a thousand nodes at most, and those of the newest list first: one more would make it none", () => {
  const { network } = testNetwork({ suite });
  const one = testDescriptor(suite, { name: "mix0" });
  const copy = (n: number, bytes = one.bytes): SignedDescriptor => ({
    ...one,
    bytes,
    nodeId: nodeId(Uint8Array.from(seedOf(`${n}`))),
    operator: `operator ${n}`,
  });
  const copies = Array.from({ length: 1003 }, (_, n) => copy(n));
  const newest = { layers: [copies.slice(10), [], []], providers: [], sharedRandom: seedOf("random") } as const;
  const { nodes: voted, leftOut } = withinVote({
    nodes: copies,
    newest: newest as unknown as Consensus,
    network,
    suite,
  });
  assert.deepEqual([voted.length, leftOut.length], [1000, 3]);
  assert.ok(leftOut.every((node) => copies.indexOf(node) < 10));
  const long = Array.from({ length: 900 }, (_, n) => copy(n, new Uint8Array(50_000)));
  const { nodes: fitting } = withinVote({ nodes: long, newest: undefined, network, suite });
  assert.ok(fitting.length > 600 && fitting.length * 50_000 < VOTE_BYTES_MAX, `${fitting.length}`);
});

const NODES = Array.from({ length: 12 }, (_, n) => `mix${n}`).concat("a", "b");

/** What a list's body has beside so many nodes, with room for that of one more. */
function bytesFor(count: number): number {
  const made = testNetwork({ suite });
  const commits = new Map([0, 1, 2].map((authority) => [authority, seedOf("commit")]));
  const empty = consensusBody(made, suite, { layers: [[], [], []], providers: [], commits }).length;
  const longest = testDescriptor(suite, { name: NODES[10] as string }).listed.length + 40;
  return empty + DEMOTIONS_BYTES_MAX + count * longest;
}

test("with more nodes than a list holds the authorities agree on the same ones, name the others, and go on from list to list", async () => {
  const made = testNetwork({ suite });
  const clock = new VirtualClock({ start: seconds(90) });
  const admitted = NODES.map((name) => testAdmission(suite, name));
  const authorities = new MemoryAuthorities({ test: made, suite, clock, admitted, listBytesMax: bytesFor(10) });
  authorities.startAll();
  const lists: Consensus[] = [];
  publishNodes(authorities, { suite, clock, names: NODES, epoch: 0 });
  for (let epoch = 0; epoch < 3; epoch++) {
    await clock.runUntil(epochInForce(made.network, epochNumber(epoch)));
    const [list, ...others] = [0, 1, 2].map((self) => authorities.consensus(self, epochNumber(epoch)));
    assert.ok(list !== undefined, authorities.logs[0]?.join("\n"));
    for (const other of others) assert.deepEqual(other?.hash, list.hash);
    lists.push(list);
    publishNodes(authorities, { suite, clock, names: NODES, epoch });
  }
  for (const [n, list] of lists.entries()) {
    assert.equal(list.providers.length, 2);
    const mixes = names(list.layers.flat());
    assert.ok(
      names(lists[n - 1]?.layers.flat() ?? []).every((name) => mixes.includes(name)),
      "who is in stays in",
    );
  }
  const mixes = lists[0]?.layers.flat().length ?? 0;
  assert.ok(mixes >= 8 && mixes < 12, `${mixes}`);
  for (const log of authorities.logs) {
    assert.equal(log.filter((line) => line.includes("no room in the list epoch=0")).length, 12 - mixes);
  }
  for (const self of [0, 1, 2]) authorities.kill(self);
});
