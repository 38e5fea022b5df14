/**
 * Someone who has broken one of the two signature schemes and knows all private keys of it, those of every authority and node:
 * with a quantum computer Ed25519's, with a flaw in ML-DSA the others. Nothing that the directory rests on is forged with either
 * alone. Spec: docs/spec/08-directory.md §1, docs/spec/00-conventions.md §5
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ml_dsa65 } from "@noble/post-quantum/ml-dsa.js";
import { forger as forgerOf, type OtherHalf, type Scheme, WORDS } from "#test/attacks/support/half-forger.ts";
import { MemoryAuthorityStore } from "#test/support/memory-authorities.ts";
import {
  consensusBody,
  seedOf,
  signedConsensus,
  testAdmission,
  testDescriptor,
  testNetwork,
} from "#test/support/test-network.ts";
import { withSigner } from "#test/support/with-signer.ts";
import { concat, utf8, Writer } from "#transport/core/bytes.ts";
import { epochNumber, milliseconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { consensusHash, encodeConsensus, signConsensus, verifyConsensus } from "#transport/directory/consensus.ts";
import { encodeConsensusSignature, verifyConsensusSignature } from "#transport/directory/consensus-signature.ts";
import { signDescriptor, verifyDescriptor } from "#transport/directory/descriptor.ts";
import { Directory } from "#transport/directory/directory.ts";
import { IDENTITY_SIGNATURE_BYTES, LABELS, signAsIdentity } from "#transport/directory/labels.ts";
import type { Network } from "#transport/directory/model.ts";
import { assembleNetwork, encodeNetwork, networkHashOf, signNetwork } from "#transport/directory/network.ts";
import { encodeRelayedVote, endorse, signVote, verifyRelayedVote, verifyVote } from "#transport/directory/vote.ts";
import { Admission } from "#provider-server/authority/admission.ts";
import { DescriptorRegistry } from "#provider-server/authority/descriptor-registry.ts";

const suite = await loadSuite("x25519", "native");
const made = testNetwork({ suite });
const { network } = made;
const EPOCH = epochNumber(0);
const LATTICE_KEY_AT = 32;

const forger = (knows: Scheme, other: OtherHalf): Suite => forgerOf(suite, knows, other);
const seedAt = (authority: number): Uint8Array => made.identitySeeds[authority] as Uint8Array;
const REFUSED = { code: /^(?:REFUSED|MALFORMED|CONSENSUS_FORGED)$/ };

/** A list of the forger's own, signed by all three authorities as well as `by` can. */
function listBy(by: Suite): Uint8Array {
  const body = consensusBody(made, suite, { sharedRandom: seedOf("the forger's") });
  const hash = consensusHash(suite, body);
  const signatures = made.identitySeeds.map((identitySeed, authority): [number, Uint8Array] => [
    authority,
    signConsensus({ epoch: EPOCH, hash, identitySeed, suite: by }),
  ]);
  return encodeConsensus(body, new Map(signatures));
}

const good = testDescriptor(suite, { name: "mix0" });
const fields = { epoch: EPOCH, authority: 1, previous: network.hash, reveal: network.hash, commit: network.hash };
const rest = { parameters: network.parameters, nodes: [] };
const vote = signVote({ network, fields: { ...fields, ...rest }, identitySeed: seedAt(1), suite });

function voteBy(by: Suite): Uint8Array {
  const body = vote.bytes.slice(0, -IDENTITY_SIGNATURE_BYTES);
  return concat(body, signAsIdentity({ suite: by, label: LABELS.vote, message: body, seed: seedAt(1) }));
}

function relayedBy(by: Suite): Uint8Array {
  const endorsement = endorse({ vote, identitySeed: seedAt(0), suite: by });
  return encodeRelayedVote({ vote, endorsements: new Map([[0, endorsement]]) });
}

function signatureBy(by: Suite): Uint8Array {
  const signature = signConsensus({ epoch: EPOCH, hash: network.hash, identitySeed: seedAt(1), suite: by });
  return encodeConsensusSignature({ epoch: EPOCH, hash: network.hash, authority: 1, signature });
}

/** The node's descriptor with the forger's key for packets in it. */
function descriptorBy(by: Suite): Uint8Array {
  const seed = seedOf("mix0/identity");
  const mixKeys = new Map([...good.mixKeys.keys()].map((epoch) => [epoch, seedOf("the forger's key")]));
  const { listed } = signDescriptor({
    fields: { ...good, mixKeys, publishedAt: milliseconds(1) },
    identitySeed: seed,
    suite,
  });
  const latticeKey = suite.hybrid.publicKey(seed).subarray(LATTICE_KEY_AT);
  return concat(listed, latticeKey, signAsIdentity({ suite: by, label: LABELS.descriptor, message: listed, seed }));
}

