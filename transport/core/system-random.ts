/** The operating system's randomness: built in composition roots only. */

import { randomFillSync } from "node:crypto";
import type { RandomSource } from "./random.ts";
import { secretBytes } from "./secret.ts";

export class SystemRandom implements RandomSource {
  bytes(length: number): Uint8Array {
    return randomFillSync(secretBytes(length));
  }
}
