/** How long a message takes, from the rates and what else waits. Spec: docs/spec/04-traffic.md §5, 17-boxes.md §7 */

import type { Profile } from "../core/parameters.ts";
import { meanInterval, type Milliseconds, milliseconds, perSecond } from "../core/units.ts";

const MIXES = 3;

/**
 * The mean time until the last of `slots` payload slots (`slotsUntilThrough`) has come and what it carried has passed three
 * mixes and was polled for. Where it goes to a box, of which `boxReplies` answers are asked in each drop slot, it waits there for
 * one of them, which passes three mixes more.
 */
export function estimate(o: { slots: number; profile: Profile; boxReplies?: number }): Milliseconds {
  const { slots, profile, boxReplies = 0 } = o;
  const payloadRate = perSecond(profile.sendRate * profile.payloadShare);
  const mixes = MIXES * profile.meanDelay;
  const inBox =
    boxReplies === 0 ? 0 : meanInterval(perSecond(boxReplies * profile.sendRate * profile.dropShare)) + mixes;
  return milliseconds(slots * meanInterval(payloadRate) + mixes + inBox + meanInterval(profile.pollRate));
}
