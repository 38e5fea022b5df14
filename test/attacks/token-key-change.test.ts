/**
 * A provider that names another token key in each list of nodes: every token would tell in which epoch it was ordered, and with
 * the client's provider's help by whom. Spec: docs/spec/13-tokens.md §2, 08-directory.md §5, §6
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Admission } from "#provider-server/authority/admission.ts";
import { DescriptorRegistry } from "#provider-server/authority/descriptor-registry.ts";
import { tally } from "#provider-server/authority/tally.ts";
import { MemoryAuthorityStore } from "#test/support/memory-authorities.ts";
import { rememberSignatures } from "#test/support/remembered-signatures.ts";
import { seedOf, testAdmission, testConsensus, testDescriptor, testNetwork } from "#test/support/test-network.ts";
import { toHex } from "#transport/core/bytes.ts";
import { epochNumber, milliseconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { SignedDescriptor } from "#transport/directory/model.ts";
import { signVote } from "#transport/directory/vote.ts";
import { tokenPeriodStart } from "#transport/tokens/period.ts";

const suite = rememberSignatures(await loadSuite("x25519", "native"));
const made = testNetwork({ suite });
const { network } = made;
const CHANGED = "the provider changed a token key within its period";

/** The keys of some periods, by names of theirs. */
function provider(publishedAt: number, keys: Readonly<Record<number, string>>): SignedDescriptor {
  const tokenKeys = new Map(Object.entries(keys).map(([period, name]) => [Number(period), seedOf(name)]));
  return testDescriptor(suite, { name: "a", role: "provider", publishedAt, tokenKeys });
}

test("an authority takes no second key for a period that is not over, nor a list that leaves one out", () => {
  const registry = new DescriptorRegistry({
    network,
    suite,
    admission: new Admission([testAdmission(suite, "a")]),
    store: new MemoryAuthorityStore(),
  });
  const publish = (time: number, keys: Readonly<Record<number, string>>): string | undefined =>
    registry.publish(provider(time, keys).bytes, milliseconds(time));
  const start = (period: number): number => tokenPeriodStart(network, period);
  assert.equal(publish(start(0), { 0: "k0", 1: "k1" }), undefined);
  assert.equal(publish(start(0) + 1, { 0: "another", 1: "k1" }), CHANGED, "this period's");
  assert.equal(publish(start(0) + 1, { 0: "k0", 1: "another" }), CHANGED, "the next one's, which is ordered already");
  assert.equal(publish(start(0) + 1, { 1: "k1" }), CHANGED, "else another could follow");
  assert.equal(publish(start(0) + 2, { 0: "k0", 1: "k1" }), undefined);
  assert.equal(publish(start(1), { 1: "another", 2: "k2" }), CHANGED);
  assert.equal(publish(start(1), { 1: "k1", 2: "k2" }), undefined, "the first period is over");
  assert.equal(publish(start(3), { 3: "k3", 4: "k4" }), undefined, "after a long absence nothing is left to keep to");
});

test("a provider that told two authorities different keys is not listed, whichever it dates later", () => {
  const [one, two] = [provider(0, { 0: "k0" }), provider(1, { 0: "another" })];
  assert.deepEqual(listedIn({ epoch: 0, nodes: [one, one, two] }), [toHex(seedOf("k0"))], "what most were told counts");
  assert.deepEqual(listedIn({ epoch: 0, nodes: [one, two] }), [], "and here it is nobody's");
});

test("a provider is out of the list while its keys are not those of the list before", () => {
  const previous = testConsensus(made, suite, { providers: [provider(0, { 0: "k0" })] });
  const listed = (key: string): string[] => {
    const node = provider(1, { 0: key });
    return listedIn({ epoch: 1, nodes: [node, node, node], previous });
  };
  assert.deepEqual(listed("k0"), [toHex(seedOf("k0"))]);
  assert.deepEqual(listed("another"), [], "although every authority was told the same");
});

/** The key of the first period in the list that these votes come to: one node in each. */
function listedIn(o: {
  epoch: number;
  nodes: readonly SignedDescriptor[];
  previous?: ReturnType<typeof testConsensus>;
}): string[] {
  const epoch = epochNumber(o.epoch);
  const previous = o.previous?.hash ?? network.hash;
  const rest = { reveal: network.hash, commit: network.hash, parameters: network.parameters };
  const votes = o.nodes.map((node, authority) => {
    const fields = { epoch, authority, previous, ...rest, nodes: [node] };
    return signVote({ network, fields, identitySeed: made.identitySeeds[authority] as Uint8Array, suite });
  });
  const held = new Map(o.previous === undefined ? [] : [[toHex(o.previous.hash), o.previous] as const]);
  const counted = tally({ network, epoch, votes, held, suite });
  assert.equal(counted.kind, "consensus");
  const providers = counted.kind === "consensus" ? counted.fields.providers : [];
  return providers.map(({ tokenKeys }) => toHex(tokenKeys.get(0) ?? new Uint8Array(0)));
}
