/** X25519 (RFC 7748) used as a key encapsulation: the ciphertext is an ephemeral public key. Spec: docs/spec/00-conventions.md §4 */

import { TransportError } from "../core/errors.ts";
import { secretBytes, withSecret, wipe } from "../core/secret.ts";
import type { Kem } from "./suite.ts";

export const X25519_BYTES = 32;

/** The curve, as an implementation offers it. */
export interface X25519 {
  /** The public key of a 32-byte scalar, which is clamped on use. */
  publicKey(scalar: Uint8Array): Uint8Array;
  /** The 32-byte product, or undefined when it is all zero: the point is of small order (RFC 7748 §6.1). */
  product(scalar: Uint8Array, point: Uint8Array): Uint8Array | undefined;
}

/**
 * The shared secret is the bare product: whoever uses it derives keys with an `info` that holds the ciphertext and the
 * holder's name, so nothing is gained by hashing both twice.
 */
export function x25519Kem(x25519: X25519): Kem {
  return {
    publicKeyBytes: X25519_BYTES,
    ciphertextBytes: X25519_BYTES,

    generate(random) {
      const privateKey = random.bytes(X25519_BYTES);
      return { publicKey: x25519.publicKey(privateKey), privateKey };
    },

    open(privateKey) {
      if (privateKey.length !== X25519_BYTES) throw new TransportError("MALFORMED");
      const scalar = secretBytes(X25519_BYTES);
      scalar.set(privateKey);
      const publicKey = x25519.publicKey(scalar);
      let destroyed = false;
      return {
        publicKey,
        decapsulate(ciphertext) {
          if (destroyed) throw new Error("this key was destroyed");
          return ciphertext.length === X25519_BYTES ? x25519.product(scalar, ciphertext) : undefined;
        },
        destroy() {
          destroyed = true;
          wipe(scalar);
        },
      };
    },

    encapsulate(publicKey, random) {
      if (publicKey.length !== X25519_BYTES) throw new TransportError("MALFORMED");
      return withSecret(random.bytes(X25519_BYTES), (ephemeral) => {
        const sharedSecret = x25519.product(ephemeral, publicKey);
        if (sharedSecret === undefined) throw new TransportError("MALFORMED");
        return { ciphertext: x25519.publicKey(ephemeral), sharedSecret };
      });
    },
  };
}
