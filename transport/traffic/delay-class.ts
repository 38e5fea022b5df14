/**
 * The mean delay that a packet's mixes draw around. Cover draws its class from one mixture in both profiles, so that a mix
 * cannot tell from a loop or a drop which profile sent it. Spec: docs/spec/04-traffic.md §4
 */

import type { Parameters, Profile } from "../core/parameters.ts";
import { pick, type RandomSource } from "../core/random.ts";
import type { Milliseconds } from "../core/units.ts";

/** Loops and drops: the mean of either profile, with equal chances, whichever is in force. */
export function coverMeanDelay(delays: RandomSource, parameters: Parameters): Milliseconds {
  return pick(delays, [parameters.profiles.mail, parameters.profiles.chat]).meanDelay;
}

export const payloadMeanDelay = (profile: Profile): Milliseconds => profile.meanDelay;
