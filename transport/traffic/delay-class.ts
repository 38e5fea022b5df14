/**
 * The mean delay that a packet's mixes draw around, by the kind of its slot: a payload slot has the same law with mail in it
 * and without. Loops and drops draw their class from one mixture in both profiles, so that a mix cannot tell from one of them
 * which profile sent it. Spec: docs/spec/04-traffic.md §4
 */

import type { Parameters, Profile } from "../core/parameters.ts";
import { pick, type RandomSource } from "../core/random.ts";
import type { Milliseconds } from "../core/units.ts";

/** Loop and drop slots: the mean of either profile, with equal chances, whichever is in force. */
export function coverMeanDelay(delays: RandomSource, parameters: Parameters): Milliseconds {
  return pick(delays, [parameters.profiles.mail, parameters.profiles.chat]).meanDelay;
}

/** Payload slots, whatever they carry: the mean of the profile in force. */
export const payloadMeanDelay = (profile: Profile): Milliseconds => profile.meanDelay;
