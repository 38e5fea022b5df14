/** The suite in pure JavaScript, by @noble: runs wherever JavaScript runs. Spec: docs/spec/00-conventions.md */

import { chacha20, chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { x25519 as curve } from "@noble/curves/ed25519.js";
import { blake2b } from "@noble/hashes/blake2.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { sha3_256, shake256 } from "@noble/hashes/sha3.js";
import type { SuiteName } from "../core/parameters.ts";
import { hybridSignatures } from "./hybrid-signature.ts";
import { portableEd25519 } from "./portable-ed25519.ts";
import { portableMlDsa65 } from "./portable-ml-dsa.ts";
import { portableMlKem768 } from "./portable-ml-kem.ts";
import type { Primitives, Suite } from "./suite.ts";
import { type X25519, x25519Kem } from "./x25519-kem.ts";
import { xWing } from "./x-wing.ts";

export function portableSuite(name: SuiteName): Suite {
  const sealKem = xWing({
    mlKem: portableMlKem768,
    x25519,
    shake256: (seed, length) => shake256(seed, { dkLen: length }),
    sha3: sha3_256,
  });
  return { ...primitives, name, kem: name === "xwing" ? sealKem : x25519Kem(x25519), sealKem };
}

const HASH_BYTES = 32;
const ZERO_NONCE = new Uint8Array(12);

const x25519: X25519 = {
  publicKey: (scalar) => curve.getPublicKey(scalar),
  product(scalar, point) {
    try {
      return curve.getSharedSecret(scalar, point);
    } catch {
      return undefined; // noble refuses the all-zero product.
    }
  },
};

const basics: Omit<Primitives, "hybrid"> = {
  implementation: "portable",
  blake2b(message, key) {
    if (key === undefined) return blake2b(message, { dkLen: HASH_BYTES });
    if (key.length < 16) throw new RangeError("a BLAKE2b key has 16 to 64 bytes"); // As libsodium has it.
    return blake2b(message, { dkLen: HASH_BYTES, key });
  },
  sha256,
  hkdf: ({ secret, salt, info, length }) => hkdf(sha512, secret, salt, info, length),
  chacha20InPlace(key, bytes) {
    chacha20(key, ZERO_NONCE, bytes, bytes);
  },
  aeadSeal: ({ key, nonce, plaintext, associated }) => chacha20poly1305(key, nonce, associated).encrypt(plaintext),
  aeadOpen({ key, nonce, ciphertext, associated }) {
    const cipher = chacha20poly1305(key, nonce, associated);
    try {
      return cipher.decrypt(ciphertext);
    } catch {
      return undefined;
    }
  },
  ed25519: portableEd25519,
};

const primitives: Primitives = { ...basics, hybrid: hybridSignatures({ ...basics, mlDsa: portableMlDsa65 }) };
