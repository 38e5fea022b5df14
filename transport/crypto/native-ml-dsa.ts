/** ML-DSA-65 (FIPS 204) by node:crypto, where the runtime has it (OpenSSL 3.5 and later). */

import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import type { MlDsa65 } from "./hybrid-signature.ts";
import { plain, viewOf } from "./node-buffers.ts";

const ALGORITHM = { asymmetricKeyType: "ml-dsa-65" } as const;

/** Undefined where the runtime has no ML-DSA: Electron's BoringSSL, early releases of Node 24. */
export function nativeMlDsa65(): MlDsa65 | undefined {
  try {
    mlDsa.open(new Uint8Array(32)); // Any seed is a key; this only asks whether the runtime knows the algorithm.
    return mlDsa;
  } catch {
    return undefined;
  }
}

const mlDsa: MlDsa65 = {
  open(seed) {
    const key = createPrivateKey({ ...ALGORITHM, key: viewOf(seed), format: "raw-seed" });
    return {
      publicKey: plain(createPublicKey(key).export({ format: "raw-public" })),
      // Hedged: OpenSSL draws the randomness itself, which helps where a fault can be forced while it signs.
      sign: (message) => plain(sign(null, message, key)),
    };
  },

  verify(signature, message, publicKey) {
    const key = createPublicKey({ ...ALGORITHM, key: viewOf(publicKey), format: "raw-public" });
    return verify(null, message, key, signature);
  },
};
