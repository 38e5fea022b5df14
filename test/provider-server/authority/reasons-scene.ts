/** A network of three authorities, of which the test plays two. */

import { rememberSignatures } from "#test/support/remembered-signatures.ts";
import { testDescriptor, testNetwork } from "#test/support/test-network.ts";
import { epochNumber } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { scheduleOf } from "#transport/directory/epochs.ts";
import { signVote, type Vote, type VoteFields } from "#transport/directory/vote.ts";

export const suite = rememberSignatures(await loadSuite("x25519", "native"));
export const made = testNetwork({ suite });
export const { network } = made;
export const schedule = scheduleOf(network, epochNumber(0));

export const mix0 = testDescriptor(suite, { name: "mix0", operator: "op", publishedAt: 80_000 });
export const changed = (bytes: Uint8Array): Uint8Array => bytes.with(bytes.length - 1, (bytes.at(-1) as number) ^ 1);

export function voteOf(fields: Partial<VoteFields> = {}, authorityAt = 1): Vote {
  const seed = made.identitySeeds[authorityAt] as Uint8Array;
  const rest = { reveal: network.hash, commit: network.hash, parameters: network.parameters, nodes: [] };
  const all = { epoch: epochNumber(0), authority: authorityAt, previous: network.hash, ...rest, ...fields };
  return signVote({ network, fields: all, identitySeed: seed, suite });
}
