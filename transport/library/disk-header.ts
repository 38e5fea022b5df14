/** How a store's file begins, and the key of what follows. Spec: docs/spec/09-storage.md §8 */

import { concat, equalBytes, Reader, utf8 } from "../core/bytes.ts";
import type { RandomSource } from "../core/random.ts";
import type { Primitives } from "../crypto/suite.ts";

export interface HeaderOptions {
  /** 32 bytes. A secret. */
  readonly key: Uint8Array;
  readonly suite: Primitives;
  readonly random: RandomSource;
}

const MAGIC = utf8("starling-records/1\n");
const SALT_BYTES = 32;
const CHECK_BYTES = 32;
export const HEADER_BYTES = MAGIC.length + SALT_BYTES + CHECK_BYTES;
const NOTHING = new Uint8Array(0);

/** A fresh salt makes a fresh key for the file, so that numbers may begin at 0; the check tells a wrong key from damage. */
export function newHeader({ key, suite, random }: HeaderOptions): Uint8Array {
  const salt = random.bytes(SALT_BYTES);
  return concat(MAGIC, salt, derive({ key, suite, salt }).check);
}

export function keyOf({ key, suite }: HeaderOptions, header: Uint8Array): Uint8Array | undefined {
  const reader = new Reader(header);
  const isOurs = equalBytes(reader.take(MAGIC.length), MAGIC);
  const { fileKey, check } = derive({ key, suite, salt: reader.take(SALT_BYTES) });
  return isOurs && equalBytes(reader.take(CHECK_BYTES), check) ? fileKey : undefined;
}

function derive({ key, suite, salt }: { key: Uint8Array; suite: Primitives; salt: Uint8Array }) {
  const info = concat(utf8("starling/records/v1"), salt);
  const both = suite.hkdf({ secret: key, salt: NOTHING, info, length: 32 + CHECK_BYTES });
  return { fileKey: both.slice(0, 32), check: both.slice(32) };
}
