/**
 * X-Wing: ML-KEM-768 and X25519 in one key encapsulation, safe while either holds (draft-connolly-cfrg-xwing-kem).
 * The parts come from an implementation; the joining is here, once for both. Spec: docs/spec/00-conventions.md §4
 */

import { TransportError } from "../core/errors.ts";
import type { RandomSource } from "../core/random.ts";
import { withSecret, wipe } from "../core/secret.ts";
import type { Decapsulator, Kem } from "./suite.ts";
import { X25519_BYTES, type X25519 } from "./x25519-kem.ts";

export const ML_KEM_PUBLIC_KEY_BYTES = 1184;
export const ML_KEM_CIPHERTEXT_BYTES = 1088;
export const ML_KEM_SEED_BYTES = 64;
export const X_WING_SEED_BYTES = 32;
export const X_WING_PUBLIC_KEY_BYTES = ML_KEM_PUBLIC_KEY_BYTES + X25519_BYTES;
export const X_WING_CIPHERTEXT_BYTES = ML_KEM_CIPHERTEXT_BYTES + X25519_BYTES;

const SECRET_BYTES = 32;
/** `\.//^\`, which the draft puts last in the combiner's input. */
const LABEL = Uint8Array.of(0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c);

/** ML-KEM-768 (FIPS 203), as an implementation offers it. */
export interface MlKem768 {
  /** The key pair of the 64-byte seed d ‖ z, made ready for use. A decapsulation never fails (implicit rejection). */
  open(seed: Uint8Array): { publicKey: Uint8Array; decapsulate(ciphertext: Uint8Array): Uint8Array };
  /**
   * `message` is the 32-byte randomness m of FIPS 203; an implementation that cannot be given it draws its own.
   * Throws MALFORMED for a public key that fails FIPS 203's modulus check.
   */
  encapsulate(publicKey: Uint8Array, message: Uint8Array): { ciphertext: Uint8Array; sharedSecret: Uint8Array };
}

export interface XWingParts {
  readonly mlKem: MlKem768;
  readonly x25519: X25519;
  /** SHAKE256 of 32 bytes, 96 bytes long. */
  shake256(seed: Uint8Array, length: number): Uint8Array;
  sha3(message: Uint8Array): Uint8Array;
}

export function xWing(parts: XWingParts): Kem {
  const { mlKem, x25519 } = parts;
  return {
    publicKeyBytes: X_WING_PUBLIC_KEY_BYTES,
    ciphertextBytes: X_WING_CIPHERTEXT_BYTES,

    generate(random: RandomSource) {
      const privateKey = random.bytes(X_WING_SEED_BYTES);
      const opened = open(parts, privateKey);
      opened.destroy(); // What it was expanded to opens packets as well as the seed does.
      return { publicKey: opened.publicKey, privateKey };
    },

    open: (privateKey) => open(parts, privateKey),

    encapsulate(publicKey, random) {
      if (publicKey.length !== X_WING_PUBLIC_KEY_BYTES) throw new TransportError("MALFORMED");
      const point = publicKey.subarray(ML_KEM_PUBLIC_KEY_BYTES);
      return withSecret(random.bytes(SECRET_BYTES + X25519_BYTES), (seed) => {
        const ephemeral = seed.subarray(SECRET_BYTES);
        const product = x25519.product(ephemeral, point);
        if (product === undefined) throw new TransportError("MALFORMED");
        const share = x25519.publicKey(ephemeral);
        const inner = mlKem.encapsulate(publicKey.subarray(0, ML_KEM_PUBLIC_KEY_BYTES), seed.subarray(0, SECRET_BYTES));
        const ciphertext = new Uint8Array(X_WING_CIPHERTEXT_BYTES);
        ciphertext.set(inner.ciphertext);
        ciphertext.set(share, ML_KEM_CIPHERTEXT_BYTES);
        const combine = combiner(parts, point);
        return { ciphertext, sharedSecret: combine(inner.sharedSecret, product, share) };
      });
    },
  };
}

function open(parts: XWingParts, privateKey: Uint8Array): Decapsulator {
  if (privateKey.length !== X_WING_SEED_BYTES) throw new TransportError("MALFORMED");
  const expanded = parts.shake256(privateKey, ML_KEM_SEED_BYTES + X25519_BYTES);
  const scalar = expanded.subarray(ML_KEM_SEED_BYTES);
  const point = parts.x25519.publicKey(scalar);
  const combine = combiner(parts, point);
  let inner: ReturnType<MlKem768["open"]> | undefined = parts.mlKem.open(expanded.subarray(0, ML_KEM_SEED_BYTES));

  const publicKey = new Uint8Array(X_WING_PUBLIC_KEY_BYTES);
  publicKey.set(inner.publicKey);
  publicKey.set(point, ML_KEM_PUBLIC_KEY_BYTES);

  return {
    publicKey,
    decapsulate(ciphertext) {
      if (inner === undefined) throw new Error("this key was destroyed");
      if (ciphertext.length !== X_WING_CIPHERTEXT_BYTES) return undefined;
      const share = ciphertext.subarray(ML_KEM_CIPHERTEXT_BYTES);
      // Stricter than the draft: libsodium refuses points of small order, so the portable implementation does too.
      const product = parts.x25519.product(scalar, share);
      if (product === undefined) return undefined;
      return combine(inner.decapsulate(ciphertext.subarray(0, ML_KEM_CIPHERTEXT_BYTES)), product, share);
    },
    destroy() {
      inner = undefined;
      wipe(expanded);
    },
  };
}

/** SHA3-256(ssM ‖ ssX ‖ ctX ‖ pkX ‖ label); wipes both secrets. The buffer is laid out once for each public key. */
function combiner(parts: XWingParts, point: Uint8Array) {
  const input = new Uint8Array(2 * SECRET_BYTES + 2 * X25519_BYTES + LABEL.length);
  input.set(point, 2 * SECRET_BYTES + X25519_BYTES);
  input.set(LABEL, 2 * SECRET_BYTES + 2 * X25519_BYTES);
  const secrets = input.subarray(0, 2 * SECRET_BYTES);

  return (mlKemSecret: Uint8Array, product: Uint8Array, share: Uint8Array): Uint8Array => {
    input.set(mlKemSecret, 0);
    input.set(product, SECRET_BYTES);
    input.set(share, 2 * SECRET_BYTES);
    wipe(mlKemSecret);
    wipe(product);
    return withSecret(secrets, () => parts.sha3(input));
  };
}
