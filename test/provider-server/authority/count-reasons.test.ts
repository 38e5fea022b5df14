/** What is left out when votes are counted, and why there may be no list: each reason of docs/spec/08-directory.md §5.2 is provoked. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type CountReason, type NoTallyReason } from "#provider-server/authority/reasons.ts";
import { tally } from "#provider-server/authority/tally.ts";
import { seedOf, consensusBody, signedConsensus, testDescriptor, testNetwork } from "#test/support/test-network.ts";
import { withSigner } from "#test/support/with-signer.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { concat, toHex } from "#transport/core/bytes.ts";
import { epochNumber, keyPeriodNumber, milliseconds } from "#transport/core/units.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { verifyConsensus } from "#transport/directory/consensus.ts";
import { DEMOTIONS_BYTES_MAX } from "#transport/directory/demotions.ts";
import { type DescriptorFields, signDescriptor } from "#transport/directory/descriptor.ts";
import { keyPeriodsAnnounced } from "#transport/directory/epochs.ts";
import { IDENTITY_KEY_BYTES, IDENTITY_SIGNATURE_BYTES } from "#transport/directory/labels.ts";
import type { Network, SignedDescriptor } from "#transport/directory/model.ts";
import { byNodeId } from "#transport/directory/node-list.ts";
import { type Vote, type VoteFields } from "#transport/directory/vote.ts";
import { DOCUMENT_BYTES_MAX } from "#transport/link/limits.ts";
import { suite, made, network, mix0, changed, voteOf } from "./reasons-scene.ts";

const node = (fields: Partial<DescriptorFields>): SignedDescriptor =>
  signDescriptor({ fields: { ...mix0, ...fields }, identitySeed: seedOf("mix0/identity"), suite });
const held = verifyConsensus(
  network,
  signedConsensus(made, suite, { epoch: epochNumber(0), commits: new Map([[1, seedOf("commit")]]) }),
  suite,
);
const providerWith = (key: string): SignedDescriptor =>
  testDescriptor(suite, { name: "a", role: "provider", tokenKeys: new Map([[0, seedOf(key)]]) });
const heldTokens = verifyConsensus(network, signedConsensus(made, suite, { providers: [providerWith("one")] }), suite);
const knownLists = new Map([held, heldTokens].map((list) => [toHex(list.hash), list]));
const at = (epoch: number, fields: Partial<VoteFields>, otherFields = fields): readonly Vote[] => [
  voteOf({ epoch: epochNumber(epoch), ...fields }, 0),
  voteOf({ epoch: epochNumber(epoch), ...otherFields }, 1),
];
const { parameters } = network;
const many = Array.from({ length: 9 }, (_, n) => testDescriptor(suite, { name: `mix${n}` }));
/** For eight of them. */
const bytesMax =
  consensusBody(made, suite, {
    layers: [many, [], []],
    providers: [],
    commits: new Map([
      [0, mix0.nodeId],
      [1, mix0.nodeId],
    ]),
  }).length +
  DEMOTIONS_BYTES_MAX -
  1;
const COUNTED: Record<CountReason, readonly Vote[]> = {
  "descriptor not signed by its node": at(0, { nodes: [{ ...mix0, bytes: changed(mix0.bytes) }] }),
  "descriptor without a key for the epoch": at(5, { nodes: [mix0] }),
  "descriptor with a mix key of another time": at(0, {
    nodes: [node({ mixKeys: new Map([0, 1, 2, 3].map((period) => [keyPeriodNumber(period), seedOf("key")])) })],
  }),
  "descriptor with a mix key that is none": at(0, {
    nodes: [node({ mixKeys: new Map([[keyPeriodNumber(0), new Uint8Array(32)]]) })],
  }),
  "descriptor from before the last epoch": at(2, { nodes: [node({ publishedAt: milliseconds(0) })] }),
  "descriptor from the future": at(0, { nodes: [node({ publishedAt: milliseconds(10 ** 9) })] }),
  "node listed by too few authorities": at(0, { nodes: [mix0] }, { nodes: [] }),
  "domain taken by another provider": at(0, {
    nodes: ["a", "b"].map((name) => testDescriptor(suite, { name, role: "provider", domain: "a.example" })),
  }),
  "token key changed within its period": at(1, {
    previous: heldTokens.hash,
    nodes: [providerWith("another")],
  }),
  "no room in the list": at(0, { nodes: byNodeId(many) }),
  "parameters named by too few authorities": at(0, {}, { parameters: { ...parameters, delayCap: 7 } }),
  "parameters other than the network file's": at(0, {
    parameters: { ...parameters, packetBytes: 5000 },
  }),
  "reveal that does not open its commitment": at(1, { previous: held.hash }),
  "reveal without a commitment": at(1, { previous: held.hash }),
};
/** Of nodes with 36 keys each, as twelve key periods in an epoch allow in epoch 0. Their signatures and keys are only counted. */
function manyKeys(nodes: number): { network: Network; suite: Suite; votes: readonly Vote[] } {
  const key = new Uint8Array(1216);
  const kem = { ...suite.kem, publicKeyBytes: key.length, encapsulate: () => ({ sharedSecret: key, ciphertext: key }) };
  const hybrid = withSigner({
    publicKey: (seed: Uint8Array) => concat(seed, new Uint8Array(IDENTITY_KEY_BYTES - seed.length)),
    sign: () => new Uint8Array(IDENTITY_SIGNATURE_BYTES),
    verify: () => true,
  });
  const counted = { ...suite, kem, hybrid };
  const epoch = { ...LIVE_PARAMETERS.epoch, keyPeriods: 12 };
  const of = testNetwork({ suite, parameters: { ...parameters, epoch } }).network;
  const mixKeys = new Map(keyPeriodsAnnounced(of, epochNumber(0)).map((period) => [period, key]));
  const listed = Array.from({ length: nodes }, (_, n) =>
    signDescriptor({ fields: { ...mix0, mixKeys }, identitySeed: seedOf(`node ${n}`), suite: counted }),
  );
  const fields = { previous: of.hash, parameters: of.parameters, nodes: byNodeId(listed) };
  const votes = [voteOf({}, 0), voteOf()].map((vote) => Object.assign(vote, fields));
  return { network: of, suite: counted, votes };
}

