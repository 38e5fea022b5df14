/**
 * What one provider asks another: to evaluate batches of blinded elements of its clients. It signs the request, since it
 * answers for them; the other counts what it signs for whom. Spec: docs/spec/13-tokens.md §5
 */

import { concat, Reader, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import { NODE_ID_BYTES, type NodeId, nodeId } from "../core/units.ts";
import { ELEMENT_BYTES, PROOF_BYTES } from "../crypto/blind-tokens.ts";
import type { Suite } from "../crypto/suite.ts";
import { LABELS, SIGNATURE_BYTES, signLabelled, verifyLabelled } from "../directory/labels.ts";
import type { Geometry } from "../sphinx/geometry.ts";
import { requestBytesMax } from "../sphinx/service-payload.ts";
import { TOKENS_PER_PROOF } from "./limits.ts";
import { type SignedBatch, takeBatch, takeElements, writeBatch } from "./order.ts";

/** The name under which providers ask each other. */
export const TOKENS_SERVICE = "tokens";

export interface SigningRequest {
  readonly period: number;
  /** Who asks, and answers for its clients. */
  readonly issuer: NodeId;
  /** Who is asked: the request is no other provider's. */
  readonly signer: NodeId;
  /** At most `batchesPerRequest`, of 1 to TOKENS_PER_PROOF elements each. */
  readonly batches: readonly (readonly Uint8Array[])[];
}

/** period u32 ‖ issuer 32 ‖ signer 32 ‖ number of batches u8 ‖ for each: number of elements u8 ‖ elements; then the signature 64. */
export function signSigningRequest(options: {
  request: SigningRequest;
  identitySeed: Uint8Array;
  suite: Suite;
}): Uint8Array {
  const { request, identitySeed, suite } = options;
  const writer = new Writer().u32(request.period).raw(request.issuer).raw(request.signer).u8(request.batches.length);
  for (const batch of request.batches) {
    writer.u8(batch.length);
    for (const element of batch) writer.raw(element);
  }
  const body = writer.finish();
  return concat(body, signLabelled({ suite, label: LABELS.tokenRequest, message: body, seed: identitySeed }));
}

/** Throws MALFORMED; REFUSED when the issuer did not sign it. `signingKey` gives the Ed25519 key of a provider in the list. */
export function readSigningRequest(options: {
  bytes: Uint8Array;
  suite: Suite;
  signingKey: (issuer: NodeId) => Uint8Array | undefined;
}): SigningRequest {
  const { bytes, suite, signingKey } = options;
  const reader = new Reader(bytes);
  const period = reader.u32();
  const issuer = nodeId(reader.take(NODE_ID_BYTES));
  const signer = nodeId(reader.take(NODE_ID_BYTES));
  const count = reader.u8();
  if (count === 0) throw new TransportError("MALFORMED");
  const batches = Array.from({ length: count }, () => {
    const size = reader.u8();
    if (size < 1 || size > TOKENS_PER_PROOF) throw new TransportError("MALFORMED");
    return takeElements(reader, size);
  });
  const signature = reader.take(SIGNATURE_BYTES);
  reader.end();
  const message = bytes.subarray(0, bytes.length - SIGNATURE_BYTES);
  const key = signingKey(issuer);
  if (key === undefined || !verifyLabelled({ suite, label: LABELS.tokenRequest, message, signature, key })) {
    throw new TransportError("REFUSED");
  }
  return { period, issuer, signer, batches };
}

/** The batches in the order of the request. */
export function encodeSignedBatches(batches: readonly SignedBatch[]): Uint8Array {
  const writer = new Writer();
  for (const batch of batches) writeBatch(writer, batch);
  return writer.finish();
}

/** `sizes`: how many elements each batch of the request had. Throws MALFORMED. */
export function decodeSignedBatches(bytes: Uint8Array, sizes: readonly number[]): SignedBatch[] {
  const reader = new Reader(bytes);
  const batches = sizes.map((size) => takeBatch(reader, size));
  reader.end();
  return batches;
}

/** How many batches a request, and its answer, have room for. */
export function batchesPerRequest(geometry: Geometry): number {
  const asked = 1 + TOKENS_PER_PROOF * ELEMENT_BYTES;
  const answered = TOKENS_PER_PROOF * ELEMENT_BYTES + PROOF_BYTES;
  const room = requestBytesMax(geometry, TOKENS_SERVICE) - 4 - 2 * NODE_ID_BYTES - 1 - SIGNATURE_BYTES;
  return Math.min(255, Math.floor(room / asked), Math.floor(geometry.replyBytes / answered));
}
