/**
 * Counts by chance, quickly and from a seed: where one packet's draws would take hours, a window's are drawn at once. Exact laws,
 * not approximations by a normal one.
 */

import { SeededRandom } from "#test/support/seeded-random.ts";
import { logGamma } from "./statistics.ts";

/** Means from which rejection is quicker than counting up, and for which its constants hold. */
const REJECTION_FROM = 10;

export class QuickRandom {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: string) {
    const view = new DataView(new SeededRandom(seed).bytes(12).buffer);
    this.#a = view.getInt32(0);
    this.#b = view.getInt32(4);
    this.#c = view.getInt32(8);
    for (let i = 0; i < 12; i++) this.uniform();
  }

  /** In the open interval (0, 1), 32 bits: Doty-Humphrey's sfc32, which passes PractRand. */
  uniform(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return ((sum >>> 0) + 0.5) / 2 ** 32;
  }

  below(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  /** How many events of a mean. From 10 on by Hörmann's PTRS (1993). */
  poisson(mean: number): number {
    if (mean < REJECTION_FROM) {
      const floor = Math.exp(-mean);
      let count = 0;
      for (let left = this.uniform(); left > floor; left *= this.uniform()) count++;
      return count;
    }
    const b = 0.931 + 2.53 * Math.sqrt(mean);
    const a = -0.059 + 0.02483 * b;
    const inverse = 1.1239 + 1.1328 / (b - 3.4);
    const sure = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
      const u = this.uniform() - 0.5;
      const v = this.uniform();
      const edge = 0.5 - Math.abs(u);
      const count = Math.floor(((2 * a) / edge + b) * u + mean + 0.43);
      if (edge >= 0.07 && v <= sure) return count;
      if (count < 0 || (edge < 0.013 && v > edge)) continue;
      const height = Math.log((v * inverse) / (a / (edge * edge) + b));
      if (height <= count * Math.log(mean) - mean - logGamma(count + 1)) return count;
    }
  }

  /** How many of `trials` succeed, each with this chance. From a mean of 10 on by Hörmann's BTRS (1993). */
  binomial(trials: number, chance: number): number {
    if (trials <= 0 || chance <= 0) return 0;
    if (chance >= 1) return trials;
    if (chance > 0.5) return trials - this.binomial(trials, 1 - chance);
    return trials * chance < REJECTION_FROM ? this.#counted(trials, chance) : this.#rejected(trials, chance);
  }

  /** Adds to `counts` from `offset` on how `total` fall into classes of these shares, which sum to at most 1; the rest falls nowhere. */
  split(total: number, shares: ArrayLike<number>, counts: Float64Array, offset: number): void {
    let [left, rest] = [total, 1];
    for (let i = 0; i < shares.length && left > 0; i++) {
      const share = shares[i] as number;
      const count = this.binomial(left, share / rest);
      counts[offset + i] = (counts[offset + i] as number) + count;
      left -= count;
      rest -= share;
    }
  }

  #counted(trials: number, chance: number): number {
    const odds = chance / (1 - chance);
    let share = (1 - chance) ** trials;
    let count = 0;
    for (let left = this.uniform(); left > share && count < trials; count++) {
      left -= share;
      share *= (odds * (trials - count)) / (count + 1);
    }
    return count;
  }

  #rejected(trials: number, chance: number): number {
    const spread = Math.sqrt(trials * chance * (1 - chance));
    const b = 1.15 + 2.53 * spread;
    const a = -0.0873 + 0.0248 * b + 0.01 * chance;
    const alpha = (2.83 + 5.1 / b) * spread;
    const sure = 0.92 - 4.2 / b;
    for (;;) {
      const v = this.uniform();
      const u = this.uniform() - 0.5;
      const edge = 0.5 - Math.abs(u);
      const count = Math.floor(((2 * a) / edge + b) * u + trials * chance + 0.5);
      if (edge >= 0.07 && v <= sure) return count;
      if (count < 0 || count > trials) continue;
      const odds = Math.log(chance / (1 - chance));
      const mode = Math.floor((trials + 1) * chance);
      const top = logGamma(mode + 1) + logGamma(trials - mode + 1);
      const height = Math.log((v * alpha) / (a / (edge * edge) + b));
      if (height <= top - logGamma(count + 1) - logGamma(trials - count + 1) + (count - mode) * odds) return count;
    }
  }
}
