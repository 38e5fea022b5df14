/** What the store needs of libsodium beyond the network's suite: Argon2id, and an AEAD whose nonces may be random. */

import native from "sodium-native";

interface Sodium {
  crypto_generichash(output: Uint8Array, input: Uint8Array, key?: Uint8Array): void;
  crypto_pwhash_async(
    output: Uint8Array,
    password: Uint8Array,
    salt: Uint8Array,
    operations: number,
    memoryBytes: number,
    algorithm: number,
    done: (error: Error | null) => void,
  ): void;
  readonly crypto_pwhash_ALG_ARGON2ID13: number;
  crypto_aead_xchacha20poly1305_ietf_encrypt(
    ciphertext: Uint8Array,
    message: Uint8Array,
    associated: Uint8Array,
    secretNonce: null,
    nonce: Uint8Array,
    key: Uint8Array,
  ): number;
  /** Throws when the tag does not hold. */
  crypto_aead_xchacha20poly1305_ietf_decrypt(
    message: Uint8Array,
    secretNonce: null,
    ciphertext: Uint8Array,
    associated: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array,
  ): number;
  randombytes_buf(output: Uint8Array): void;
}

const sodium = native as unknown as Sodium;

export const NONCE_BYTES = 24;
export const TAG_BYTES = 16;

/** XChaCha20-Poly1305: 24 random bytes of nonce, ciphertext, tag. */
export function sealBytes(key: Uint8Array, plain: Uint8Array, associated: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(NONCE_BYTES + plain.length + TAG_BYTES);
  const nonce = sealed.subarray(0, NONCE_BYTES);
  sodium.randombytes_buf(nonce);
  sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.subarray(NONCE_BYTES), plain, associated, null, nonce, key);
  return sealed;
}

/** Undefined when the bytes were changed, or made with another key or for another place. */
export function openBytes(key: Uint8Array, sealed: Uint8Array, associated: Uint8Array): Uint8Array | undefined {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const plain = new Uint8Array(sealed.length - NONCE_BYTES - TAG_BYTES);
  const nonce = sealed.subarray(0, NONCE_BYTES);
  try {
    sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
      plain,
      null,
      sealed.subarray(NONCE_BYTES),
      associated,
      nonce,
      key,
    );
    return plain;
  } catch {
    return undefined;
  }
}

/** BLAKE2b-256, keyed when a key is given. */
export function blake2b(message: Uint8Array, key?: Uint8Array): Uint8Array {
  const hash = new Uint8Array(32);
  if (key === undefined) sodium.crypto_generichash(hash, message);
  else sodium.crypto_generichash(hash, message, key);
  return hash;
}

/** Argon2id (RFC 9106), 32 bytes, off the main thread. */
export function argon2id(o: {
  passphrase: Uint8Array;
  salt: Uint8Array;
  passes: number;
  memoryBytes: number;
}): Promise<Uint8Array> {
  const key = new Uint8Array(32);
  return new Promise((resolve, reject) => {
    const algorithm = sodium.crypto_pwhash_ALG_ARGON2ID13;
    sodium.crypto_pwhash_async(key, o.passphrase, o.salt, o.passes, o.memoryBytes, algorithm, (error) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
