/**
 * A suite whose hybrid signatures are real, but each is made and checked once: tests that play the same network hundreds of times
 * sign the same things with the same keys, and every authority checks what every other one has checked.
 */

import { withSigner } from "#test/support/with-signer.ts";
import { concat, toHex } from "#transport/core/bytes.ts";
import type { HybridSignatures, Suite } from "#transport/crypto/suite.ts";

export function rememberSignatures(suite: Suite): Suite {
  const hybrid = REMEMBERING.get(suite.hybrid) ?? remembering(suite);
  REMEMBERING.set(suite.hybrid, hybrid);
  return { ...suite, hybrid };
}

/** Files of one process share what they signed. */
const REMEMBERING = new WeakMap<HybridSignatures, HybridSignatures>();

function remembering(suite: Suite): HybridSignatures {
  const { hybrid } = suite;
  const nameOf = (...parts: readonly Uint8Array[]): string =>
    toHex(suite.sha256(concat(...parts.flatMap((part) => [lengthOf(part), part]))));
  const [keys, signatures, outcomes] = [remembered<Uint8Array>(), remembered<Uint8Array>(), remembered<boolean>()];
  return withSigner({
    publicKey: (seed) => keys(nameOf(seed), () => hybrid.publicKey(seed)),
    sign: (message, seed) => signatures(nameOf(message, seed), () => hybrid.sign(message, seed)),
    verify: (signature, message, publicKey) =>
      outcomes(nameOf(signature, message, publicKey), () => hybrid.verify(signature, message, publicKey)),
  });
}

const lengthOf = (part: Uint8Array): Uint8Array => new Uint8Array(Uint32Array.of(part.length).buffer);

/** A caller may overwrite what it was given. */
function remembered<T extends Uint8Array | boolean>(): (name: string, make: () => T) => T {
  const known = new Map<string, T>();
  return (name, make) => {
    const found = known.get(name) ?? make();
    known.set(name, found);
    return found instanceof Uint8Array ? (found.slice() as T) : found;
  };
}
