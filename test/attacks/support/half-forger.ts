/** A suite whose owner has broken one of the two signature schemes and has to invent the other's half. */

import { seedOf } from "#test/support/test-network.ts";
import { withSigner } from "#test/support/with-signer.ts";
import { concat, utf8 } from "#transport/core/bytes.ts";
import type { Suite } from "#transport/crypto/suite.ts";

export type Scheme = "Ed25519" | "ML-DSA";
export type OtherHalf = keyof typeof WORDS;

export const WORDS = {
  earlier: "what the key's holder signed earlier",
  "another's": "their own signature over the same",
  zeros: "zeros",
  nothing: "nothing",
} as const;

const ED25519_BYTES = 64;

/**
 * Signs with one half of a key, and puts for the other what there is: that half of a real signature under the same key over something
 * else, of the forger's own signature over these very bytes, zeros, or nothing at all.
 */
export function forger(suite: Suite, knows: Scheme, other: OtherHalf): Suite {
  const own = (message: Uint8Array, seed: Uint8Array): Uint8Array => half(suite.hybrid.sign(message, seed), knows);
  const borrowed = (message: Uint8Array, seed: Uint8Array): Uint8Array => {
    const rest = knows === "Ed25519" ? "ML-DSA" : "Ed25519";
    if (other === "earlier") return half(suite.hybrid.sign(utf8("signed some time ago"), seed), rest);
    if (other === "another's") return half(suite.hybrid.sign(message, seedOf("forger")), rest);
    return new Uint8Array(other === "zeros" ? half(suite.hybrid.sign(message, seed), rest).length : 0);
  };
  const sign = (message: Uint8Array, seed: Uint8Array): Uint8Array => {
    const [mine, theirs] = [own(message, seed), borrowed(message, seed)];
    return knows === "Ed25519" ? concat(mine, theirs) : concat(theirs, mine);
  };
  return { ...suite, hybrid: withSigner({ ...suite.hybrid, sign }) };
}

const half = (signature: Uint8Array, which: Scheme): Uint8Array =>
  which === "Ed25519" ? signature.subarray(0, ED25519_BYTES) : signature.subarray(ED25519_BYTES);
