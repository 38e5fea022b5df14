/**
 * Flow matching by likelihood, after the statistical classifier of MixMatch (Oldenburg et al., PoPETs 2024): how much better do the
 * arrivals fit "these departures, each delayed by the known law, over background" than "anybody's departures". Arrivals are
 * taken as a Poisson process whose intensity follows from the departures.
 */

import { type DelayLaw, density, survival } from "./erlang.ts";
import type { ExpectedArrivals } from "./sender-law.ts";

/** What the adversary sees of a pair, in ms, ascending. */
export interface PairView {
  readonly departures: Float64Array;
  readonly arrivals: Float64Array;
  /** The reader's own departures, some of which are loops that come back as arrivals; empty if that is not looked at. */
  readonly readerDepartures: Float64Array;
  readonly from: number;
  readonly until: number;
}

/** What the adversary knows of the parameters. */
export interface FlowModel {
  readonly law: DelayLaw;
  /** The chance that a departure is for this reader while a flow lasts. */
  readonly share: number;
  /** Arrivals that would be seen if all departures of somebody unknown were for this reader. */
  readonly anybody: ExpectedArrivals;
  /** Other arrivals per ms, whenever. */
  readonly background: number;
  /** The chance that a departure of the reader's is a loop, and the laws among which a loop's delay is drawn. */
  readonly loops: { readonly share: number; readonly laws: readonly DelayLaw[] };
}

/** Log of the likelihood ratio; larger is more likely a pair. */
export function flowScore(view: PairView, model: FlowModel): number {
  const { law, share, anybody } = model;
  const other = otherArrivals(view, model);
  let score = share * (anybody.between(view.from, view.until) - expectedArrivals(view.departures, view, law));
  const recent = new Recent(view.departures, law.longest);
  view.arrivals.forEach((arrival, i) => {
    let own = 0;
    for (let k = recent.from(arrival); k < recent.to; k++)
      own += density(law, arrival - (view.departures[k] as number));
    const background = other[i] as number;
    score += Math.log((share * own + background) / (share * anybody.at(arrival) + background));
  });
  return score;
}

/** The intensity of arrivals that are not the sender's, at each arrival; never 0. */
export function otherArrivals(view: PairView, { background, loops }: FlowModel): Float64Array {
  const result = new Float64Array(view.arrivals.length).fill(Math.max(background, INTENSITY_MIN));
  if (loops.share === 0) return result;
  const longest = Math.max(...loops.laws.map((law) => law.longest));
  const recent = new Recent(view.readerDepartures, longest);
  view.arrivals.forEach((arrival, i) => {
    for (let k = recent.from(arrival); k < recent.to; k++) {
      for (const law of loops.laws) {
        const elapsed = arrival - (view.readerDepartures[k] as number);
        result[i] = (result[i] as number) + (loops.share / loops.laws.length) * density(law, elapsed);
      }
    }
  });
  return result;
}

/** One stray arrival in 12 days: an observer who rules nothing out entirely. */
const INTENSITY_MIN = 1e-9;

/** How many of these departures would arrive within the view, if all were for this reader. */
function expectedArrivals(departures: Float64Array, { from, until }: PairView, law: DelayLaw): number {
  let sum = 0;
  for (const departure of departures) {
    if (departure < from - law.longest || departure > until) continue;
    sum += survival(law, from - departure) - survival(law, until - departure);
  }
  return sum;
}

/** The departures not longer ago than `longest`, for moments asked in ascending order. */
export class Recent {
  readonly #times: Float64Array;
  readonly #longest: number;
  #from = 0;
  /** One past the last. */
  to = 0;

  constructor(times: Float64Array, longest: number) {
    this.#times = times;
    this.#longest = longest;
  }

  from(moment: number): number {
    const times = this.#times;
    while (this.#from < times.length && (times[this.#from] as number) < moment - this.#longest) this.#from++;
    this.to = Math.max(this.to, this.#from);
    while (this.to < times.length && (times[this.to] as number) < moment) this.to++;
    return this.#from;
  }
}
