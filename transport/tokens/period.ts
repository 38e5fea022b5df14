/** Which period's key a token is made with. Spec: docs/spec/13-tokens.md §2 */

import { type Milliseconds, milliseconds } from "../core/units.ts";
import type { Network } from "../directory/model.ts";

/** Periods count from the network's genesis; before it there is the first. */
export function tokenPeriodAt({ genesis, parameters }: Network, time: Milliseconds): number {
  return Math.max(0, Math.floor((time - genesis) / parameters.tokens.period));
}

export function tokenPeriodStart({ genesis, parameters }: Network, period: number): Milliseconds {
  return milliseconds(genesis + period * parameters.tokens.period);
}

/** A token of a period that ended a moment ago may be on its way: the longest way is what overlap was chosen for. */
export function isPeriodAccepted(network: Network, period: number, now: Milliseconds): boolean {
  const { lead, overlap } = network.parameters.epoch;
  const start = tokenPeriodStart(network, period);
  const end = tokenPeriodStart(network, period + 1);
  return now >= start - lead && now < end + lead + overlap;
}
