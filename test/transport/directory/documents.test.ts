/** Descriptors, network files, votes, consensuses and invites: every encoding there and back, and junk refused. */

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { DEMO_PARAMETERS, LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { TransportError } from "#transport/core/errors.ts";
import { epochNumber, keyPeriodNumber, milliseconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { verifyConsensus } from "#transport/directory/consensus.ts";
import { encodeConsensusSignature, verifyConsensusSignature } from "#transport/directory/consensus-signature.ts";
import { signDescriptor, verifyDescriptor } from "#transport/directory/descriptor.ts";
import { KEY_PERIODS_MAX, MIX_KEYS_MAX } from "#transport/directory/limits.ts";
import { decodeInvite, encodeInvite, type Invite } from "#transport/directory/invite.ts";
import { assembleNetwork, decodeNetwork, encodeNetwork, signNetwork } from "#transport/directory/network.ts";
import type { Authority } from "#transport/directory/model.ts";
import { decodeParameters, encodeParameters } from "#transport/directory/parameters-codec.ts";
import { encodeRelayedVote, endorse, signVote, verifyRelayedVote } from "#transport/directory/vote.ts";
import { byNodeId } from "#transport/directory/node-list.ts";
import { rememberSignatures } from "#test/support/remembered-signatures.ts";
import {
  QUICK_PARAMETERS,
  seedOf,
  signedConsensus,
  testDescriptor,
  testNetwork,
  testNodes,
} from "#test/support/test-network.ts";

const suite = rememberSignatures(await loadSuite("x25519", "native"));
const made = testNetwork({ suite });
const { network } = made;
const descriptor = testDescriptor(suite, { name: "mix0" });
const nodes = testNodes(suite);
const vote = signVote({
  network,
  fields: {
    epoch: epochNumber(3),
    authority: 1,
    previous: network.hash,
    reveal: seedOf("reveal"),
    commit: seedOf("commit"),
    parameters: network.parameters,
    nodes: byNodeId([...nodes.layers.flat(), ...nodes.providers]),
  },
  identitySeed: made.identitySeeds[1] as Uint8Array,
  suite,
});
const endorsement = endorse({ vote, identitySeed: made.identitySeeds[0] as Uint8Array, suite });
const relayed = encodeRelayedVote({ vote, endorsements: new Map([[0, endorsement]]) });
const consensus = signedConsensus(made, suite);
const signature = encodeConsensusSignature({
  epoch: epochNumber(0),
  authority: 0,
  hash: verifyConsensus(network, consensus, suite).hash,
  signature: verifyConsensus(network, consensus, suite).signatures.get(0) as Uint8Array,
});
const invite: Invite = {
  address: "[::1]:4001",
  linkKey: seedOf("link"),
  domain: "a.example",
  networkHash: network.hash,
  code: "K7-2",
};

const DECODERS: readonly { name: string; bytes: Uint8Array; decode: (bytes: Uint8Array) => { bytes?: Uint8Array } }[] =
  [
    { name: "descriptor", bytes: descriptor.bytes, decode: (bytes) => verifyDescriptor(bytes, suite) },
    { name: "network", bytes: network.bytes, decode: (bytes) => decodeNetwork(bytes, suite) },
    {
      name: "relayed vote",
      bytes: relayed,
      decode: (bytes) => ({ bytes: encodeRelayedVote(verifyRelayedVote({ network, bytes, suite })) }),
    },
    { name: "consensus", bytes: consensus, decode: (bytes) => verifyConsensus(network, bytes, suite) },
    {
      name: "consensus signature",
      bytes: signature,
      decode: (bytes) => ({ bytes: encodeConsensusSignature(verifyConsensusSignature({ network, bytes, suite })) }),
    },
  ];

const isCoded = (error: unknown): boolean => error instanceof TransportError;

test("what was signed is read back, and encodes to the same bytes", () => {
  for (const { bytes, decode, name } of DECODERS) assert.deepEqual(decode(bytes).bytes, bytes, name);
});

test("a flipped bit anywhere in a signed document is refused", () => {
  for (const { bytes, decode, name } of DECODERS) {
    for (let at = 0; at < bytes.length; at += bytes.length > 2000 ? 37 : 1) {
      const changed = bytes.slice();
      changed[at] = (changed[at] as number) ^ (1 << (at % 8));
      assert.throws(() => decode(changed), isCoded, `${name}, byte ${at}`);
    }
  }
});

test("a document cut short or with a byte more is refused", () => {
  for (const { bytes, decode, name } of DECODERS) {
    assert.throws(() => decode(bytes.subarray(0, -1)), isCoded, name);
    assert.throws(() => decode(Uint8Array.of(...bytes, 0)), isCoded, name);
    assert.throws(() => decode(new Uint8Array(0)), isCoded, name);
  }
});

test("whatever bytes come, a decoder ends with a coded error", () => {
  for (const { decode, bytes: good } of DECODERS) {
    const spliced = fc
      .tuple(fc.nat(good.length), fc.nat(60), fc.uint8Array({ maxLength: 60 }))
      .map(([at, cut, put]) => {
        return Uint8Array.of(...good.subarray(0, at), ...put, ...good.subarray(at + cut));
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), spliced), (bytes) => {
        try {
          decode(bytes);
        } catch (error) {
          return isCoded(error);
        }
        return Buffer.from(bytes).equals(good);
      }),
      { numRuns: 300 },
    );
  }
});

