/** The operating system's randomness where there is no Node: built in composition roots only. */

import type { RandomSource } from "./random.ts";

export class WebRandom implements RandomSource {
  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    // The Web Cryptography API gives at most this much at a time.
    for (let at = 0; at < length; at += CHUNK_BYTES) crypto.getRandomValues(bytes.subarray(at, at + CHUNK_BYTES));
    return bytes;
  }
}

const CHUNK_BYTES = 65_536;
