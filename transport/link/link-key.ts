/**
 * A link key: the hash of an Ed25519 and an ML-DSA-65 public key of one seed. Whoever dials has these 32 bytes beforehand; a peer
 * shows the keys behind them and signs with both. Spec: docs/spec/05-link.md §2
 */

import { concat, equalBytes, utf8 } from "../core/bytes.ts";
import {
  ED25519_PUBLIC_KEY_BYTES,
  HYBRID_PUBLIC_KEY_BYTES,
  HYBRID_SIGNATURE_BYTES,
  ML_DSA_PUBLIC_KEY_BYTES,
} from "../crypto/hybrid-signature.ts";
import type { HybridSigner, Primitives } from "../crypto/suite.ts";

/** 32 bytes, from the 32-byte link seed. */
export const linkKeyOf = (suite: Primitives, seed: Uint8Array): Uint8Array =>
  hashOf(suite, suite.hybrid.publicKey(seed));

/** ML-DSA-65 half of the public key ‖ the signature of both halves: the Ed25519 key is known, or comes along. */
export const LINK_PROOF_BYTES = ML_DSA_PUBLIC_KEY_BYTES + HYBRID_SIGNATURE_BYTES;

/** `message`: what nobody else signs and no peer signed before, under a label of its own. */
export const makeLinkProof = (signer: HybridSigner, message: Uint8Array): Uint8Array =>
  concat(signer.publicKey.subarray(ED25519_PUBLIC_KEY_BYTES), signer.sign(message));

/** The link key that is proven, or undefined. `ed25519`: the peer's other half, 32 bytes. */
export function provenLinkKey(o: {
  suite: Primitives;
  ed25519: Uint8Array;
  proof: Uint8Array;
  message: Uint8Array;
  /** Another one is not worth the look at its signature. */
  expected?: Uint8Array;
}): Uint8Array | undefined {
  if (o.proof.length !== LINK_PROOF_BYTES || o.ed25519.length !== ED25519_PUBLIC_KEY_BYTES) return undefined;
  const publicKey = concat(o.ed25519, o.proof.subarray(0, ML_DSA_PUBLIC_KEY_BYTES));
  const key = hashOf(o.suite, publicKey);
  if (o.expected !== undefined && !equalBytes(key, o.expected)) return undefined;
  const signature = o.proof.subarray(ML_DSA_PUBLIC_KEY_BYTES);
  return o.suite.hybrid.verify(signature, o.message, publicKey) ? key : undefined;
}

function hashOf(suite: Primitives, publicKey: Uint8Array): Uint8Array {
  if (publicKey.length !== HYBRID_PUBLIC_KEY_BYTES) throw new RangeError("a link's public key is 1,984 bytes");
  return suite.blake2b(concat(LABEL, publicKey));
}

/** The zero byte ends the label. */
const LABEL = concat(utf8("starling/link-key/v1"), Uint8Array.of(0));
