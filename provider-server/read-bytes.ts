/** A file's bytes as a plain Uint8Array over the memory that was read: wiping it wipes what was read, and its slices are copies. */

import { readFileSync } from "node:fs";

export function readBytes(path: string): Uint8Array {
  const buffer = readFileSync(path);
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
