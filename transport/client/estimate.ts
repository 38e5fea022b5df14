/** How long a message takes, from the rates alone. Spec: docs/spec/04-traffic.md §5 */

import type { Profile } from "../core/parameters.ts";
import { meanInterval, type Milliseconds, milliseconds, perSecond } from "../core/units.ts";

const MIXES = 3;

/** The mean time until `fragments` have left behind `ahead` others, passed three mixes and were polled for. */
export function estimate(o: { fragments: number; ahead: number; profile: Profile }): Milliseconds {
  const { fragments, ahead, profile } = o;
  // Turns alternate between the smallest and the oldest, so at most as many others go first.
  const slots = fragments + Math.min(ahead, fragments);
  const payloadRate = perSecond(profile.sendRate * profile.payloadShare);
  return milliseconds(slots * meanInterval(payloadRate) + MIXES * profile.meanDelay + meanInterval(profile.pollRate));
}
