/**
 * Signatures and hashes of the directory and of what it leads to, each under its own label, so that bytes signed for one purpose mean nothing for
 * another. Spec: docs/spec/08-directory.md §1
 */

import { concat, utf8 } from "../core/bytes.ts";
import { HYBRID_PUBLIC_KEY_BYTES, HYBRID_SIGNATURE_BYTES } from "../crypto/hybrid-signature.ts";
import type { Primitives } from "../crypto/suite.ts";

export const LABELS = {
  network: "starling/network/v1",
  networkHash: "starling/network-hash/v1",
  descriptor: "starling/descriptor/v1",
  vote: "starling/vote/v1",
  voteHash: "starling/vote-hash/v1",
  endorsement: "starling/vote-endorsement/v1",
  consensus: "starling/consensus/v1",
  consensusHash: "starling/consensus-hash/v1",
  reveal: "starling/reveal/v1",
  commit: "starling/commit/v1",
  sharedRandom: "starling/shared-random/v1",
  layer: "starling/layer/v1",
  mailboxRecord: "starling/mailbox-record/v1",
  tokenRequest: "starling/token-request/v1",
} as const;

export type Label = (typeof LABELS)[keyof typeof LABELS];

export const HASH_BYTES = 32;
/** Ed25519 alone: accounts, and what providers ask each other. */
export const KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;
/** Ed25519 and ML-DSA-65: authorities and nodes, for whatever decides who is in the network. */
export const IDENTITY_KEY_BYTES = HYBRID_PUBLIC_KEY_BYTES;
export const IDENTITY_SIGNATURE_BYTES = HYBRID_SIGNATURE_BYTES;

/** Ed25519 and ML-DSA-65 over label ‖ 0x00 ‖ message. `seed`: the identity seed, 32 bytes. */
export function signAsIdentity(o: {
  suite: Primitives;
  label: Label;
  message: Uint8Array;
  seed: Uint8Array;
}): Uint8Array {
  return o.suite.hybrid.sign(labelled(o.label, o.message), o.seed);
}

export function verifyIdentity(o: {
  suite: Primitives;
  label: Label;
  message: Uint8Array;
  signature: Uint8Array;
  key: Uint8Array;
}): boolean {
  return o.suite.hybrid.verify(o.signature, labelled(o.label, o.message), o.key);
}

/** Ed25519 over label ‖ 0x00 ‖ message. */
export function signLabelled(o: {
  suite: Primitives;
  label: Label;
  message: Uint8Array;
  seed: Uint8Array;
}): Uint8Array {
  return o.suite.ed25519.sign(labelled(o.label, o.message), o.seed);
}

export function verifyLabelled(o: {
  suite: Primitives;
  label: Label;
  message: Uint8Array;
  signature: Uint8Array;
  key: Uint8Array;
}): boolean {
  return o.suite.ed25519.verify(o.signature, labelled(o.label, o.message), o.key);
}

/** BLAKE2b-256 over label ‖ 0x00 ‖ message. */
export function hashLabelled(suite: Primitives, label: Label, message: Uint8Array): Uint8Array {
  return suite.blake2b(labelled(label, message));
}

/** The zero byte ends the label: no label with its message can pass for a longer label. */
function labelled(label: Label, message: Uint8Array): Uint8Array {
  return concat(utf8(label), Uint8Array.of(0), message);
}
