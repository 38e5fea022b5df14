/**
 * Randomness for tests: the ChaCha20 keystream of a seed string, the same on every machine. Streams of different names are
 * independent: drawing from one never shifts another.
 */

import { chacha20 } from "@noble/ciphers/chacha.js";
import { blake2b } from "@noble/hashes/blake2.js";
import { utf8 } from "#transport/core/bytes.ts";
import type { RandomSource, RandomStreams } from "#transport/core/random.ts";

const BLOCK_BYTES = 4096;

export class SeededRandom implements RandomSource {
  readonly #key: Uint8Array;
  #block: Uint8Array = new Uint8Array(0);
  #offset = 0;
  #blocks = 0;

  constructor(seed: string) {
    this.#key = blake2b(utf8(seed), { dkLen: 32 });
  }

  bytes(length: number): Uint8Array {
    const result = new Uint8Array(length);
    for (let filled = 0; filled < length; ) {
      if (this.#offset === this.#block.length) this.#refill();
      const part = this.#block.subarray(this.#offset, this.#offset + length - filled);
      result.set(part, filled);
      filled += part.length;
      this.#offset += part.length;
    }
    return result;
  }

  #refill(): void {
    const nonce = new Uint8Array(12);
    new DataView(nonce.buffer).setBigUint64(4, BigInt(this.#blocks++));
    this.#block = chacha20(this.#key, nonce, new Uint8Array(BLOCK_BYTES));
    this.#offset = 0;
  }
}

/** One stream for each purpose of a client, all from one seed. */
export function seededStreams(seed: string): RandomStreams {
  const stream = (name: string): RandomSource => new SeededRandom(`${seed}/${name}`);
  return {
    timing: stream("timing"),
    kinds: stream("kinds"),
    polling: stream("polling"),
    paths: stream("paths"),
    delays: stream("delays"),
    padding: stream("padding"),
    keys: stream("keys"),
    reliability: stream("reliability"),
    guards: stream("guards"),
    boxes: stream("boxes"),
    boxLoops: stream("boxLoops"),
  };
}
