/**
 * Randomness that no authority chooses: each commits in one epoch's vote to what it reveals in the next one's. Who withholds
 * its part chooses between two outcomes, no more. Spec: docs/spec/08-directory.md §6
 */

import { concat, equalBytes, utf8, Writer } from "#transport/core/bytes.ts";
import { type Epoch, epochNumber } from "#transport/core/units.ts";
import type { Primitives } from "#transport/crypto/suite.ts";
import { hashLabelled, LABELS } from "#transport/directory/labels.ts";
import type { Consensus, Network } from "#transport/directory/model.ts";
import type { Vote } from "#transport/directory/vote.ts";

/** From the votes, whose reveals count only when the previous epoch's consensus holds the commitment to them. */
export function combineSharedRandom(o: {
  network: Network;
  epoch: Epoch;
  previous: Consensus | undefined;
  votes: readonly Vote[];
  suite: Primitives;
}): {
  sharedRandom: Uint8Array;
  /** Authorities whose reveal is not what they committed to. */
  broken: readonly number[];
  /** Authorities that had not voted, or not in time, in the epoch before: there is nothing to hold their reveal against. */
  uncommitted: readonly number[];
} {
  const { network, epoch, previous, suite } = o;
  const commits = previous?.epoch === epoch - 1 ? previous.commits : NONE;
  const opened = o.votes.map((vote) => {
    const commit = commits.get(vote.authority);
    const isKept =
      commit !== undefined &&
      equalBytes(commit, commitTo({ network, epoch, authority: vote.authority, reveal: vote.reveal, suite }));
    return { vote, isKept, isBroken: commit !== undefined && !isKept };
  });
  const writer = new Writer()
    .raw(network.hash)
    .u32(epoch)
    .raw(previous?.sharedRandom ?? network.hash);
  for (const { vote } of opened.filter(({ isKept }) => isKept)) writer.u8(vote.authority).raw(vote.reveal);
  return {
    sharedRandom: hashLabelled(suite, LABELS.sharedRandom, writer.finish()),
    broken: opened.filter(({ isBroken }) => isBroken).map(({ vote }) => vote.authority),
    // The first epoch, and the one after a gap, have no commitments at all: that is no authority's doing.
    uncommitted: opened
      .filter(({ isKept, isBroken }) => commits.size > 0 && !isKept && !isBroken)
      .map(({ vote }) => vote.authority),
  };
}

/** What a vote carries: opens the last commitment, and makes the next. A function of the seed, so that a restart forgets nothing. */
export function revealAndCommit(o: {
  network: Network;
  epoch: Epoch;
  authority: number;
  identitySeed: Uint8Array;
  suite: Primitives;
}): { reveal: Uint8Array; commit: Uint8Array } {
  const next = { ...o, epoch: epochNumber(o.epoch + 1) };
  return { reveal: revealOf(o), commit: commitTo({ ...next, reveal: revealOf(next) }) };
}

/** Binds network, epoch of the reveal and authority: nobody can reveal another's, or an old one. */
export function commitTo(o: {
  network: Network;
  epoch: Epoch;
  authority: number;
  reveal: Uint8Array;
  suite: Primitives;
}): Uint8Array {
  const input = new Writer().raw(o.network.hash).u32(o.epoch).u8(o.authority).raw(o.reveal).finish();
  return hashLabelled(o.suite, LABELS.commit, input);
}

const NONE: ReadonlyMap<number, Uint8Array> = new Map();

function revealOf(o: { network: Network; epoch: Epoch; identitySeed: Uint8Array; suite: Primitives }): Uint8Array {
  const input = new Writer().raw(o.network.hash).u32(o.epoch).finish();
  return o.suite.blake2b(concat(utf8(LABELS.reveal), input), o.identitySeed);
}
