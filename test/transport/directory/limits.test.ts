/** The largest documents that a network can have fit the bounds that say so. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { seedOf, testNetwork } from "#test/support/test-network.ts";
import { Writer } from "#transport/core/bytes.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { epochNumber, keyPeriodNumber, milliseconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { consensusBodyBytesMax, encodeConsensus } from "#transport/directory/consensus.ts";
import { encodeConsensusSignature } from "#transport/directory/consensus-signature.ts";
import { signDescriptor } from "#transport/directory/descriptor.ts";
import { IDENTITY_SIGNATURE_BYTES } from "#transport/directory/labels.ts";
import {
  AUTHORITIES_MAX,
  LOST_LOOPS_MAX,
  MIX_KEYS_MAX,
  NETWORK_BYTES_MAX,
  NODES_MAX,
} from "#transport/directory/limits.ts";
import { createNetwork } from "#transport/directory/network.ts";
import { encodeNodes, encodeSignedNodes } from "#transport/directory/node-list.ts";
import { encodeFrame } from "#transport/link/frame.ts";
import { frameTable, isFrame, SIGNATURE_MESSAGE_BYTES_MAX } from "#transport/link/frame-table.ts";
import { DESCRIPTOR_BYTES_MAX, DIRECTORY_MESSAGE_BYTES_MAX, VOTE_BYTES_MAX } from "#transport/link/limits.ts";

const suite = await loadSuite("xwing", "native");
const ADDRESS = `${"abcdefgh.".repeat(27)}abcdef:65535`;
const NAME = "n".repeat(64);
const NO_PACKETS = { packetBytes: 0, payloadBytes: 0 };

test("nine authorities with the longest names and addresses fit a network file", () => {
  const identitySeeds = Array.from({ length: AUTHORITIES_MAX }, (_, i) => seedOf(`${i}`));
  const network = createNetwork({
    fields: {
      name: NAME,
      kind: "live",
      authorities: identitySeeds.map((seed) => ({
        name: NAME,
        identityKey: suite.hybrid.publicKey(seed),
        linkKey: suite.ed25519.publicKey(seed),
        address: ADDRESS,
      })),
      threshold: AUTHORITIES_MAX,
      genesis: milliseconds(0),
      bootstrap: milliseconds(1),
      parameters: LIVE_PARAMETERS,
    },
    identitySeeds,
    suite,
  });
  assert.ok(network.bytes.length > 51_000 && network.bytes.length < 52_000, `${network.bytes.length}`);
  assert.ok(network.bytes.length <= NETWORK_BYTES_MAX);
});

/** Keys are only counted: none is used. */
const keys = (count: number, length: number) =>
  new Map(Array.from({ length: count }, (_, i) => [keyPeriodNumber(i), new Uint8Array(length)]));
const ordinary = {
  role: "mix",
  linkKey: seedOf("link"),
  address: "mix-1.example:47101",
  operator: "Example Net",
  domain: "",
  // A live network's first descriptors; later ones have nine.
  mixKeys: keys(3 * LIVE_PARAMETERS.epoch.keyPeriods, 1216),
  tokenKeys: new Map<number, Uint8Array>(),
  publishedAt: milliseconds(0),
} as const;

test("the longest descriptor fits its frame", () => {
  const fields = {
    ...ordinary,
    role: "provider",
    address: ADDRESS,
    operator: NAME,
    domain: `${"abcdefgh.".repeat(27)}abcdefghij`,
    mixKeys: keys(MIX_KEYS_MAX, 1216),
    tokenKeys: keys(2, 32),
    loopReport: {
      epoch: epochNumber(1),
      sent: LOST_LOOPS_MAX,
      lost: Array.from({ length: LOST_LOOPS_MAX }, () => [1, 2, 3] as const),
    },
  } as const;
  const { bytes } = signDescriptor({ fields, identitySeed: seedOf("node"), suite });
  assert.ok(bytes.length > 51_000 && bytes.length <= DESCRIPTOR_BYTES_MAX, `${bytes.length}`);
});

function length(write: (writer: Writer) => void): number {
  const writer = new Writer();
  write(writer);
  return writer.finish().length;
}

test("a live consensus of as many nodes as there may be fits, and a vote for them, also when both carry three epochs' keys", () => {
  const node = signDescriptor({ fields: ordinary, identitySeed: seedOf("node"), suite });
  const nodes = Array.from({ length: NODES_MAX }, () => node);
  assert.ok(length((writer) => encodeNodes(writer, nodes)) < DIRECTORY_MESSAGE_BYTES_MAX);
  assert.ok(length((writer) => encodeSignedNodes(writer, nodes)) < VOTE_BYTES_MAX);
});

test("the longest list that authorities sign just fits its frame when all have signed it", () => {
  const { network } = testNetwork({ suite, authorities: AUTHORITIES_MAX });
  const signature = new Uint8Array(IDENTITY_SIGNATURE_BYTES);
  const signatures = new Map(network.authorities.map((_, authority) => [authority, signature]));
  const frameOf = (bodyBytes: number): Uint8Array => {
    const bytes = encodeConsensus(new Uint8Array(bodyBytes), signatures);
    return encodeFrame({ type: "consensus", time: milliseconds(0), bytes }, NO_PACKETS);
  };
  const table = frameTable({ protocol: "starling-directory/2", direction: "toDialer", sizes: NO_PACKETS });
  assert.equal(isFrame(table, frameOf(consensusBodyBytesMax(network))), true);
  assert.equal(isFrame(table, frameOf(consensusBodyBytesMax(network) + 1)), false);
});

test("an authority's signature fits its frame", () => {
  const signature = new Uint8Array(IDENTITY_SIGNATURE_BYTES);
  const bytes = encodeConsensusSignature({ epoch: epochNumber(0), hash: seedOf("hash"), authority: 0, signature });
  assert.equal(bytes.length, 3410);
  assert.ok(bytes.length <= SIGNATURE_MESSAGE_BYTES_MAX);
});
