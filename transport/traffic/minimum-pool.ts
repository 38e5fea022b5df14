/**
 * How many decoys a provider sends so that every mix holds packets whether or not anybody writes. By Little's law a mix that
 * gets r packets a second, each for a mean time d, holds r · d of them. Spec: docs/spec/04-traffic.md §11
 */

import type { Parameters } from "../core/parameters.ts";
import { type Milliseconds, milliseconds, type PerSecond, perSecond } from "../core/units.ts";
import { DECOY_RATE_MAX } from "./limits.ts";

/** What of a consensus the rate follows from: how many mixes each layer has, and how many providers there are. */
export interface Width {
  readonly layers: readonly number[];
  readonly providers: number;
}

export interface DecoyRate {
  /** Of each provider. */
  readonly rate: PerSecond;
  /** More would be needed than one provider sends at most: the pool stays below its minimum. */
  readonly isCapped: boolean;
}

/** The same for everybody who holds the consensus; 0 where loops of nodes alone fill the pool. */
export function decoyRate(parameters: Parameters, width: Width): DecoyRate {
  if (width.providers === 0) return { rate: perSecond(0), isCapped: false };
  const stay = coverMeanStay(parameters) / 1000;
  const lacking = width.layers.map((mixes, layer) => {
    const wanted = (parameters.minimumPool * mixes) / stay;
    return wanted - nodeLoopsThrough(layer, parameters, width);
  });
  const wanted = Math.max(0, ...lacking) / width.providers;
  return { rate: perSecond(Math.min(wanted, DECOY_RATE_MAX)), isCapped: wanted > DECOY_RATE_MAX };
}

/** Packets that each mix of every layer holds on average without any user, at that rate of decoys. */
export function poolOf(parameters: Parameters, width: Width, rate: PerSecond): number[] {
  const stay = coverMeanStay(parameters) / 1000;
  return width.layers.map((mixes, layer) => {
    const through = rate * width.providers + nodeLoopsThrough(layer, parameters, width);
    return (through * stay) / mixes;
  });
}

/** Mean of the delays that decoys and loops draw (delay-class.ts); the cap takes e^-delayCap of it, less than anybody measures. */
export function coverMeanStay({ profiles }: Parameters): Milliseconds {
  return milliseconds((profiles.mail.meanDelay + profiles.chat.meanDelay) / 2);
}

/** A loop passes each layer once, and is held there unless its way ends in it: at the mix that sent it. */
function nodeLoopsThrough(layer: number, { nodeLoopRate }: Parameters, { layers, providers }: Width): number {
  const others = layers.reduce((sum, mixes, index) => (index === layer ? sum : sum + mixes), 0);
  return nodeLoopRate * (providers + others);
}