const here = (votes: readonly Vote[]) => ({ network, suite, votes });
type Uncounted = { network: Network; suite: Suite; votes: readonly Vote[]; bytesMax?: number };
const UNCOUNTED: Record<NoTallyReason, Uncounted> = {
  "too few votes": here([voteOf()]),
  "no common previous consensus": here(at(0, { previous: seedOf("unknown") })),
  "a list longer than readers take": { ...here(at(0, { nodes: byNodeId(many) })), bytesMax: 1000 },
};

test("what the count leaves out has a reason each", () => {
  for (const [reason, votes] of Object.entries(COUNTED)) {
    const epoch = votes[0]?.epoch ?? epochNumber(0);
    const counted = tally({ network, epoch, votes, held: knownLists, suite, bytesMax });
    assert.equal(counted.kind, "consensus", reason);
    const reasons = counted.kind === "consensus" ? counted.dropped.map((dropped) => dropped.reason as string) : [];
    assert.ok(reasons.includes(reason), `${reason}: ${reasons.join(", ")}`);
  }
  for (const [reason, of] of Object.entries(UNCOUNTED)) {
    const outcome = tally({ ...of, epoch: epochNumber(0), held: new Map() });
    assert.equal(outcome.kind === "none" ? outcome.reason : outcome.kind, reason);
  }
});

test("a list of more nodes than readers take leaves some out, and is nearly as long as it may be", () => {
  for (const nodes of [375, 390]) {
    const counted = tally({ ...manyKeys(nodes), epoch: epochNumber(0), held: new Map() });
    assert.ok(counted.kind === "consensus" && counted.body.length > 0.98 * DOCUMENT_BYTES_MAX);
    assert.ok(counted.body.length < DOCUMENT_BYTES_MAX);
    const [listed, leftOut] = [counted.fields.layers.flat().length, counted.dropped.length];
    assert.deepEqual([listed + leftOut, leftOut > 0], [nodes, nodes === 390]);
    assert.ok(counted.dropped.every(({ reason }) => reason === "no room in the list"));
  }
});

test("a descriptor that too few votes list costs no check of its signatures, whatever they are, and those that enough list one each", () => {
  const listed = [mix0, providerWith("one")].toSorted((a, b) => (toHex(a.nodeId) < toHex(b.nodeId) ? -1 : 1));
  const invented = Array.from({ length: 20 }, (_, n) => testDescriptor(suite, { name: `made up ${n}` }));
  const all = [...listed, ...invented].toSorted((a, b) => (toHex(a.nodeId) < toHex(b.nodeId) ? -1 : 1));
  let checks = 0;
  const verify: typeof suite.hybrid.verify = (...input) => {
    checks++;
    return suite.hybrid.verify(...input);
  };
  const counting = { ...suite, hybrid: { ...suite.hybrid, verify } };
  const votes = at(0, { nodes: listed }, { nodes: all });
  const plain = tally({ network, epoch: epochNumber(0), votes: at(0, { nodes: listed }), held: new Map(), suite });
  const counted = tally({ network, epoch: epochNumber(0), votes, held: new Map(), suite: counting });
  assert.ok(counted.kind === "consensus" && plain.kind === "consensus");
  assert.equal([...counted.fields.layers.flat(), ...counted.fields.providers].length, 2);
  assert.deepEqual([counted.fields.layers, counted.fields.providers], [plain.fields.layers, plain.fields.providers]);
  assert.equal(checks, 2);
  assert.equal(counted.dropped.filter(({ reason }) => reason === "node listed by too few authorities").length, 20);
});
