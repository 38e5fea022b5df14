/**
 * Seals one fragment to the reader's mailbox key, so that the destination provider keeps equal-sized opaque bytes.
 * Spec: docs/spec/02-fragment.md §2
 */

import { concat, utf8 } from "../core/bytes.ts";
import type { RandomSource } from "../core/random.ts";
import { withSecret } from "../core/secret.ts";
import type { Decapsulator, Suite } from "../crypto/suite.ts";
import type { Geometry } from "../sphinx/geometry.ts";

/**
 * ciphertext 1,120 ‖ encrypted plaintext ‖ tag 16, `geometry.sealedBytes`, and random bytes: exactly `geometry.payloadBytes`.
 * `plaintext` has exactly `geometry.fragmentBytes`. Throws MALFORMED when the mailbox key is none.
 */
export function seal(options: {
  suite: Suite;
  geometry: Geometry;
  mailboxKey: Uint8Array;
  plaintext: Uint8Array;
  random: RandomSource;
}): Uint8Array {
  const { suite, geometry, mailboxKey, plaintext, random } = options;
  if (plaintext.length !== geometry.fragmentBytes) throw new RangeError("a fragment has exactly one size");
  const { ciphertext, sharedSecret } = suite.sealKem.encapsulate(mailboxKey, random);
  const body = withSealKey(suite, { sharedSecret, ciphertext, mailboxKey }, (key, nonce) =>
    suite.aeadSeal({ key, nonce, plaintext, associated: ciphertext }),
  );
  return concat(ciphertext, body, random.bytes(geometry.payloadBytes - geometry.sealedBytes));
}

/** Of a whole payload, or of its first `geometry.sealedBytes`, which is all that a box keeps: the plaintext, or undefined when it was sealed to another key or was changed on the way. */
export function openSeal(options: {
  suite: Suite;
  geometry: Geometry;
  mailboxKey: Decapsulator;
  sealed: Uint8Array;
}): Uint8Array | undefined {
  const { suite, geometry, mailboxKey } = options;
  const { sealedBytes, payloadBytes } = geometry;
  if (options.sealed.length !== payloadBytes && options.sealed.length !== sealedBytes) return undefined;
  const sealed = options.sealed.subarray(0, sealedBytes);
  const ciphertext = sealed.subarray(0, suite.sealKem.ciphertextBytes);
  const sharedSecret = mailboxKey.decapsulate(ciphertext);
  if (sharedSecret === undefined) return undefined;
  return withSealKey(suite, { sharedSecret, ciphertext, mailboxKey: mailboxKey.publicKey }, (key, nonce) =>
    suite.aeadOpen({ key, nonce, ciphertext: sealed.subarray(ciphertext.length), associated: ciphertext }),
  );
}

/** By which a sender asks whether a sealed fragment lies in a mailbox: 16 bytes (docs/spec/07-mailbox.md). */
export function fragmentHash(suite: Suite, sealed: Uint8Array): Uint8Array {
  return suite.blake2b(sealed, HASH_LABEL).slice(0, FRAGMENT_HASH_BYTES);
}

export const FRAGMENT_HASH_BYTES = 16;

const SEAL_LABEL = utf8("starling/seal/v1");
const HASH_LABEL = utf8("starling/have/v1");
const KEY_BYTES = 32;
const NONCE_BYTES = 12;

/** One encapsulation gives one key and one nonce for one seal. Wipes the shared secret and both. */
function withSealKey<T>(
  suite: Suite,
  from: { sharedSecret: Uint8Array; ciphertext: Uint8Array; mailboxKey: Uint8Array },
  use: (key: Uint8Array, nonce: Uint8Array) => T extends Promise<unknown> ? never : T,
): T {
  // X-Wing's secret covers its X25519 half and its key; the hashes bind the ML-KEM half too.
  const info = concat(SEAL_LABEL, suite.blake2b(from.ciphertext), suite.blake2b(from.mailboxKey));
  const derived = withSecret(from.sharedSecret, (secret) =>
    suite.hkdf({ secret, salt: new Uint8Array(0), info, length: KEY_BYTES + NONCE_BYTES }),
  );
  return withSecret<T>(derived, (bytes) => use(bytes.subarray(0, KEY_BYTES), bytes.subarray(KEY_BYTES)));
}
