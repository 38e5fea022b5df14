/** The operating system's randomness: built in composition roots only. */

import { randomFillSync } from "node:crypto";
import type { RandomSource, RandomStreams } from "./random.ts";

export class SystemRandom implements RandomSource {
  bytes(length: number): Uint8Array {
    return randomFillSync(new Uint8Array(length));
  }
}

/** One source serves every stream: the system's bytes are independent whoever draws them. */
export function systemStreams(random: RandomSource = new SystemRandom()): RandomStreams {
  return {
    timing: random,
    kinds: random,
    polling: random,
    paths: random,
    delays: random,
    padding: random,
    keys: random,
    reliability: random,
  };
}
