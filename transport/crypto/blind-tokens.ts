/**
 * The VOPRF of RFC 9497, ciphersuite ristretto255-SHA512, mode 0x01: who holds the secret key evaluates blinded elements
 * without learning what they are, and proves that it used the key that everybody knows. The only file that names the library's.
 * Spec: docs/spec/13-tokens.md §1
 */

import { ristretto255, ristretto255_oprf } from "@noble/curves/ed25519.js";
import { TransportError } from "../core/errors.ts";
import type { RandomSource } from "../core/random.ts";

/** Serialised elements of the group, scalars, and proofs (two scalars). */
export const ELEMENT_BYTES = 32;
export const SCALAR_BYTES = 32;
export const PROOF_BYTES = 64;
/** What an evaluation comes to: SHA-512. */
export const OUTPUT_BYTES = 64;

export interface VoprfKeys {
  /** A secret: 32 bytes. */
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

export interface Blinded {
  /** What the blinding is undone with, 32 bytes; a secret until then. */
  readonly blind: Uint8Array;
  readonly element: Uint8Array;
}

/** DeriveKeyPair of RFC 9497 §3.2.1 from a 32-byte seed. */
export function deriveVoprfKeys(seed: Uint8Array, info: Uint8Array): VoprfKeys {
  return voprf.deriveKeyPair(seed, info);
}

export function blindInput(input: Uint8Array, random: RandomSource): Blinded {
  const { blind, blinded } = voprf.blind(input, rng(random));
  return { blind, element: blinded };
}

/** Whether 32 bytes are an element of the group, and not the neutral one. Some 0.08 ms. */
export function isElement(bytes: Uint8Array): boolean {
  try {
    return !ristretto255.Point.fromBytes(bytes).is0();
  } catch {
    return false;
  }
}

/** One proof for all. Throws MALFORMED when an element is none, or the neutral one. */
export function evaluateBlinded(options: { keys: VoprfKeys; elements: readonly Uint8Array[]; random: RandomSource }): {
  evaluated: Uint8Array[];
  proof: Uint8Array;
} {
  const { keys, elements, random } = options;
  try {
    return voprf.blindEvaluateBatch(keys.secretKey, keys.publicKey, [...elements], rng(random));
  } catch {
    throw new TransportError("MALFORMED");
  }
}

/** The outputs, 64 bytes each; undefined when the proof is not one for this public key and these elements. */
export function finishBlinded(options: {
  publicKey: Uint8Array;
  proof: Uint8Array;
  items: readonly { input: Uint8Array; blinded: Blinded; evaluated: Uint8Array }[];
}): Uint8Array[] | undefined {
  const { publicKey, proof, items } = options;
  const list = items.map(({ input, blinded, evaluated }) => ({
    input,
    evaluated,
    blind: blinded.blind,
    blinded: blinded.element,
  }));
  try {
    return voprf.finalizeBatch(list, publicKey, proof);
  } catch {
    return undefined;
  }
}

/** What `finishBlinded` comes to for this input, computed with the secret key. */
export function evaluateInput(secretKey: Uint8Array, input: Uint8Array): Uint8Array {
  return voprf.evaluate(secretKey, input);
}

/** The library has Evaluate of RFC 9497 §3.3.2 in this mode too; its types leave it out. */
interface WithEvaluate {
  evaluate(secretKey: Uint8Array, input: Uint8Array): Uint8Array;
}

const voprf = ristretto255_oprf.voprf as typeof ristretto255_oprf.voprf & WithEvaluate;

const rng =
  (random: RandomSource) =>
  (length = 32): Uint8Array<ArrayBuffer> =>
    new Uint8Array(random.bytes(length));
