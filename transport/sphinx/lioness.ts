/**
 * LIONESS, a wide-block cipher (Anderson & Biham 1996) of ChaCha20 and SHA-256 with its key in front: change one bit of the
 * input and every bit of the output changes, so nobody can mark a payload and know it again. Spec: docs/spec/03-sphinx.md §5
 */

import { withSecret } from "../core/secret.ts";
import type { Primitives } from "../crypto/suite.ts";

/** In place; `block` is longer than 32 bytes, `key` 32. */
export function lionessEncrypt(primitives: Primitives, key: Uint8Array, block: Uint8Array): void {
  withRoundKeys(primitives, key, ([k1, k2, k3, k4]) => {
    streamRound(primitives, k1, block);
    hashRound(primitives, k2, block);
    streamRound(primitives, k3, block);
    hashRound(primitives, k4, block);
  });
}

/** The inverse of `lionessEncrypt`, in place. */
export function lionessDecrypt(primitives: Primitives, key: Uint8Array, block: Uint8Array): void {
  withRoundKeys(primitives, key, ([k1, k2, k3, k4]) => {
    hashRound(primitives, k4, block);
    streamRound(primitives, k3, block);
    hashRound(primitives, k2, block);
    streamRound(primitives, k1, block);
  });
}

const LEFT_BYTES = 32;
const KEY_BYTES = 32;
const ROUNDS = 4;

type RoundKeys = readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array];

/** The four round keys are the first 128 bytes of the key's ChaCha20 stream. */
function withRoundKeys(primitives: Primitives, key: Uint8Array, use: (keys: RoundKeys) => void): void {
  withSecret(new Uint8Array(ROUNDS * KEY_BYTES), (stream) => {
    primitives.chacha20InPlace(key, stream);
    use([stream.subarray(0, 32), stream.subarray(32, 64), stream.subarray(64, 96), stream.subarray(96, 128)]);
  });
}

/** R ← R ⊕ ChaCha20(L ⊕ k) */
function streamRound(primitives: Primitives, key: Uint8Array, block: Uint8Array): void {
  for (let i = 0; i < LEFT_BYTES; i++) key[i] = (key[i] as number) ^ (block[i] as number); // A round key is used once.
  primitives.chacha20InPlace(key, block.subarray(LEFT_BYTES));
}

/** L ← L ⊕ SHA-256(k ‖ R): the key lies where L was while the block is hashed, so that nothing is copied. */
function hashRound(primitives: Primitives, key: Uint8Array, block: Uint8Array): void {
  const left = block.slice(0, LEFT_BYTES);
  block.set(key);
  const digest = primitives.sha256(block);
  for (let i = 0; i < LEFT_BYTES; i++) block[i] = (left[i] as number) ^ (digest[i] as number);
}
