/**
 * Flow matching with every possible assignment weighed: each departure brings at most one arrival, each arrival is one
 * departure's or background. The sum over all assignments is the exact likelihood of the arrivals given the departures (with
 * the reader's loops as a Poisson process), so by Neyman and Pearson's lemma hardly anybody who sees just these times does better.
 */

import { density, survival } from "./erlang.ts";
import { type FlowModel, otherArrivals, type PairView } from "./flow-likelihood.ts";

/** Departures that are kept apart; when there are more, the oldest is taken not to arrive any more. */
const PENDING_MAX = 12;

/** Log of the likelihood ratio; larger is more likely a pair. */
export function matchingScore(view: PairView, model: FlowModel): number {
  const { share, anybody } = model;
  const other = otherArrivals(view, model);
  const state = new Assignments(model);
  let next = view.departures.findIndex((departure) => departure >= view.from - model.law.longest);
  if (next < 0) next = view.departures.length;
  const takeUntil = (moment: number): void => {
    for (; next < view.departures.length && (view.departures[next] as number) < moment; next++) {
      state.depart(view.departures[next] as number, view.from);
    }
  };
  let score = share * anybody.between(view.from, view.until);
  view.arrivals.forEach((arrival, i) => {
    takeUntil(arrival);
    const background = other[i] as number;
    state.arrive(arrival, background);
    score -= Math.log(share * anybody.at(arrival) + background);
  });
  takeUntil(view.until);
  return score + state.finish(view.until);
}

/** Weights of all sets of departures that are for this reader and still under way, given the arrivals so far. */
class Assignments {
  readonly #model: FlowModel;
  /** Bit i of an index: the i-th of `#pending` is for this reader and has not arrived. The first 2^pending values count. */
  readonly #weights = new Float64Array(2 ** PENDING_MAX);
  readonly #chances = new Float64Array(PENDING_MAX);
  readonly #pending: number[] = [];
  #log = 0;

  constructor(model: FlowModel) {
    this.#model = model;
    this.#weights[0] = 1;
  }

  depart(time: number, from: number): void {
    const { law, share } = this.#model;
    this.#forget(time);
    if (this.#pending.length === PENDING_MAX) this.#settleOldest(survival(law, time - (this.#pending[0] as number)));
    const size = 2 ** this.#pending.length;
    // One that arrived before the view began is as good as another's.
    const gone = 1 - share * survival(law, from - time);
    for (let set = 0; set < size; set++) {
      const weight = this.#weights[set] as number;
      this.#weights[set + size] = weight * share;
      this.#weights[set] = weight * gone;
    }
    this.#pending.push(time);
  }

  arrive(time: number, background: number): void {
    this.#forget(time);
    const weights = this.#weights;
    const count = this.#pending.length;
    const size = 2 ** count;
    for (let i = 0; i < count; i++) this.#chances[i] = density(this.#model.law, time - (this.#pending[i] as number));
    let total = 0;
    // A set's new weight comes from itself and from sets with one more bit, which are larger: in ascending order, in place.
    for (let set = 0; set < size; set++) {
      let weight = (weights[set] as number) * background;
      for (let i = 0; i < count; i++) {
        if ((set & (1 << i)) === 0) weight += (weights[set | (1 << i)] as number) * (this.#chances[i] as number);
      }
      weights[set] = weight;
      total += weight;
    }
    for (let set = 0; set < size; set++) weights[set] = (weights[set] as number) / total;
    this.#log += Math.log(total);
  }

  /** Whoever is under way has not arrived by then. */
  finish(until: number): number {
    while (this.#pending.length > 0) {
      this.#settleOldest(survival(this.#model.law, until - (this.#pending[0] as number)));
    }
    return this.#log + Math.log(this.#weights[0] as number);
  }

  #forget(time: number): void {
    const { law } = this.#model;
    while (this.#pending.length > 0 && time - (this.#pending[0] as number) > law.longest) {
      this.#settleOldest(survival(law, law.longest));
    }
  }

  /** The oldest is for this reader and under way with this chance only. */
  #settleOldest(chance: number): void {
    const weights = this.#weights;
    const size = 2 ** (this.#pending.length - 1);
    for (let set = 0; set < size; set++) {
      weights[set] = (weights[2 * set] as number) + chance * (weights[2 * set + 1] as number);
    }
    this.#pending.shift();
  }
}
