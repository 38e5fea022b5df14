/** Reading and writing a whole part of a file, and keeping its name. */

import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";

export async function readAt(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  if (bytesRead !== length) throw new Error("the file is shorter than it was");
  return bytes;
}

/** A disk that is nearly full takes a part, and says so only at the next call. */
export async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
  }
}

/** A new name in a folder is durable when the folder is. */
export async function syncFolder(file: string): Promise<void> {
  const folder = await open(dirname(file), "r");
  await folder.sync().finally(() => folder.close());
}