test("parameters of both kinds come back exactly", () => {
  for (const parameters of [LIVE_PARAMETERS, DEMO_PARAMETERS]) {
    assert.deepEqual(decodeParameters(encodeParameters(parameters)), parameters);
  }
});

test("parameters that no network can have are malformed", () => {
  const { epoch, profiles } = LIVE_PARAMETERS;
  const bad = [
    { ...LIVE_PARAMETERS, epoch: { ...epoch, lead: milliseconds(epoch.duration) } },
    { ...LIVE_PARAMETERS, epoch: { ...epoch, keyPeriods: 0 } },
    { ...LIVE_PARAMETERS, epoch: { ...epoch, keyPeriods: KEY_PERIODS_MAX + 1 } },
    { ...LIVE_PARAMETERS, epoch: { ...epoch, keyPeriods: 7 } },
    { ...LIVE_PARAMETERS, epoch: { ...epoch, keyLead: milliseconds(epoch.lead + 1) } },
    { ...LIVE_PARAMETERS, sendSpread: 0 },
    { ...LIVE_PARAMETERS, sendSpread: 1 / 65 },
    { ...LIVE_PARAMETERS, sendSpread: 1.001 },
    { ...LIVE_PARAMETERS, sendSpread: Number.NaN },
    { ...LIVE_PARAMETERS, delayCap: Number.NaN },
    { ...LIVE_PARAMETERS, fragmentStep: 0 },
    { ...LIVE_PARAMETERS, minimumPool: -1 },
    { ...LIVE_PARAMETERS, minimumPool: -0 },
    { ...LIVE_PARAMETERS, minimumPool: Number.POSITIVE_INFINITY },
    { ...LIVE_PARAMETERS, tokens: { ...LIVE_PARAMETERS.tokens, perProvider: 65 } },
    { ...LIVE_PARAMETERS, tokens: { ...LIVE_PARAMETERS.tokens, period: epoch.duration } },
    { ...LIVE_PARAMETERS, profiles: { ...profiles, mail: { ...profiles.mail, loopShare: 0.9 } } },
  ];
  for (const parameters of bad)
    assert.throws(() => decodeParameters(encodeParameters(parameters)), { code: "MALFORMED" });
});

test("who makes a network file decides how much cover there is: down to no minimum pool, and shares above none", () => {
  const { profiles } = LIVE_PARAMETERS;
  const mail = { ...profiles.mail, payloadShare: 1 - 2e-6, loopShare: 1e-6, dropShare: 1e-6 };
  const bare = { ...LIVE_PARAMETERS, minimumPool: 0, profiles: { ...profiles, mail } };
  assert.deepEqual(decodeParameters(encodeParameters(bare)), bare);
  for (const none of [
    { ...mail, payloadShare: 1 - 1e-6, dropShare: 0 },
    { ...mail, payloadShare: 1 - 1e-6, loopShare: 0 },
  ]) {
    const parameters = { ...bare, profiles: { ...profiles, mail: none } };
    assert.throws(() => decodeParameters(encodeParameters(parameters)), { code: "MALFORMED" });
  }
});

