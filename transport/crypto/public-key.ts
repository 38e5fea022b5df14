/** Whether bytes that somebody published are a key at all. Spec: docs/spec/00-conventions.md §4 */

import { TransportError } from "../core/errors.ts";
import { wipe } from "../core/secret.ts";
import type { Kem } from "./suite.ts";

/** False for another length, a point of small order, or what fails FIPS 203's modulus check: nothing can be encapsulated to it. */
export function isPublicKey(kem: Kem, key: Uint8Array): boolean {
  try {
    wipe(kem.encapsulate(key, NO_SECRET).sharedSecret);
    return true;
  } catch (error) {
    if (error instanceof TransportError) return false;
    throw error;
  }
}

/** The secret is thrown away, so it need not be random. */
const NO_SECRET = { bytes: (length: number): Uint8Array => new Uint8Array(length) };
