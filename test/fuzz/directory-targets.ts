/**
 * Directory documents, twice each: as they come, and to a reader that believes every signature, so that what only a dishonest
 * authority or node could sign is read to its end too.
 */

import assert from "node:assert/strict";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { equalBytes } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { verifyConsensus } from "#transport/directory/consensus.ts";
import {
  encodeConsensusSignature,
  readConsensusSignature,
  verifyConsensusSignature,
} from "#transport/directory/consensus-signature.ts";
import { verifyDescriptor } from "#transport/directory/descriptor.ts";
import { decodeInvite, encodeInvite } from "#transport/directory/invite.ts";
import { verifyMailboxRecord } from "#transport/directory/mailbox-record.ts";
import { decodeNetwork } from "#transport/directory/network.ts";
import { decodeParameters, encodeParameters } from "#transport/directory/parameters-codec.ts";
import { readRelayedVote, verifyRelayedVote } from "#transport/directory/vote.ts";
import { decodeControlRequest } from "#transport/link/control.ts";
import type { Target } from "./fuzz.ts";
import { inverse } from "./inverse.ts";
import type { Traffic } from "./traffic.ts";

export function directoryTargets(traffic: Traffic): Target[] {
  const { network, suite } = traffic;
  const votes = traffic.of("vote").map(({ vote }) => vote);
  const signatures = traffic.of("signature").map(({ signature }) => signature);
  const descriptors = traffic.of("publishDescriptor").map(({ descriptor }) => descriptor);
  const consensuses = traffic.of("consensus").flatMap(({ bytes }) => (bytes.length > 0 ? [bytes] : []));
  const records = traffic.of("control").flatMap(({ body }) => {
    const request = decodeControlRequest(body);
    return request.kind === "put-record" ? [request.record] : [];
  });
  const random = new SeededRandom("fuzz invites");
  const invite = encodeInvite({
    address: "127.0.0.1:443",
    linkKey: random.bytes(32),
    domain: "a.example",
    networkHash: network.hash,
    code: "abcd-efgh",
  });
  return [
    ...twice("descriptor", {
      dependsOnSuite: true,
      takesChanged: "none",
      suite,
      corpus: descriptors,
      read: (bytes, by) => {
        assert.ok(equalBytes(verifyDescriptor(bytes, by).bytes, bytes));
      },
    }),
    // Votes travel with endorsements, each signed by itself: one may be left out.
    ...twice("vote", {
      dependsOnSuite: true,
      takesChanged: "any",
      suite,
      corpus: votes,
      read: (bytes, by) => void verifyRelayedVote({ network, bytes, suite: by }),
    }),
    // What an authority reads before it spends a check: whatever is a vote is one that the claim describes.
    ...twice("claim of a vote", {
      dependsOnSuite: true,
      takesChanged: "any",
      suite,
      corpus: votes,
      read: (bytes, by) => {
        const claimed = readRelayedVote({ network, bytes, suite: by });
        if (by === suite) return; // that is the target before
        const relayed = verifiedOrNot(() => verifyRelayedVote({ network, bytes, suite: by }));
        if (relayed === undefined) return;
        const { vote, endorsements } = relayed;
        assert.deepEqual([claimed.epoch, claimed.authority], [vote.epoch, vote.authority]);
        assert.deepEqual([claimed.hash, claimed.endorsers], [vote.hash, [...endorsements.keys()]]);
      },
    }),
    // A consensus holds with fewer signatures, as long as they are a majority.
    ...twice("consensus", {
      dependsOnSuite: true,
      takesChanged: "any",
      suite,
      corpus: consensuses.filter(isConsensus(traffic)),
      read: (bytes, by) => {
        const { layers } = verifyConsensus(network, bytes, by);
        assert.equal(layers.length, 3);
      },
    }),
    ...twice("network file", {
      takesChanged: "none",
      suite,
      corpus: [network.bytes],
      read: (bytes, by) => {
        const { authorities, threshold } = decodeNetwork(bytes, by);
        assert.ok(threshold > authorities.length / 2);
      },
    }),
    ...twice("signature on a consensus", {
      takesChanged: "none",
      suite,
      corpus: signatures,
      read: (bytes, by) => {
        const signed = verifyConsensusSignature({ network, bytes, suite: by });
        assert.ok(equalBytes(encodeConsensusSignature(signed), bytes));
      },
    }),
    {
      name: "claim of a signature",
      corpus: signatures,
      decode: inverse(readConsensusSignature, encodeConsensusSignature),
      takesChanged: "some",
    },
    ...twice("mailbox record", {
      takesChanged: "none",
      suite,
      corpus: records,
      read: (bytes, by) => {
        const { validFrom, validUntil } = verifyMailboxRecord({ bytes, suite: by });
        assert.ok(validFrom < validUntil);
      },
    }),
    {
      name: "parameters",
      dependsOnSuite: true,
      corpus: [encodeParameters(network.parameters)],
      decode: inverse(decodeParameters, encodeParameters),
      takesChanged: "some",
    },
    {
      name: "invite",
      corpus: [Buffer.from(invite)],
      decode: (bytes) => {
        const text = Buffer.from(bytes).toString();
        assert.equal(encodeInvite(decodeInvite(text)), text.replace(/\s+/g, ""));
      },
      takesChanged: "any",
    },
  ];
}

/** The network file crosses the same frames. */
const isConsensus =
  ({ network }: Traffic) =>
  (bytes: Uint8Array): boolean =>
    !equalBytes(bytes, network.bytes);

function verifiedOrNot<T>(verified: () => T): T | undefined {
  try {
    return verified();
  } catch (error) {
    if (error instanceof TransportError) return undefined;
    throw error;
  }
}

const verify = (): boolean => true;

/** As they come, and to a reader that believes every signature: only that one comes to what depends on the suite. */
export function twice(
  name: string,
  o: {
    takesChanged: Target["takesChanged"];
    dependsOnSuite?: boolean;
    suite: Suite;
    corpus: readonly Uint8Array[];
    read: (bytes: Uint8Array, suite: Suite) => void;
  },
): Target[] {
  const { takesChanged, dependsOnSuite = false, suite, corpus, read } = o;
  const credulous: Suite = {
    ...suite,
    ed25519: { ...suite.ed25519, verify },
    hybrid: { ...suite.hybrid, verify },
  };
  return [
    { name, corpus, decode: (bytes) => read(bytes, suite), takesChanged },
    {
      name: `${name}, whoever signed it`,
      corpus,
      decode: (bytes) => read(bytes, credulous),
      takesChanged: "some",
      dependsOnSuite,
    },
  ];
}
