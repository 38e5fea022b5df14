/** The law of a packet's way through the mixes, as an adversary knows it: three exponential delays and the links between. */

import type { Parameters, ProfileName } from "#transport/core/parameters.ts";
import { LINK_LATENCY } from "./generator.ts";

/** The sum of three exponential waits of one mean, later by `shift`. */
export interface DelayLaw {
  readonly mean: number;
  readonly shift: number;
  /** Nothing to speak of comes later than this: one in 2,000. */
  readonly longest: number;
}

/** e^-12 (1 + 12 + 72) = 5.2e-4 is left beyond 12 means of one mix. */
const MEANS_MAX = 12;
const LINKS = 5;

export function delayLaw(mean: number, shift: number = LINKS * LINK_LATENCY.mean): DelayLaw {
  return { mean, shift, longest: MEANS_MAX * mean + shift };
}

export const lawOf = (parameters: Parameters, profile: ProfileName): DelayLaw =>
  delayLaw(parameters.profiles[profile].meanDelay);

/** Of a packet that left `elapsed` ms ago arriving now, per ms. */
export function density({ mean, shift }: DelayLaw, elapsed: number): number {
  const x = (elapsed - shift) / mean;
  return x <= 0 ? 0 : ((x * x) / 2) * (Math.exp(-x) / mean);
}

/** The chance that it is still under way. */
export function survival({ mean, shift }: DelayLaw, elapsed: number): number {
  const x = (elapsed - shift) / mean;
  return x <= 0 ? 1 : Math.exp(-x) * (1 + x + (x * x) / 2);
}
