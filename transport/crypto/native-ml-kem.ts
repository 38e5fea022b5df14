/** ML-KEM-768 (FIPS 203) by node:crypto, where the runtime has it (OpenSSL 3.5 and later). */

import { createPrivateKey, createPublicKey, decapsulate, encapsulate, type KeyObject } from "node:crypto";
import { equalBytes, toHex } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import { plain, viewOf } from "./node-buffers.ts";
import type { MlKem768 } from "./x-wing.ts";

const ALGORITHM = { asymmetricKeyType: "ml-kem-768" } as const;

/** Undefined where the runtime has no ML-KEM: Electron's BoringSSL, Node before 24.7. */
export function nativeMlKem768(): MlKem768 | undefined {
  try {
    mlKem.open(new Uint8Array(64)); // Any seed is a key; this only asks whether the runtime knows the algorithm.
    return mlKem;
  } catch {
    return undefined;
  }
}

const mlKem: MlKem768 = {
  open(seed) {
    // Imported once for each key, not for each packet; the private half stays in OpenSSL's memory.
    const key = createPrivateKey({ ...ALGORITHM, key: viewOf(seed), format: "raw-seed" });
    return {
      publicKey: plain(createPublicKey(key).export({ format: "raw-public" })),
      decapsulate: (ciphertext) => plain(decapsulate(key, ciphertext)),
    };
  },

  /** OpenSSL draws the randomness itself; `message` goes unused. */
  encapsulate(publicKey) {
    try {
      const { ciphertext, sharedKey } = encapsulate(imported(publicKey));
      return { ciphertext: plain(ciphertext), sharedSecret: plain(sharedKey) };
    } catch {
      throw new TransportError("MALFORMED");
    }
  },
};

/** Public keys that were used lately, in OpenSSL's form: importing one takes longer than encapsulating to it. */
const kept = new Map<string, { readonly bytes: Uint8Array; readonly key: KeyObject }>();

/** The keys of a path or two for each of the epochs in use; 64 of some 10 KB. */
const KEPT_MAX = 64;

function imported(publicKey: Uint8Array): KeyObject {
  const name = toHex(publicKey.subarray(0, 16));
  const known = kept.get(name);
  if (known !== undefined && equalBytes(known.bytes, publicKey)) return known.key;
  const key = createPublicKey({ ...ALGORITHM, key: Buffer.from(publicKey), format: "raw-public" });
  for (const oldest of kept.size < KEPT_MAX ? [] : [...kept.keys()].slice(0, 1)) kept.delete(oldest);
  kept.set(name, { bytes: new Uint8Array(publicKey), key });
  return key;
}
