/**
 * HKDF-SHA-512 (RFC 5869) over libsodium's SHA-512: half the time of node:crypto's hkdfSync, whose set-up dominates for
 * the hundred bytes that a hop derives (docs/benchmarks.md).
 */

import { wipe } from "../core/secret.ts";
import { sodium } from "./sodium.ts";

const BLOCK_BYTES = 128;
const HASH_BYTES = 64;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/** Wiped after each use. */
const INNER = new Uint8Array(512);
const OUTER = new Uint8Array(BLOCK_BYTES + HASH_BYTES);

export function nativeHkdf(options: {
  secret: Uint8Array;
  salt: Uint8Array;
  info: Uint8Array;
  length: number;
}): Uint8Array {
  const { secret, salt, info, length } = options;
  if (length > 255 * HASH_BYTES) throw new RangeError("HKDF yields at most 255 hashes");

  const pseudorandomKey = new Uint8Array(HASH_BYTES);
  const extract = new Hmac(salt, secret.length);
  extract.message.set(secret);
  extract.finish(secret.length, pseudorandomKey);
  extract.destroy();

  const output = new Uint8Array(Math.ceil(length / HASH_BYTES) * HASH_BYTES);
  const expand = new Hmac(pseudorandomKey, HASH_BYTES + info.length + 1);
  wipe(pseudorandomKey);
  for (let counter = 1; (counter - 1) * HASH_BYTES < length; counter++) {
    const start = (counter - 1) * HASH_BYTES;
    const previous = counter === 1 ? 0 : HASH_BYTES;
    expand.message.set(output.subarray(start - previous, start));
    expand.message.set(info, previous);
    expand.message[previous + info.length] = counter;
    expand.finish(previous + info.length + 1, output.subarray(start, start + HASH_BYTES));
  }
  expand.destroy();
  if (output.length === length) return output;
  const result = output.slice(0, length);
  wipe(output);
  return result;
}

/**
 * HMAC-SHA-512 (RFC 2104) with its padded keys laid out once: `message` is filled in place, `finish` hashes it. One lives at a
 * time, so that short messages, as a hop has them, need no memory of their own.
 */
class Hmac {
  readonly message: Uint8Array;
  readonly #inner: Uint8Array;
  readonly #outer = OUTER;

  constructor(key: Uint8Array, messageBytesMax: number) {
    const length = BLOCK_BYTES + messageBytesMax;
    const inner = length <= INNER.length ? INNER : new Uint8Array(length);
    const outer = this.#outer;
    const short = key.length > BLOCK_BYTES ? new Uint8Array(HASH_BYTES) : key;
    if (short !== key) sodium.crypto_hash_sha512(short, key);
    inner.fill(INNER_PAD, 0, BLOCK_BYTES);
    outer.fill(OUTER_PAD, 0, BLOCK_BYTES);
    for (let i = 0; i < short.length; i++) {
      inner[i] = (short[i] as number) ^ INNER_PAD;
      outer[i] = (short[i] as number) ^ OUTER_PAD;
    }
    this.#inner = inner;
    this.message = inner.subarray(BLOCK_BYTES, length);
  }

  finish(messageBytes: number, output: Uint8Array): void {
    sodium.crypto_hash_sha512(this.#outer.subarray(BLOCK_BYTES), this.#inner.subarray(0, BLOCK_BYTES + messageBytes));
    sodium.crypto_hash_sha512(output, this.#outer);
  }

  destroy(): void {
    wipe(this.#inner);
    wipe(this.#outer);
  }
}
