/** Cuts a message into equal fragments, their number padded to a step. Spec: docs/spec/02-fragment.md §4 */

import { concat, utf8, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import type { MessageId } from "../core/units.ts";
import type { Primitives } from "../crypto/suite.ts";
import type { Geometry } from "../sphinx/geometry.ts";
import { DIGEST_BYTES, type Fragment, type FragmentKind, fragmentDataBytes, KIND_CODES } from "./fragment.ts";
import { FRAGMENTS_MAX } from "./limits.ts";

/**
 * All fragments of a message, in order. Their `data` are views into `body` (the first one's is a copy), so a large
 * message is not held twice. Throws MESSAGE_TOO_LARGE.
 */
export function split(options: {
  suite: Primitives;
  geometry: Geometry;
  step: number;
  kind: FragmentKind;
  messageId: MessageId;
  body: Uint8Array;
}): Fragment[] {
  const { suite, geometry, step, kind, messageId, body } = options;
  const capacity = fragmentDataBytes(geometry);
  const messageBytes = body.length;
  const { total } = fragmentCount({ geometry, step, messageBytes });
  const digest = messageDigest(suite, { kind, messageId, body });
  const head = concat(digest, body.subarray(0, capacity - DIGEST_BYTES));
  return Array.from({ length: total }, (_, index) => {
    const start = index * capacity - DIGEST_BYTES;
    const data = index === 0 ? head : body.subarray(start, start + capacity);
    return { kind, messageId, index, total, messageBytes, data };
  });
}

/**
 * `needed` fragments hold digest and body, `total` are sent: the same number up to one step, past it the next multiple of
 * the step. Throws MESSAGE_TOO_LARGE.
 */
export function fragmentCount(options: { geometry: Geometry; step: number; messageBytes: number }): {
  needed: number;
  total: number;
} {
  const { geometry, step, messageBytes } = options;
  const needed = Math.ceil((DIGEST_BYTES + messageBytes) / fragmentDataBytes(geometry));
  const total = needed <= step ? needed : Math.ceil(needed / step) * step;
  if (total > FRAGMENTS_MAX) throw new TransportError("MESSAGE_TOO_LARGE");
  return { needed, total };
}

/** BLAKE2b-256 over label, kind, message id and body: fragments of two messages cannot be mixed into a third. */
export function messageDigest(
  suite: Primitives,
  message: { kind: FragmentKind; messageId: MessageId; body: Uint8Array },
): Uint8Array {
  const key = suite.blake2b(new Writer().raw(LABEL).u8(KIND_CODES[message.kind]).raw(message.messageId).finish());
  return suite.blake2b(message.body, key); // Keyed, so that a body of 25 MiB need not be copied behind its label.
}

const LABEL = utf8("starling/message/v1");
