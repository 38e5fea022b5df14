/** Bounds of boxes that both sides keep, each with its reason. */

import type { Parameters, Profile } from "../core/parameters.ts";
import { meanInterval, type Milliseconds, milliseconds, perSecond, seconds } from "../core/units.ts";

/** However seldom a network's drop slots are: a reply block lives not much longer. */
export const COLLECT_DELAY_MAX: Milliseconds = seconds(600);

/** In whose parts the delays of a collect lie: the mean time between two drop slots. */
export const collectSpan = ({ sendRate, dropShare }: Pick<Profile, "sendRate" | "dropShare">): Milliseconds =>
  milliseconds(Math.min(meanInterval(perSecond(sendRate * dropShare)), COLLECT_DELAY_MAX));

/** The longest delay that a program of ours asks for, whatever its profile: live 140 s. Longer ones would only take up room. */
export const collectDelayMax = ({ profiles }: Pick<Parameters, "profiles">): Milliseconds =>
  milliseconds(Math.max(...Object.values(profiles).map(collectSpan)));

/**
 * After so long an answer's way is over, and an entry that was in it is given again: four journeys and four polls of the slower
 * profile, back to the reader and into its next collect.
 */
export function lostAfter({ profiles }: Pick<Parameters, "profiles">): Milliseconds {
  const journey = MIXES * Math.max(...Object.values(profiles).map(({ meanDelay }) => meanDelay));
  const poll = Math.max(...Object.values(profiles).map(({ pollRate }) => meanInterval(pollRate)));
  return milliseconds(4 * journey + 4 * poll);
}

const MIXES = 3;

/** Entries ahead of the cursor of which a collect says whether they are taken: bits of a u64, live some 37 minutes of answers. */
export const TAKEN_BITS = 64;
