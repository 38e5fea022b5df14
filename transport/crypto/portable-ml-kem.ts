/** ML-KEM-768 (FIPS 203) by @noble/post-quantum: for every runtime, and for native where node:crypto has none. */

import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { TransportError } from "../core/errors.ts";
import type { MlKem768 } from "./x-wing.ts";

export const portableMlKem768: MlKem768 = {
  open(seed) {
    const { publicKey, secretKey } = ml_kem768.keygen(seed);
    // Expands the public matrix once; it holds nothing secret.
    const prepared = ml_kem768.prepare(publicKey);
    return { publicKey, decapsulate: (ciphertext) => prepared.decapsulate(ciphertext, secretKey) };
  },

  encapsulate(publicKey, message) {
    try {
      const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, message);
      return { ciphertext: cipherText, sharedSecret };
    } catch {
      throw new TransportError("MALFORMED"); // The modulus check of FIPS 203 §7.2.
    }
  },
};