test("a network file needs every authority's signature, and a threshold of more than half", () => {
  const body = encodeNetwork(network);
  const signatures = made.identitySeeds.map((identitySeed) => signNetwork({ body, identitySeed, suite }));
  assert.deepEqual(assembleNetwork({ body, signatures: signatures.toReversed(), suite }).hash, network.hash);
  assert.throws(() => assembleNetwork({ body, signatures: signatures.slice(1), suite }), { code: "CONSENSUS_FORGED" });
  assert.throws(() => encodeNetwork({ ...network, threshold: 1 }), { code: "MALFORMED" });
  assert.throws(() => encodeNetwork({ ...network, threshold: 4 }), { code: "MALFORMED" });
  // Under two places one authority would sign twice.
  const [one, other] = network.authorities as [Authority, Authority];
  const twice = [one, other, { ...other, name: "again" }];
  assert.throws(() => encodeNetwork({ ...network, authorities: twice }), { code: "MALFORMED" });
});

test("a descriptor says only what its role may say", () => {
  const identitySeed = seedOf("x");
  const sign = (fields: object) => signDescriptor({ fields: { ...descriptor, ...fields }, identitySeed, suite });
  for (const fields of [
    { domain: "a.example" },
    { role: "provider" as const, domain: "" },
    { role: "provider" as const, domain: "A.example" },
    { operator: "" },
    { operator: "two\nlines" },
    { address: "nowhere" },
    { address: "host:0" },
    { address: "host:65536" },
    { mixKeys: new Map() },
    { tokenKeys: new Map([[0, seedOf("k")]]) },
    { role: "provider" as const, domain: "a.example", tokenKeys: new Map([0, 1, 2].map((n) => [n, seedOf("k")])) },
    {
      mixKeys: new Map(Array.from({ length: MIX_KEYS_MAX + 1 }, (_, period) => [keyPeriodNumber(period), seedOf("k")])),
    },
  ]) {
    assert.throws(() => sign(fields), { code: "MALFORMED" }, JSON.stringify(fields));
  }
});

test("an invite is one line that comes back, also wrapped by a mail program", () => {
  const line = encodeInvite(invite);
  assert.match(line, /^starling:1:[A-Za-z0-9_-]+$/);
  assert.deepEqual(decodeInvite(line), invite);
  assert.deepEqual(decodeInvite(`  ${line.slice(0, 60)}\r\n ${line.slice(60)}\n`), invite);
});

test("an invite that is cut short, or is something else, is malformed", () => {
  const line = encodeInvite(invite);
  for (const text of ["", "starling:1:", line.slice(0, -3), `${line}AA`, line.replace("_", "*"), "x".repeat(2000)]) {
    if (text !== line) assert.throws(() => decodeInvite(text), { code: "MALFORMED" }, text);
  }
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (text) => {
      try {
        decodeInvite(`starling:1:${text}`);
      } catch (error) {
        return isCoded(error);
      }
      return true;
    }),
  );
});

test("a list with a node that lacks one key that its readers need is malformed", () => {
  const live = testNetwork({ suite, parameters: { ...QUICK_PARAMETERS, epoch: LIVE_PARAMETERS.epoch } });
  const periods = [7, 8, 9, 10, 11];
  const list = (of: readonly number[]): Uint8Array =>
    signedConsensus(live, suite, {
      ...testNodes(suite, { periods: of }),
      parameters: live.network.parameters,
      epoch: epochNumber(2),
    });
  assert.equal(verifyConsensus(live.network, list(periods), suite).layers.flat().length, 6);
  for (const period of periods) {
    const bytes = list(periods.filter((other) => other !== period));
    assert.throws(() => verifyConsensus(live.network, bytes, suite), { code: "MALFORMED" }, `without ${period}`);
  }
});
