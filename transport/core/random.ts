/**
 * Randomness as an argument, one named stream per purpose: were timing and padding drawn from one stream, the amount of
 * user mail would shift the times that an observer sees.
 */

import { type Milliseconds, milliseconds } from "./units.ts";

export interface RandomSource {
  /** `length` fresh bytes, owned by the caller. */
  bytes(length: number): Uint8Array;
}

/** What a client draws from. `timing` decides when, `kinds` what a slot carries; neither may see user mail. */
export interface RandomStreams {
  readonly timing: RandomSource;
  readonly kinds: RandomSource;
  readonly polling: RandomSource;
  readonly paths: RandomSource;
  /** Sticky first mixes: drawn for a list of nodes, whatever is sent meanwhile. */
  readonly guards: RandomSource;
  readonly delays: RandomSource;
  readonly padding: RandomSource;
  readonly keys: RandomSource;
  /** Waits that a user's mail sets off: receipts, `have`, retransmission. */
  readonly reliability: RandomSource;
  /** Which box is collected from, and when its answers leave. */
  readonly boxes: RandomSource;
  /** Which loops go into boxes, and into which. */
  readonly boxLoops: RandomSource;
}

/** One source serves every stream where it is the system's: its bytes are independent whoever draws them. */
export function systemStreams(random: RandomSource): RandomStreams {
  return {
    timing: random,
    kinds: random,
    polling: random,
    paths: random,
    delays: random,
    padding: random,
    keys: random,
    reliability: random,
    boxes: random,
    boxLoops: random,
    guards: random,
  };
}

/** Uniform in the open interval (0, 1), 52 bits. */
export function uniform(random: RandomSource): number {
  const [b0 = 0, b1 = 0, b2 = 0, b3 = 0, b4 = 0, b5 = 0, b6 = 0] = random.bytes(8);
  const high = ((b0 << 24) | (b1 << 16) | (b2 << 8) | b3) >>> 0;
  const low = (b4 << 12) | (b5 << 4) | (b6 >>> 4);
  return (high * 2 ** 20 + low + 0.5) / 2 ** 52;
}

/** An exponentially distributed wait with the given mean. */
export function exponential(random: RandomSource, mean: Milliseconds): Milliseconds {
  return milliseconds(-Math.log(uniform(random)) * mean);
}

/** A whole number in [0, bound). The bias is below bound / 2^52. */
export function below(random: RandomSource, bound: number): number {
  return Math.floor(uniform(random) * bound);
}

/** One element, each equally likely. Throws when there is none. */
export function pick<T>(random: RandomSource, items: readonly T[]): T {
  if (items.length === 0) throw new RangeError("nothing to pick from");
  return items[below(random, items.length)] as T;
}

/** The elements in random order; the argument stays as it is (Fisher-Yates). */
export function shuffled<T>(random: RandomSource, items: readonly T[]): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = below(random, i + 1);
    [result[i], result[j]] = [result[j] as T, result[i] as T];
  }
  return result;
}
