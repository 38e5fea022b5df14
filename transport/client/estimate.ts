/** How long a message takes, from the rates and what else waits. Spec: docs/spec/04-traffic.md §5 */

import type { Profile } from "../core/parameters.ts";
import { meanInterval, type Milliseconds, milliseconds, perSecond } from "../core/units.ts";

const MIXES = 3;

/**
 * The mean time until the last of `slots` payload slots (`slotsUntilThrough`) has come and what it carried has passed three
 * mixes and was polled for.
 */
export function estimate(o: { slots: number; profile: Profile }): Milliseconds {
  const { slots, profile } = o;
  const payloadRate = perSecond(profile.sendRate * profile.payloadShare);
  return milliseconds(slots * meanInterval(payloadRate) + MIXES * profile.meanDelay + meanInterval(profile.pollRate));
}
