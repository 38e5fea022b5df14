/**
 * A keyed hash over the whole database file, written when it is closed and removed when it is opened: a byte that changed
 * while nobody was looking is noticed before the first page is read. After a crash there is none; then the pages are checked
 * and the rows' own seals hold. Spec: docs/spec/09-storage.md §4
 */

import { createReadStream } from "node:fs";
import { concat, equalBytes, utf8 } from "#transport";
import { readFileIfAny, removeFile, replaceFile } from "./files.ts";
import { blake2b } from "./sodium.ts";

export type ClosedState = "new" | "sealed" | "unsealed" | "changed";

export async function isSealedAs(database: string, key: Uint8Array): Promise<ClosedState> {
  const tag = await readFileIfAny(sealPath(database));
  const actual = await hashFile(database, key);
  if (tag === undefined) return actual === undefined ? "new" : "unsealed";
  return actual !== undefined && equalBytes(tag, actual) ? "sealed" : "changed";
}

/** From here on the file may change. */
export function takeSeal(database: string): Promise<void> {
  return removeFile(sealPath(database));
}

export async function sealClosedFile(database: string, key: Uint8Array): Promise<void> {
  const tag = await hashFile(database, key);
  if (tag !== undefined) await replaceFile(sealPath(database), tag);
}

const sealPath = (database: string): string => `${database}.seal`;

/** A hash over the hashes of pieces of 1 MiB, so that no file is too large for memory. Undefined when there is no file. */
async function hashFile(path: string, key: Uint8Array): Promise<Uint8Array | undefined> {
  const hashes: Uint8Array[] = [];
  try {
    for await (const piece of createReadStream(path, { highWaterMark: PIECE_BYTES })) {
      hashes.push(blake2b(piece as Uint8Array, key));
    }
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  return blake2b(concat(utf8("starling/store/closed/v1"), ...hashes), key);
}

const PIECE_BYTES = 2 ** 20;
