/** What a box is called by whom: its secret reads, its id is written to. Spec: docs/spec/17-boxes.md §1 */

import { concat, utf8 } from "../core/bytes.ts";
import { type MailboxId, mailboxId } from "../core/units.ts";
import type { Primitives } from "../crypto/suite.ts";

export const BOX_SECRET_BYTES = 32;
export const READER_ID_BYTES = 32;

/** 32 bytes, where others write to; says nothing of the secret. */
export function boxIdOf(primitives: Primitives, secret: Uint8Array): MailboxId {
  return mailboxId(primitives.blake2b(concat(BOX_LABEL, exactly(secret, BOX_SECRET_BYTES))));
}

/** 32 bytes, one for each device: two boxes of an account show by it neither each other nor the device's key. */
export function readerIdOf(primitives: Primitives, secret: Uint8Array, deviceKey: Uint8Array): Uint8Array {
  return primitives.blake2b(concat(READER_LABEL, exactly(secret, BOX_SECRET_BYTES), exactly(deviceKey, 32)));
}

function exactly(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) throw new RangeError(`expected ${length} bytes, got ${bytes.length}`);
  return bytes;
}

const BOX_LABEL = utf8("starling/box/v1");
const READER_LABEL = utf8("starling/box-reader/v1");
