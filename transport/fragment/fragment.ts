/** One fragment as bytes: what a seal holds. Spec: docs/spec/02-fragment.md §3 */

import { Reader, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import type { RandomSource } from "../core/random.ts";
import { MESSAGE_ID_BYTES, type MessageId, messageId } from "../core/units.ts";
import type { Geometry } from "../sphinx/geometry.ts";
import { FRAGMENTS_MAX } from "./limits.ts";

export type FragmentKind = "message" | "receipt" | "loop" | "box";

export interface Fragment {
  readonly kind: FragmentKind;
  readonly messageId: MessageId;
  readonly index: number;
  /** How many fragments the message has, those that only pad it counted. */
  readonly total: number;
  /** Length of the message's body. */
  readonly messageBytes: number;
  /** This fragment's part of digest ‖ body; empty in a fragment that only pads. */
  readonly data: Uint8Array;
}

/** Exactly `geometry.fragmentBytes`; what `data` leaves free is random. */
export function encodeFragment(geometry: Geometry, fragment: Fragment, random: RandomSource): Uint8Array {
  const free = fragmentDataBytes(geometry) - fragment.data.length;
  return new Writer()
    .u8(KIND_CODES[fragment.kind])
    .raw(fragment.messageId)
    .u32(fragment.index)
    .u32(fragment.total)
    .u32(fragment.messageBytes)
    .raw(fragment.data)
    .raw(random.bytes(free))
    .finish();
}

/** Throws MALFORMED for anything that `encodeFragment` cannot have written. */
export function decodeFragment(geometry: Geometry, bytes: Uint8Array): Fragment {
  const reader = new Reader(bytes);
  const kind = KINDS.get(reader.u8());
  const id = messageId(reader.take(MESSAGE_ID_BYTES));
  const index = reader.u32();
  const total = reader.u32();
  const messageBytes = reader.u32();
  const capacity = fragmentDataBytes(geometry);
  const space = reader.view(capacity);
  reader.end();
  if (kind === undefined || index >= total || total > FRAGMENTS_MAX) throw new TransportError("MALFORMED");
  if (DIGEST_BYTES + messageBytes > total * capacity) throw new TransportError("MALFORMED");
  return {
    kind,
    messageId: id,
    index,
    total,
    messageBytes,
    data: space.slice(0, dataBytes(geometry, messageBytes, index)),
  };
}

/** Bytes of digest ‖ body that one fragment carries. */
export function fragmentDataBytes(geometry: Geometry): number {
  return geometry.fragmentBytes - FRAGMENT_HEADER_BYTES;
}

/** How much of digest ‖ body the fragment at `index` carries: all it can, the rest, or nothing. */
export function dataBytes(geometry: Geometry, messageBytes: number, index: number): number {
  const capacity = fragmentDataBytes(geometry);
  return Math.min(capacity, Math.max(0, DIGEST_BYTES + messageBytes - index * capacity));
}

/** kind u8 ‖ message id 16 ‖ index u32 ‖ total u32 ‖ messageBytes u32 */
export const FRAGMENT_HEADER_BYTES = 1 + MESSAGE_ID_BYTES + 4 + 4 + 4;
/** A message's digest comes first in the run of bytes that is cut into fragments. */
export const DIGEST_BYTES = 32;

export const KIND_CODES = { message: 1, receipt: 2, loop: 3, box: 4 } as const satisfies Record<FragmentKind, number>;

const KINDS = new Map(Object.entries(KIND_CODES).map(([name, code]) => [code as number, name as FragmentKind]));
