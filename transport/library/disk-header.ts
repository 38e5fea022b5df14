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

/** In version 1 an entry does not say which one stands before it. */
type Version = 1 | 2;

const MAGIC: Readonly<Record<Version, Uint8Array>> = {
  1: utf8("starling-records/1\n"),
  2: utf8("starling-records/2\n"),
};
const MAGIC_BYTES = MAGIC[2].length;
const SALT_BYTES = 32;
const CHECK_BYTES = 32;
export const HEADER_BYTES = MAGIC_BYTES + SALT_BYTES + CHECK_BYTES;
const NOTHING = new Uint8Array(0);

/** A fresh salt makes a fresh key for the file, so that numbers may begin at 0; the check tells a wrong key from damage. */
export function newHeader({ key, suite, random }: HeaderOptions): Uint8Array {
  const salt = random.bytes(SALT_BYTES);
  return concat(MAGIC[2], salt, derive({ key, suite, salt, version: 2 }).check);
}

export interface FileKey {
  readonly fileKey: Uint8Array;
  readonly version: Version;
}

/** Undefined for a file that is none of ours, or of another key. */
export function keyOf({ key, suite }: HeaderOptions, header: Uint8Array): FileKey | undefined {
  const reader = new Reader(header);
  const magic = reader.take(MAGIC_BYTES);
  const salt = reader.take(SALT_BYTES);
  const said = reader.take(CHECK_BYTES);
  const version = ([2, 1] as const).find((known) => equalBytes(magic, MAGIC[known]));
  if (version === undefined) return undefined;
  const { fileKey, check } = derive({ key, suite, salt, version });
  return equalBytes(said, check) ? { fileKey, version } : undefined;
}

function derive(o: { key: Uint8Array; suite: Primitives; salt: Uint8Array; version: Version }) {
  const { key, suite, salt, version } = o;
  const info = concat(utf8(`starling/records/v${version}`), salt);
  const both = suite.hkdf({ secret: key, salt: NOTHING, info, length: 32 + CHECK_BYTES });
  return { fileKey: both.slice(0, 32), check: both.slice(32) };
}