function networkBy(by: Suite): Network {
  const body = encodeNetwork({ ...network, name: "another" });
  const signatures = made.identitySeeds.map((identitySeed) => signNetwork({ body, identitySeed, suite: by }));
  return assembleNetwork({ body, signatures, suite });
}

/** An authority's, with the node's own descriptor in it. */
function registry(): DescriptorRegistry {
  const admission = new Admission([testAdmission(suite, "mix0")]);
  const held = new DescriptorRegistry({ network, suite, admission, store: new MemoryAuthorityStore() });
  assert.equal(held.publish(good.bytes, milliseconds(1)), undefined);
  return held;
}

test("who knows both halves of every key is believed: so the forgeries below fail by the half that is missing", () => {
  assert.equal(verifyConsensus(network, listBy(suite), suite).signatures.size, 3);
  verifyVote({ network, bytes: voteBy(suite), suite });
  verifyRelayedVote({ network, bytes: relayedBy(suite), suite });
  verifyConsensusSignature({ network, bytes: signatureBy(suite), suite });
  assert.equal(registry().publish(descriptorBy(suite), milliseconds(1)), undefined);
  assert.equal(networkBy(suite).name, "another");
});

for (const knows of ["Ed25519", "ML-DSA"] as const) {
  for (const other of ["earlier", "another's", "zeros", "nothing"] as const) {
    const by = forger(knows, other);
    const who = `who knows every ${knows} key, and has ${WORDS[other]} for the other half,`;

    test(`${who} forges no list of nodes`, () => {
      assert.throws(() => verifyConsensus(network, listBy(by), suite), REFUSED);
      const directory = new Directory({ network, suite });
      directory.accept(signedConsensus(made, suite));
      assert.throws(() => directory.accept(listBy(by)), REFUSED);
      assert.equal(directory.held.length, 1);
    });

    test(`${who} forges no vote, no endorsement and no authority's signature`, () => {
      assert.throws(() => verifyVote({ network, bytes: voteBy(by), suite }), REFUSED);
      assert.throws(() => verifyRelayedVote({ network, bytes: relayedBy(by), suite }), REFUSED);
      assert.throws(() => verifyConsensusSignature({ network, bytes: signatureBy(by), suite }), REFUSED);
    });

    test(`${who} puts no key into a node's descriptor`, () => {
      assert.throws(() => verifyDescriptor(descriptorBy(by), suite), REFUSED);
      const nodes = registry();
      assert.match(nodes.publish(descriptorBy(by), milliseconds(1)) ?? "", /not sign|not a descriptor/);
      assert.deepEqual(
        nodes.nodesFor(EPOCH).map((node) => node.mixKeys),
        [good.mixKeys],
      );
    });

    test(`${who} makes no network file that its authorities did not sign`, () => {
      assert.throws(() => networkBy(by), REFUSED);
    });
  }
}

test("with one half of every key it takes one's own other half, and that makes another node and another network", () => {
  const own = ml_dsa65.keygen(seedOf("forger"));
  const theirs = suite.hybrid.publicKey(seedOf("mix0/identity"));
  const mixedKey = concat(theirs.subarray(0, LATTICE_KEY_AT), own.publicKey);
  // A descriptor that is well signed by the mixed key, under the node's id: the id is the hash of both halves.
  const mixedSuite: Suite = {
    ...suite,
    hybrid: withSigner({
      publicKey: () => mixedKey,
      sign: (message, seed) => {
        const text = concat(utf8("starling/ed25519-ml-dsa-65/v1"), Uint8Array.of(0), suite.blake2b(mixedKey), message);
        return concat(suite.ed25519.sign(text, seed), ml_dsa65.sign(text, own.secretKey));
      },
      verify: () => false,
    }),
  };
  const newer = { ...good, publishedAt: milliseconds(good.publishedAt + 1) };
  const mixed = signDescriptor({ fields: newer, identitySeed: seedOf("mix0/identity"), suite: mixedSuite });
  const read = verifyDescriptor(mixed.bytes, suite);
  assert.deepEqual(read.signingKey, good.signingKey);
  assert.notDeepEqual(read.nodeId, good.nodeId, "well signed, and another node: one that nobody admitted");
  const nodes = registry();
  assert.equal(nodes.publish(mixed.bytes, milliseconds(1)), "the node is not admitted");
  const underItsId = mixed.bytes.slice();
  underItsId.set(good.nodeId, 2);
  assert.equal(nodes.publish(underItsId, milliseconds(1)), "the node did not sign the descriptor");

  // And a network file with the forger's ML-DSA keys has another hash than invites name.
  const authorities = network.authorities.map((authority, at) => ({
    ...authority,
    identityKey: concat(
      authority.identityKey.subarray(0, LATTICE_KEY_AT),
      ml_dsa65.keygen(seedOf(`forger ${at}`)).publicKey,
    ),
  }));
  const body = encodeNetwork({ ...network, authorities });
  assert.notDeepEqual(networkHashOf(new Writer().bytes16(body).finish(), suite), network.hash);
});
