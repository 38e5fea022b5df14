/** Commit and reveal: nobody chooses the randomness, and nobody's place in the layers. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { assignLayers } from "#provider-server/authority/layers.ts";
import { combineSharedRandom, commitTo, revealAndCommit } from "#provider-server/authority/shared-random.ts";
import { tally } from "#provider-server/authority/tally.ts";
import { rememberSignatures } from "#test/support/remembered-signatures.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { seedOf, testConsensus, testDescriptor, testNetwork } from "#test/support/test-network.ts";
import { toHex } from "#transport/core/bytes.ts";
import { QUICK_PARAMETERS } from "#test/support/test-network.ts";
import { below } from "#transport/core/random.ts";
import { epochNumber, type Milliseconds, milliseconds, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { scheduleOf } from "#transport/directory/epochs.ts";
import { LAYER_PERIOD } from "#transport/directory/limits.ts";
import type { Consensus, Layers } from "#transport/directory/model.ts";
import { signVote, type Vote } from "#transport/directory/vote.ts";

const suite = rememberSignatures(await loadSuite("x25519", "native"));
const made = testNetwork({ suite });
const { network } = made;
const SEVEN = epochNumber(7);
const EIGHT = epochNumber(8);

const seed = (authority: number): Uint8Array => made.identitySeeds[authority] as Uint8Array;
const drawn = (authority: number, epoch = EIGHT) =>
  revealAndCommit({ network, epoch, authority, identitySeed: seed(authority), suite });
const commits = new Map([0, 1, 2].map((authority) => [authority, drawn(authority, SEVEN).commit]));
const previous = testConsensus(made, suite, {
  epoch: SEVEN,
  layers: [[], [], []],
  providers: [],
  commits,
});

function voteOf(authority: number, reveal = drawn(authority).reveal): Vote {
  const fields = { epoch: EIGHT, authority, previous: previous.hash, reveal, commit: network.hash };
  const rest = { parameters: network.parameters, nodes: [] };
  return signVote({ network, fields: { ...fields, ...rest }, identitySeed: seed(authority), suite });
}
const combine = (...votes: readonly Vote[]) => combineSharedRandom({ network, epoch: EIGHT, previous, votes, suite });

test("what is revealed opens what was committed to an epoch before, and nobody else's", () => {
  for (const authority of [0, 1, 2]) {
    const { reveal } = drawn(authority);
    assert.deepEqual(commitTo({ network, epoch: EIGHT, authority, reveal, suite }), commits.get(authority));
    const others = [
      commitTo({ network, epoch: SEVEN, authority, reveal, suite }),
      commitTo({ network, epoch: EIGHT, authority: (authority + 1) % 3, reveal, suite }),
      commitTo({ network: testNetwork({ suite, name: "other" }).network, epoch: EIGHT, authority, reveal, suite }),
    ];
    for (const commit of others) assert.notDeepEqual(commit, commits.get(authority));
  }
  assert.deepEqual(drawn(1), drawn(1), "the same after a restart");
});

test("a reveal that is withheld leaves one other outcome, and one that does not match leaves that same one", () => {
  const all = combine(voteOf(0), voteOf(1), voteOf(2));
  assert.deepEqual([all.broken, all.uncommitted], [[], []]);
  const withheld = combine(voteOf(0), voteOf(1));
  assert.notDeepEqual(withheld.sharedRandom, all.sharedRandom);
  // Whatever it makes up instead, it gets what it would have got by being silent.
  for (const name of ["x", "y", "z"]) {
    const madeUp = combine(voteOf(0), voteOf(1), voteOf(2, seedOf(name)));
    assert.deepEqual(madeUp.sharedRandom, withheld.sharedRandom);
    assert.deepEqual(madeUp.broken, [2]);
  }
});

test("a reveal of an authority that had not committed does not count", () => {
  const without = testConsensus(made, suite, {
    epoch: SEVEN,
    layers: [[], [], []],
    providers: [],
    commits: new Map([...commits].slice(0, 2)),
  });
  const votes = [voteOf(0), voteOf(1), voteOf(2)];
  const combined = combineSharedRandom({ network, epoch: EIGHT, previous: without, votes, suite });
  assert.deepEqual(combined.uncommitted, [2]);
  const two = combineSharedRandom({ network, epoch: EIGHT, previous: without, votes: votes.slice(0, 2), suite });
  assert.deepEqual(combined.sharedRandom, two.sharedRandom);
});

test("for weeks of epochs mixes keep their layer while others come and go, no layer runs empty; then the second and third are drawn anew, and the first never", () => {
  const lead = seconds(600);
  const epoch = { duration: seconds(3600), lead, overlap: seconds(600), keyPeriods: 1, keyLead: lead };
  const hourly = testNetwork({ suite, authorities: 1, threshold: 1, parameters: { ...QUICK_PARAMETERS, epoch } });
  const period = Math.round(LAYER_PERIOD / epoch.duration);
  assert.equal(period, 336);
  const random = new SeededRandom("weeks");
  let held: Consensus | undefined;
  let alive = Array.from({ length: 24 }, (_, n) => `mix${n}`);
  let born = alive.length;
  let moved = 0;
  const places = new Map<string, number>();
  // From two days before a boundary to two days after it: what lies between repeats itself.
  for (let n = period - 48; n < period + 48; n += 4) {
    // One in twenty-four leaves and another comes, every four hours.
    alive = alive.toSpliced(below(random, alive.length), 1, `mix${born++}`);
    held = consensusOf(hourly, n, alive, held);
    assert.ok(Math.min(...held.layers.map((layer) => layer.length)) >= 4);
    for (const [layer, mixes] of held.layers.entries()) {
      for (const { operator } of mixes) {
        if (n !== period && (places.get(operator) ?? layer) !== layer) moved++;
        places.set(operator, layer);
      }
    }
  }
  assert.equal(moved, 0, "nobody was moved between boundaries");
  const before = consensusOf(hourly, period - 1, alive, undefined);
  const kept = consensusOf(hourly, period + 1, alive, consensusOf(hourly, period, alive, before));
  const stayed = before.layers.map((layer, index) =>
    layer.filter((mix) => kept.layers[index]?.some((other) => other.operator === mix.operator)),
  );
  const [first, ...others] = stayed.map((layer) => layer.length);
  assert.equal(first, before.layers[0].length);
  const again = others.reduce((sum, length) => sum + length, 0);
  assert.ok(again > 0 && again < 14, `${again} of 16 drew the same layer again`);
});

test("a new mix goes where fewest are, and nobody can tell before the reveal who gets which place", () => {
  const mixes = Array.from({ length: 9 }, (_, n) => testDescriptor(suite, { name: `mix${n}` }));
  const draw = (name: string, from?: Layers, of = mixes): Layers =>
    assignLayers({ mixes: of, previous: from, sharedRandom: seedOf(name), suite });
  const first = draw("first");
  assert.deepEqual(
    first.map((layer) => layer.length),
    [3, 3, 3],
  );
  assert.notDeepEqual(draw("second"), first);
  const lost = first[1][0];
  assert.ok(lost !== undefined);
  const left = mixes.filter((mix) => mix.operator !== lost.operator);
  const newcomer = testDescriptor(suite, { name: "newcomer" });
  for (const name of ["a", "b", "c", "d"]) {
    assert.ok(draw(name, first, [...left, newcomer])[1].some((mix) => toHex(mix.nodeId) === toHex(newcomer.nodeId)));
  }
});

/** What one authority alone would sign for epoch `n`; the example's consensuses need no signature. */
function consensusOf(
  at: ReturnType<typeof testNetwork>,
  n: number,
  names: readonly string[],
  before: Consensus | undefined,
): Consensus {
  const epoch = epochNumber(n);
  const publishedAt: Milliseconds = milliseconds(scheduleOf(at.network, epoch).vote - 1000);
  const nodes = names.map((name) => testDescriptor(suite, { name, periods: [n], publishedAt }));
  const identitySeed = at.identitySeeds[0] as Uint8Array;
  const drawnNow = revealAndCommit({ network: at.network, epoch, authority: 0, identitySeed, suite });
  const { parameters } = at.network;
  const fields = { epoch, authority: 0, previous: before?.hash ?? at.network.hash, parameters, nodes, ...drawnNow };
  const vote = signVote({ network: at.network, fields, identitySeed, suite });
  const known = new Map(before === undefined ? [] : [[toHex(before.hash), before]]);
  const counted = tally({ network: at.network, epoch, votes: [vote], held: known, suite });
  assert.equal(counted.kind, "consensus");
  const bytes = new Uint8Array(0);
  const { hash, fields: voted } = counted;
  const times = { validFrom: milliseconds(0), validUntil: milliseconds(0) };
  return { ...voted, ...times, networkHash: at.network.hash, hash, signatures: new Map(), bytes };
}
