/** ML-DSA-65 (FIPS 204) by @noble/post-quantum: for every runtime, and for native where node:crypto has none. */

import { ml_dsa65 } from "@noble/post-quantum/ml-dsa.js";
import type { MlDsa65 } from "./hybrid-signature.ts";

/** Signs deterministically (FIPS 204 §3.4), as Ed25519 does: no randomness that could be bad, and vectors can be made again. */
export const portableMlDsa65: MlDsa65 = {
  open(seed) {
    const { publicKey, secretKey } = ml_dsa65.keygen(seed);
    return { publicKey, sign: (message) => ml_dsa65.sign(message, secretKey, { extraEntropy: false }) };
  },

  verify: (signature, message, publicKey) => ml_dsa65.verify(signature, message, publicKey),
};
