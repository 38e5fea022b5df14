/**
 * A small learned classifier: one hidden layer, trained by Adam (Kingma and Ba 2015) on labelled examples. Everything follows
 * from the seed. Score: the log-odds that an example is of the first kind.
 */

import { SeededRandom } from "#test/support/seeded-random.ts";
import { shuffled, uniform } from "#transport/core/random.ts";

export interface Example {
  readonly features: Float64Array;
  readonly isMatch: boolean;
}

export interface TrainingOptions {
  readonly seed: string;
  /** 0 is logistic regression. */
  readonly hidden?: number;
  readonly rounds?: number;
}

const BATCH = 32;
const STEP = 0.003;
/** Pulls weights to 0, so that what is noise in the training pairs is not learnt by heart. */
const DECAY = 0.003;

export function train(examples: readonly Example[], options: TrainingOptions): (features: Float64Array) => number {
  const { seed, hidden = 12, rounds = 40 } = options;
  const random = new SeededRandom(seed);
  const scale = standardise(examples.map(({ features }) => features));
  const inputs = scale.mean.length;
  const net = new Network(inputs, hidden, () => 2 * uniform(random) - 1);
  const prepared = examples.map(({ features, isMatch }) => ({ x: apply(scale, features), isMatch }));
  // Both kinds weigh the same, however many there are of each.
  const matches = examples.filter(({ isMatch }) => isMatch).length;
  const weights = { match: 0.5 / matches, other: 0.5 / (examples.length - matches) };
  for (let round = 0; round < rounds; round++) {
    const order = shuffled(random, prepared);
    for (let at = 0; at < order.length; at += BATCH) {
      for (const { x, isMatch } of order.slice(at, at + BATCH)) {
        net.learn(x, isMatch ? 1 : 0, (isMatch ? weights.match : weights.other) * (order.length / BATCH));
      }
      net.step();
    }
  }
  return (features) => net.score(apply(scale, features));
}

class Network {
  readonly #inputs: number;
  readonly #hidden: number;
  /** Hidden weights row by row with a bias each, then the output's with its bias. */
  readonly #values: Float64Array;
  readonly #gradient: Float64Array;
  readonly #first: Float64Array;
  readonly #second: Float64Array;
  readonly #activations: Float64Array;
  #steps = 0;

  constructor(inputs: number, hidden: number, draw: () => number) {
    this.#inputs = inputs;
    this.#hidden = hidden;
    const size = hidden === 0 ? inputs + 1 : hidden * (inputs + 1) + hidden + 1;
    const reach = 1 / Math.sqrt(inputs);
    this.#values = Float64Array.from({ length: size }, () => draw() * reach);
    this.#gradient = new Float64Array(size);
    this.#first = new Float64Array(size);
    this.#second = new Float64Array(size);
    this.#activations = new Float64Array(hidden);
  }

  score(x: Float64Array): number {
    if (this.#hidden === 0) return this.#linear(x, 0);
    const output = this.#hidden * (this.#inputs + 1);
    let sum = this.#values[output + this.#hidden] as number;
    for (let h = 0; h < this.#hidden; h++) {
      const activation = Math.tanh(this.#linear(x, h * (this.#inputs + 1)));
      this.#activations[h] = activation;
      sum += activation * (this.#values[output + h] as number);
    }
    return sum;
  }

  /** Adds the gradient of the log-loss at one example. */
  learn(x: Float64Array, wanted: 0 | 1, weight: number): void {
    const error = weight * (1 / (1 + Math.exp(-this.score(x))) - wanted);
    if (this.#hidden === 0) return this.#addLinear(x, 0, error);
    const output = this.#hidden * (this.#inputs + 1);
    this.#add(output + this.#hidden, error);
    for (let h = 0; h < this.#hidden; h++) {
      const activation = this.#activations[h] as number;
      this.#add(output + h, error * activation);
      const back = error * (this.#values[output + h] as number) * (1 - activation ** 2);
      this.#addLinear(x, h * (this.#inputs + 1), back);
    }
  }

  step(): void {
    this.#steps++;
    const [keepFirst, keepSecond] = [0.9, 0.999];
    const [biasFirst, biasSecond] = [1 - keepFirst ** this.#steps, 1 - keepSecond ** this.#steps];
    for (let i = 0; i < this.#values.length; i++) {
      const value = this.#values[i] as number;
      const slope = (this.#gradient[i] as number) + DECAY * value;
      const first = keepFirst * (this.#first[i] as number) + (1 - keepFirst) * slope;
      const second = keepSecond * (this.#second[i] as number) + (1 - keepSecond) * slope * slope;
      this.#first[i] = first;
      this.#second[i] = second;
      this.#values[i] = value - (STEP * (first / biasFirst)) / (Math.sqrt(second / biasSecond) + 1e-8);
    }
    this.#gradient.fill(0);
  }

  #linear(x: Float64Array, at: number): number {
    let sum = this.#values[at + this.#inputs] as number;
    for (let i = 0; i < this.#inputs; i++) sum += (x[i] as number) * (this.#values[at + i] as number);
    return sum;
  }

  #addLinear(x: Float64Array, at: number, slope: number): void {
    for (let i = 0; i < this.#inputs; i++) this.#add(at + i, slope * (x[i] as number));
    this.#add(at + this.#inputs, slope);
  }

  #add(at: number, slope: number): void {
    this.#gradient[at] = (this.#gradient[at] as number) + slope;
  }
}

interface Scale {
  readonly mean: Float64Array;
  readonly spread: Float64Array;
}

function standardise(rows: readonly Float64Array[]): Scale {
  const width = rows[0]?.length ?? 0;
  const [mean, spread] = [new Float64Array(width), new Float64Array(width)];
  for (let i = 0; i < width; i++) {
    let [sum, squares] = [0, 0];
    for (const row of rows) {
      sum += row[i] as number;
      squares += (row[i] as number) ** 2;
    }
    mean[i] = sum / rows.length;
    spread[i] = Math.sqrt(Math.max(squares / rows.length - (mean[i] as number) ** 2, 0)) || 1;
  }
  return { mean, spread };
}

/** Far outliers are cut: one odd pair must not decide the weights. */
const apply = ({ mean, spread }: Scale, row: Float64Array): Float64Array =>
  row.map((value, i) => Math.max(-8, Math.min(8, (value - (mean[i] as number)) / (spread[i] as number))));
