/** The suite by libsodium and node:crypto: what nodes and desktops run. Spec: docs/spec/00-conventions.md */

import { hash } from "node:crypto";
import { shake256 } from "@noble/hashes/sha3.js";
import type { SuiteName } from "../core/parameters.ts";
import { withSecret } from "../core/secret.ts";
import { hybridSignatures } from "./hybrid-signature.ts";
import { nativeHkdf } from "./native-hkdf.ts";
import { nativeMlDsa65 } from "./native-ml-dsa.ts";
import { nativeMlKem768 } from "./native-ml-kem.ts";
import { portableMlDsa65 } from "./portable-ml-dsa.ts";
import { portableMlKem768 } from "./portable-ml-kem.ts";
import { sodium } from "./sodium.ts";
import type { Primitives, Suite } from "./suite.ts";
import { type X25519, x25519Kem } from "./x25519-kem.ts";
import { xWing } from "./x-wing.ts";

export function nativeSuite(name: SuiteName): Suite {
  const sealKem = xWing({
    mlKem: nativeMlKem768() ?? portableMlKem768,
    x25519,
    shake256: (seed, length) => shake256(seed, { dkLen: length }), // Once for each key, so its speed does not matter.
    sha3(message) {
      const digest = hash("sha3-256", message, "buffer");
      return new Uint8Array(digest.buffer, digest.byteOffset, digest.length);
    },
  });
  return { ...primitives, name, kem: name === "xwing" ? sealKem : x25519Kem(x25519), sealKem };
}

const HASH_BYTES = 32;
const TAG_BYTES = 16;
const ZERO_NONCE = new Uint8Array(12);

const x25519: X25519 = {
  publicKey(scalar) {
    const point = new Uint8Array(32);
    sodium.crypto_scalarmult_base(point, scalar);
    return point;
  },
  product(scalar, point) {
    const product = new Uint8Array(32);
    try {
      sodium.crypto_scalarmult(product, scalar, point);
    } catch {
      return undefined; // libsodium refuses the all-zero product.
    }
    return product;
  },
};

const basics: Omit<Primitives, "hybrid"> = {
  implementation: "native",
  blake2b(message, key) {
    const digest = new Uint8Array(HASH_BYTES);
    if (key === undefined) sodium.crypto_generichash(digest, message);
    else sodium.crypto_generichash(digest, message, key);
    return digest;
  },
  sha256(message) {
    const digest = hash("sha256", message, "buffer"); // OpenSSL's uses the processor's SHA instructions, libsodium's none.
    return new Uint8Array(digest.buffer, digest.byteOffset, digest.length);
  },
  hkdf: nativeHkdf,
  chacha20InPlace(key, bytes) {
    sodium.crypto_stream_chacha20_ietf_xor(bytes, bytes, ZERO_NONCE, key);
  },
  aeadSeal({ key, nonce, plaintext, associated }) {
    const ciphertext = new Uint8Array(plaintext.length + TAG_BYTES);
    sodium.crypto_aead_chacha20poly1305_ietf_encrypt(ciphertext, plaintext, associated, null, nonce, key);
    return ciphertext;
  },
  aeadOpen({ key, nonce, ciphertext, associated }) {
    if (ciphertext.length < TAG_BYTES) return undefined;
    const plaintext = new Uint8Array(ciphertext.length - TAG_BYTES);
    try {
      sodium.crypto_aead_chacha20poly1305_ietf_decrypt(plaintext, null, ciphertext, associated, nonce, key);
    } catch {
      return undefined;
    }
    return plaintext;
  },
  ed25519: {
    publicKey(seed) {
      const publicKey = new Uint8Array(32);
      withSecret(new Uint8Array(64), (secretKey) => sodium.crypto_sign_seed_keypair(publicKey, secretKey, seed));
      return publicKey;
    },
    sign(message, seed) {
      const signature = new Uint8Array(64);
      withSecret(new Uint8Array(64), (secretKey) => {
        sodium.crypto_sign_seed_keypair(new Uint8Array(32), secretKey, seed);
        sodium.crypto_sign_detached(signature, message, secretKey);
      });
      return signature;
    },
    verify(signature, message, publicKey) {
      if (signature.length !== 64 || publicKey.length !== 32) return false;
      return sodium.crypto_sign_verify_detached(signature, message, publicKey);
    },
  },
};

const primitives: Primitives = {
  ...basics,
  hybrid: hybridSignatures({ ...basics, mlDsa: nativeMlDsa65() ?? portableMlDsa65 }),
};
