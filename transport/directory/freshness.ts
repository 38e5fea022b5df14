/**
 * Is the list old, or is this computer's clock wrong? Both look alike: a list that is not of now. Signatures and the clocks
 * of others tell them apart as far as that is possible. Spec: docs/spec/08-directory.md §7
 */

import { TransportError } from "../core/errors.ts";
import type { Milliseconds } from "../core/units.ts";
import { clockErrorMax, scheduleOf } from "./epochs.ts";
import { CLOCK_SLACK_MIN } from "./limits.ts";
import type { Consensus, Network } from "./model.ts";

/**
 * `consensus` is the newest there is to be had; `witnesses` are what the clocks of those who were asked showed (providers and
 * authorities say so in every answer). Throws CLOCK_WRONG or CONSENSUS_STALE.
 */
export function checkFreshness(o: {
  network: Network;
  consensus: Consensus;
  now: Milliseconds;
  witnesses: readonly Milliseconds[];
}): void {
  const { network, consensus, now } = o;
  const slack = Math.max(clockErrorMax(network), CLOCK_SLACK_MIN);
  const earliest = scheduleOf(network, consensus.epoch).vote;
  // A majority signed it, and does not sign before its time: our clock is behind, whatever anyone says.
  if (now < earliest - slack) throw new TransportError("CLOCK_WRONG", "It is behind.");
  const witnessed = median(o.witnesses);
  if (witnessed !== undefined && Math.abs(witnessed - now) > slack) {
    // Only a witness whose time the signed list bears out counts: others may be the ones that are wrong.
    const isBorneOut = witnessed >= earliest - slack && witnessed < consensus.validUntil;
    if (isBorneOut) throw new TransportError("CLOCK_WRONG", witnessed < now ? "It is ahead." : "It is behind.");
  }
  if (now >= consensus.validUntil) throw new TransportError("CONSENSUS_STALE");
}

function median(times: readonly Milliseconds[]): Milliseconds | undefined {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
}
