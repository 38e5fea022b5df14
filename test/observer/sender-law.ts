/**
 * What an observer expects of a sender it knows nothing of but the network's clock: the same of everybody. Only what a certain
 * sender does beyond it tells that sender from others.
 */

import type { Parameters, ProfileName } from "#transport/core/parameters.ts";
import { meanInterval } from "#transport/core/units.ts";
import { type DelayLaw, survival } from "./erlang.ts";

/** Departures come anywhere in time, or once a period within its first `spread` milliseconds. */
export type SenderLaw =
  | { readonly kind: "anywhere"; readonly period: number }
  | { readonly kind: "beat"; readonly period: number; readonly spread: number };

export function senderLaw({ parameters, profile }: { parameters: Parameters; profile: ProfileName }): SenderLaw {
  const period = meanInterval(parameters.profiles[profile].sendRate);
  const { clock, sendSpread } = parameters;
  return clock === "slot" && sendSpread < 1
    ? { kind: "beat", period, spread: sendSpread * period }
    : { kind: "anywhere", period };
}

/** How many departures of anybody are expected between two moments. */
export function expectedDepartures(law: SenderLaw, from: number, until: number): number {
  return law.kind === "anywhere" ? (until - from) / law.period : departedBy(law, until) - departedBy(law, from);
}

function departedBy({ period, spread }: SenderLaw & { kind: "beat" }, moment: number): number {
  const beats = Math.floor(moment / period);
  return beats + Math.min(1, (moment - beats * period) / spread);
}

const PHASES = 512;

/** How many packets of anybody's come out of the mixes: per ms at a moment, and between two moments. */
export class ExpectedArrivals {
  readonly #period: number;
  /** At each phase of the period, and the sum up to it. */
  readonly #intensity: Float64Array;
  readonly #sum: Float64Array;

  constructor(sender: SenderLaw, delay: DelayLaw) {
    this.#period = sender.period;
    this.#intensity = Float64Array.from({ length: PHASES + 1 }, (_, i) =>
      intensity(sender, delay, (i / PHASES) * sender.period),
    );
    this.#sum = new Float64Array(PHASES + 1);
    for (let i = 1; i <= PHASES; i++) {
      const height = ((this.#intensity[i - 1] as number) + (this.#intensity[i] as number)) / 2;
      this.#sum[i] = (this.#sum[i - 1] as number) + (height * sender.period) / PHASES;
    }
  }

  at(moment: number): number {
    return interpolate(this.#intensity, phaseOf(moment, this.#period));
  }

  between(from: number, until: number): number {
    return this.#by(until) - this.#by(from);
  }

  #by(moment: number): number {
    const whole = Math.floor(moment / this.#period) * (this.#sum[PHASES] as number);
    return whole + interpolate(this.#sum, phaseOf(moment, this.#period));
  }
}

const phaseOf = (moment: number, period: number): number => (moment / period - Math.floor(moment / period)) * PHASES;

function interpolate(table: Float64Array, place: number): number {
  const below = Math.min(Math.floor(place), PHASES - 1);
  const [low, high] = [table[below] as number, table[below + 1] as number];
  return low + (place - below) * (high - low);
}

/** The average over where in their periods the departures before may have been. */
function intensity(sender: SenderLaw, delay: DelayLaw, phase: number): number {
  if (sender.kind === "anywhere") return 1 / sender.period;
  let sum = 0;
  for (let start = phase; start < delay.longest + sender.period; start += sender.period) {
    sum += survival(delay, start - sender.spread) - survival(delay, start);
  }
  return sum / sender.spread;
}
