/** The line that an authority needs: for the votes of one agreement, and for the lists that nodes ask of it. Spec: docs/spec/11-parameters.md §8 */

import type { Parameters } from "#transport/core/parameters.ts";
import { epochNumber, type Milliseconds, milliseconds } from "#transport/core/units.ts";
import { epochInForce, scheduleOf } from "#transport/directory/epochs.ts";
import { IDENTITY_KEY_BYTES, IDENTITY_SIGNATURE_BYTES, KEY_BYTES } from "#transport/directory/labels.ts";

export interface AuthorityLine {
  readonly nodes: number;
  readonly authorities: number;
  readonly threshold: number;
  /** Of one vote, and of a list. */
  readonly voteBytes: number;
  readonly listBytes: number;
  readonly round: Milliseconds;
  /** Up, and as much down: all votes that one sends and passes on in an agreement, within half a round. */
  readonly votesBitsPerSecond: number;
  /** Up: a list for every node, shared among as many authorities as must sign, between its publication and its use. */
  readonly listsBitsPerSecond: number;
}

/**
 * Whether votes leave side by side or one after the other changes nothing for the last of them, and it is the last that decides
 * whether all have the same. Half a round, for the other half is what clocks may differ by.
 */
export function authorityLine(
  parameters: Parameters,
  o: { nodes: number; authorities: number; threshold: number; keysListedBytes: number },
): AuthorityLine {
  const { nodes, authorities, threshold } = o;
  const [genesis, bootstrap] = [milliseconds(0), milliseconds(0)];
  const network = { parameters, genesis, bootstrap, threshold, authorities: { length: authorities } };
  const epoch = epochNumber(2);
  const { step: round, publish } = scheduleOf(network, epoch);
  const listBytes = nodes * (o.keysListedBytes + REST_BYTES);
  const voteBytes = listBytes + nodes * (IDENTITY_KEY_BYTES - KEY_BYTES + IDENTITY_SIGNATURE_BYTES);
  // Its own to all others, and each of theirs to all but its author.
  const votes = (authorities - 1) ** 2;
  return {
    nodes,
    authorities,
    threshold,
    voteBytes,
    listBytes,
    round,
    votesBitsPerSecond: bits(votes * voteBytes, milliseconds(round / 2)),
    listsBitsPerSecond: bits((nodes / threshold) * listBytes, milliseconds(epochInForce(network, epoch) - publish)),
  };
}

/** Frames, TLS records and TCP/IPv4 add a twentieth at most. */
const bits = (bytes: number, within: Milliseconds): number => (1.05 * 8 * bytes) / (within / 1000);

/** Of a listed descriptor all but its mix keys: ids and link key, address, operator, domain, a report with 36 lost loops. */
const REST_BYTES = 380;
