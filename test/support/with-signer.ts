/** For suites of tests that make signatures their own way: a signer that asks them. */

import type { HybridSignatures } from "#transport/crypto/suite.ts";

export const withSigner = (hybrid: Omit<HybridSignatures, "signer">): HybridSignatures => ({
  ...hybrid,
  signer: (seed) => ({ publicKey: hybrid.publicKey(seed), sign: (message) => hybrid.sign(message, seed) }),
});
