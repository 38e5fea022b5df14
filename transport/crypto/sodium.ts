/**
 * The functions of libsodium that we call, with the types that they really have: sodium-native works on any Uint8Array,
 * its published types ask for Node's Buffer.
 */

import native from "sodium-native";

interface Sodium {
  crypto_generichash(output: Uint8Array, input: Uint8Array, key?: Uint8Array): void;
  crypto_hash_sha512(output: Uint8Array, input: Uint8Array): void;
  crypto_stream_chacha20_ietf_xor(output: Uint8Array, input: Uint8Array, nonce: Uint8Array, key: Uint8Array): void;
  crypto_aead_chacha20poly1305_ietf_encrypt(
    ciphertext: Uint8Array,
    message: Uint8Array,
    associated: Uint8Array | null,
    secretNonce: null,
    nonce: Uint8Array,
    key: Uint8Array,
  ): number;
  /** Throws when the tag does not hold. */
  crypto_aead_chacha20poly1305_ietf_decrypt(
    message: Uint8Array,
    secretNonce: null,
    ciphertext: Uint8Array,
    associated: Uint8Array | null,
    nonce: Uint8Array,
    key: Uint8Array,
  ): number;
  crypto_scalarmult_base(output: Uint8Array, scalar: Uint8Array): void;
  /** Throws when the product is all zero. */
  crypto_scalarmult(output: Uint8Array, scalar: Uint8Array, point: Uint8Array): void;
  crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void;
  crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void;
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
}

export const sodium = native as unknown as Sodium;
