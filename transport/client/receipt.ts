/**
 * What tells a sender that its messages were read: their ids, each with a proof that the whole message was, behind the place
 * where their reader wants to be written to.
 * Spec: docs/spec/01-message.md §4
 */

import { PLACE_BYTES, type Place, placed, unplaced } from "../box/place.ts";
import { concat, Reader, utf8, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import { MESSAGE_ID_BYTES, type MessageId, messageId } from "../core/units.ts";
import type { Primitives } from "../crypto/suite.ts";
import { DIGEST_BYTES, fragmentDataBytes } from "../fragment/fragment.ts";
import { messageDigest } from "../fragment/split.ts";
import type { Geometry } from "../sphinx/geometry.ts";
import { RECEIPTS_PER_PACKET_MAX } from "./limits.ts";

export interface ReceiptEntry {
  readonly id: MessageId;
  /** 32 bytes. */
  readonly proof: Uint8Array;
}

export interface Receipt {
  /** Where its maker wants to be written to; undefined changes nothing. */
  readonly place: Place | undefined;
  readonly entries: readonly ReceiptEntry[];
}

/** place 72 ‖ count u16 ‖ (message id 16 ‖ proof 32) each. */
export function encodeReceipt({ place, entries }: Receipt): Uint8Array {
  const writer = new Writer().u16(entries.length);
  for (const { id, proof } of entries) writer.raw(id).raw(proof);
  return placed(place, writer.finish());
}

/** Throws MALFORMED. */
export function decodeReceipt(bytes: Uint8Array): Receipt {
  const { place, body } = unplaced(bytes);
  const reader = new Reader(body);
  const count = reader.u16();
  if (count === 0 || count > RECEIPTS_PER_PACKET_MAX) throw new TransportError("MALFORMED");
  const entries = Array.from({ length: count }, () => ({
    id: messageId(reader.take(MESSAGE_ID_BYTES)),
    proof: reader.take(PROOF_BYTES),
  }));
  reader.end();
  return { place, entries };
}

/** How many receipts fit one fragment of this network. */
export function receiptsPerPacket(geometry: Geometry): number {
  const room = fragmentDataBytes(geometry) - DIGEST_BYTES - PLACE_BYTES - 2;
  return Math.min(RECEIPTS_PER_PACKET_MAX, Math.floor(room / (MESSAGE_ID_BYTES + PROOF_BYTES)));
}

/**
 * BLAKE2b-256 over label, message id and the message's digest: only who has the whole message can compute it. `body` is what is cut
 * into fragments, place and all.
 */
export function receiptProof(suite: Primitives, message: { id: MessageId; body: Uint8Array }): Uint8Array {
  const digest = messageDigest(suite, { kind: "message", messageId: message.id, body: message.body });
  return proofOfDigest(suite, { id: message.id, digest });
}

export function proofOfDigest(suite: Primitives, message: { id: MessageId; digest: Uint8Array }): Uint8Array {
  return suite.blake2b(concat(LABEL, message.id, message.digest));
}

export const PROOF_BYTES = 32;
const LABEL = utf8("starling/receipt/v1");
