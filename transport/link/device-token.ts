/** What a new device shows its provider, and what the provider keeps of it until then. Spec: docs/spec/07-mailbox.md §2.4 */

import { concat, utf8 } from "../core/bytes.ts";
import type { Primitives } from "../crypto/suite.ts";

/** From the code that somebody carries from one device to the other, 16 bytes: a token of 32. */
export function deviceToken(primitives: Primitives, code: Uint8Array): Uint8Array {
  return primitives.blake2b(concat(utf8("starling/device-token/v1"), code));
}

/** Who copies the provider's database cannot join with what is in it. */
export function deviceTokenHash(primitives: Primitives, token: Uint8Array): Uint8Array {
  return primitives.blake2b(concat(utf8("starling/device-token-hash/v1"), token));
}
