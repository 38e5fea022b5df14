/**
 * Signatures that hold as long as one of two schemes does: Ed25519 (RFC 8032) and ML-DSA-65 (FIPS 204) over the same bytes, and
 * both must verify. Spec: docs/spec/00-conventions.md §5
 */

import { concat, utf8 } from "../core/bytes.ts";
import { withSecret } from "../core/secret.ts";
import type { HybridSignatures, HybridSigner, Primitives } from "./suite.ts";

export const ED25519_PUBLIC_KEY_BYTES = 32;
export const ED25519_SIGNATURE_BYTES = 64;
export const ML_DSA_PUBLIC_KEY_BYTES = 1952;
export const ML_DSA_SIGNATURE_BYTES = 3309;
export const ML_DSA_SEED_BYTES = 32;
export const HYBRID_SEED_BYTES = 32;
/** Ed25519 key ‖ ML-DSA-65 key. */
export const HYBRID_PUBLIC_KEY_BYTES = ED25519_PUBLIC_KEY_BYTES + ML_DSA_PUBLIC_KEY_BYTES;
/** Ed25519 signature ‖ ML-DSA-65 signature. */
export const HYBRID_SIGNATURE_BYTES = ED25519_SIGNATURE_BYTES + ML_DSA_SIGNATURE_BYTES;

/** ML-DSA-65 (FIPS 204), pure, with an empty context, as an implementation offers it. */
export interface MlDsa65 {
  /** The key pair of the 32-byte seed ξ. Signing draws its own randomness (hedged), or none at all (deterministic). */
  open(seed: Uint8Array): { publicKey: Uint8Array; sign(message: Uint8Array): Uint8Array };
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
}

export function hybridSignatures(
  parts: Pick<Primitives, "blake2b" | "ed25519" | "hkdf"> & { readonly mlDsa: MlDsa65 },
): HybridSignatures {
  const { ed25519, mlDsa } = parts;

  /** What both halves sign. It names both keys, so that a half is worth nothing beside another half, nor alone. */
  const bound = (publicKey: Uint8Array, message: Uint8Array): Uint8Array =>
    concat(DOMAIN, parts.blake2b(publicKey), message);

  /** Of one seed, like X-Wing's: whoever breaks the curve finds the scalar, a hash of the seed, and not the seed. */
  const open = (seed: Uint8Array): ReturnType<MlDsa65["open"]> => {
    const own = parts.hkdf({ secret: seed, salt: NO_SALT, info: ML_DSA_SEED_INFO, length: ML_DSA_SEED_BYTES });
    return withSecret(own, (mlDsaSeed) => mlDsa.open(mlDsaSeed));
  };

  const signer = (seed: Uint8Array): HybridSigner => {
    const lattice = open(seed);
    const publicKey = concat(ed25519.publicKey(seed), lattice.publicKey);
    return {
      publicKey,
      sign(message) {
        const text = bound(publicKey, message);
        return concat(ed25519.sign(text, seed), lattice.sign(text));
      },
    };
  };

  return {
    signer,
    publicKey: (seed) => signer(seed).publicKey,
    sign: (message, seed) => signer(seed).sign(message),

    verify(signature, message, publicKey) {
      if (signature.length !== HYBRID_SIGNATURE_BYTES || publicKey.length !== HYBRID_PUBLIC_KEY_BYTES) return false;
      const text = bound(publicKey, message);
      const [ownKey, latticeKey] = halves(publicKey, ED25519_PUBLIC_KEY_BYTES);
      const [own, lattice] = halves(signature, ED25519_SIGNATURE_BYTES);
      // The cheap half first: junk under another's key costs no more than it did. Under a key of one's own it costs both.
      return ed25519.verify(own, text, ownKey) && mlDsa.verify(lattice, text, latticeKey);
    },
  };
}

const NO_SALT = new Uint8Array(0);
const ML_DSA_SEED_INFO = utf8("starling/ml-dsa-65-seed/v1");
/** The zero byte ends it, as it ends a label: nothing that Ed25519 alone signs begins so. */
const DOMAIN = concat(utf8("starling/ed25519-ml-dsa-65/v1"), Uint8Array.of(0));

const halves = (bytes: Uint8Array, at: number): [Uint8Array, Uint8Array] => [bytes.subarray(0, at), bytes.subarray(at)];
