/**
 * Where somebody wants to be written to besides the mailbox of the record: what every message and every receipt begins with.
 * Spec: docs/spec/17-boxes.md §4
 */

import { concat, Reader, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import {
  MAILBOX_ID_BYTES,
  type MailboxId,
  type Milliseconds,
  mailboxId,
  milliseconds,
  NODE_ID_BYTES,
  type NodeId,
  nodeId,
} from "../core/units.ts";

/** A box at a provider. */
export interface Place {
  readonly providerId: NodeId;
  readonly boxId: MailboxId;
  /** When the box stops taking entries. */
  readonly until: Milliseconds;
}

/** provider's node id 32 ‖ box id 32 ‖ until u64 */
export const PLACE_BYTES = NODE_ID_BYTES + MAILBOX_ID_BYTES + 8;

/** 72 bytes; undefined, for the mailbox of the record, is all zeros. */
export function encodePlace(place: Place | undefined): Uint8Array {
  if (place === undefined) return new Uint8Array(PLACE_BYTES);
  return new Writer().raw(place.providerId).raw(place.boxId).u64(place.until).finish();
}

/** Throws MALFORMED for another length, and for one that is zeros in a part. */
export function decodePlace(bytes: Uint8Array): Place | undefined {
  const reader = new Reader(bytes);
  const providerId = nodeId(reader.take(NODE_ID_BYTES));
  const boxId = mailboxId(reader.take(MAILBOX_ID_BYTES));
  const until = milliseconds(reader.u64());
  reader.end();
  const zeros = [isZero(providerId), isZero(boxId), until === 0];
  if (zeros.every(Boolean)) return undefined;
  if (zeros.some(Boolean)) throw new TransportError("MALFORMED");
  return { providerId, boxId, until };
}

/** What a message or a receipt is cut from: its body behind the place that it names. */
export const placed = (place: Place | undefined, body: Uint8Array): Uint8Array => concat(encodePlace(place), body);

/** The two again; the body is a view. Throws MALFORMED. */
export function unplaced(bytes: Uint8Array): { place: Place | undefined; body: Uint8Array } {
  return { place: decodePlace(bytes.subarray(0, PLACE_BYTES)), body: bytes.subarray(PLACE_BYTES) };
}

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);
