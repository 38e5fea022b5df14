/**
 * The primitives of one network, behind one interface. Two implementations pass the same vectors: `portable` (@noble, any
 * JavaScript runtime) and `native` (libsodium, and node:crypto's ML-KEM where the runtime has it).
 * Spec: docs/spec/00-conventions.md, docs/spec/03-sphinx.md
 */

import type { SuiteName } from "../core/parameters.ts";
import type { RandomSource } from "../core/random.ts";

export interface KemKeyPair {
  readonly publicKey: Uint8Array;
  /** xwing: the 32-byte seed; x25519: the 32-byte scalar. */
  readonly privateKey: Uint8Array;
}

/** A private key made ready once, so that the hot path does not expand it for every packet. */
export interface Decapsulator {
  readonly publicKey: Uint8Array;
  /** The shared secret, 32 bytes, or undefined when the ciphertext is no valid one (x25519: an all-zero product). */
  decapsulate(ciphertext: Uint8Array): Uint8Array | undefined;
  /** Wipes the private key; later calls throw. */
  destroy(): void;
}

export interface Kem {
  /** xwing: 1,216; x25519: 32. */
  readonly publicKeyBytes: number;
  /** xwing: 1,120; x25519: 32. */
  readonly ciphertextBytes: number;
  generate(random: RandomSource): KemKeyPair;
  open(privateKey: Uint8Array): Decapsulator;
  /** Throws MALFORMED for a public key that is none. */
  encapsulate(publicKey: Uint8Array, random: RandomSource): { ciphertext: Uint8Array; sharedSecret: Uint8Array };
}

/** What does not depend on the suite's KEM. Keys are 32 bytes, nonces 12, hashes 32. */
export interface Primitives {
  readonly implementation: "portable" | "native";
  /** BLAKE2b-256 (RFC 7693), keyed when a key is given: 16 to 64 bytes, the lengths that libsodium takes. */
  blake2b(message: Uint8Array, key?: Uint8Array): Uint8Array;
  /** SHA-256 (FIPS 180-4): for whole payloads, because processors have instructions for it (docs/decisions/0014). */
  sha256(message: Uint8Array): Uint8Array;
  /** HKDF-SHA-512 (RFC 5869). */
  hkdf(options: { secret: Uint8Array; salt: Uint8Array; info: Uint8Array; length: number }): Uint8Array;
  /** XORs the ChaCha20 keystream (RFC 8439, counter 0, zero nonce) into `bytes`, in place. */
  chacha20InPlace(key: Uint8Array, bytes: Uint8Array): void;
  /** ChaCha20-Poly1305 (RFC 8439): ciphertext followed by the 16-byte tag. */
  aeadSeal(options: { key: Uint8Array; nonce: Uint8Array; plaintext: Uint8Array; associated: Uint8Array }): Uint8Array;
  /** The plaintext, or undefined when the tag does not hold. */
  aeadOpen(options: {
    key: Uint8Array;
    nonce: Uint8Array;
    ciphertext: Uint8Array;
    associated: Uint8Array;
  }): Uint8Array | undefined;
  ed25519: {
    /** From a 32-byte seed (RFC 8032). */
    publicKey(seed: Uint8Array): Uint8Array;
    /** 64 bytes. */
    sign(message: Uint8Array, seed: Uint8Array): Uint8Array;
    verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
  };
  /** For what must not be forged later either: the network, its lists, its nodes. */
  readonly hybrid: HybridSignatures;
}

/** Ed25519 and ML-DSA-65 together (hybrid-signature.ts): a signature holds when both halves do. */
export interface HybridSignatures {
  /** For whoever signs often: opening a seed takes as long as signing. Keeps the seed. */
  signer(seed: Uint8Array): HybridSigner;
  /** 1,984 bytes, from a 32-byte seed whose Ed25519 key is the first half. */
  publicKey(seed: Uint8Array): Uint8Array;
  /** 3,373 bytes. */
  sign(message: Uint8Array, seed: Uint8Array): Uint8Array;
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
}

export interface HybridSigner {
  /** 1,984 bytes. */
  readonly publicKey: Uint8Array;
  /** 3,373 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

export interface Suite extends Primitives {
  readonly name: SuiteName;
  /** The KEM of the packet's hops. */
  readonly kem: Kem;
  /** X-Wing, whatever the suite: what lies in a mailbox must outlive quantum computers. */
  readonly sealKem: Kem;
}
