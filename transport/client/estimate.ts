/** How long a message takes, from the rates and what else waits. Spec: docs/spec/04-traffic.md §5, 17-boxes.md §7 */

import type { Profile } from "../core/parameters.ts";
import { meanInterval, type Milliseconds, milliseconds, perSecond } from "../core/units.ts";

const MIXES = 3;

/**
 * The mean time until the last of `slots` payload slots (`slotsUntilThrough`) has come and what it carried has passed three
 * mixes and was polled for. Where it goes to a box, of which `boxReplies` answers are asked in each drop slot, its last
 * `fragments` (1 unless given) come out of it one with each answer, and pass three mixes more.
 */
export function estimate(o: {
  slots: number;
  profile: Profile;
  boxReplies?: number;
  fragments?: number;
}): Milliseconds {
  const { slots, profile, boxReplies = 0, fragments = 1 } = o;
  const toLeave = meanInterval(perSecond(profile.sendRate * profile.payloadShare));
  const mixes = MIXES * profile.meanDelay;
  const toMailbox = slots * toLeave + mixes + meanInterval(profile.pollRate);
  if (boxReplies === 0) return milliseconds(toMailbox);
  const answer = answerWait({ profile, boxReplies });
  // Whichever is slower holds the rest up: slots, or answers.
  const behind = Math.max(0, (fragments - 1) * (answer - toLeave));
  return milliseconds(toMailbox + answer + behind + mixes);
}

/**
 * The least mean time from the departure of the first of `fragments` for a box until the last is here: each needs an answer of its own. Of what
 * others have put into that box nothing is known.
 */
export function boxTime(o: { profile: Profile; boxReplies: number; fragments: number }): Milliseconds {
  return milliseconds(estimate({ ...o, slots: 0, fragments: 1 }) + (o.fragments - 1) * answerWait(o));
}

/** Mean time between two answers of a box. */
function answerWait({ profile, boxReplies }: { profile: Profile; boxReplies: number }): Milliseconds {
  return meanInterval(perSecond(boxReplies * profile.sendRate * profile.dropShare));
}
