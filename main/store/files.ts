/** Writing files so that a crash leaves the old one or the new one, never half. */

import { open, readFile, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { MainError } from "../error.ts";

/** Readable by this user only. Durable when it resolves. Throws DISK_FULL. */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.new`;
  try {
    const file = await open(temporary, "w", 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(path);
  } catch (cause) {
    throw isCode(cause, "ENOSPC") ? new MainError("DISK_FULL", { cause }) : cause;
  }
}

/** Undefined when there is none. */
export async function readFileIfAny(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Durable when it resolves. */
export async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isCode(error, "ENOENT")) throw error;
  }
  await syncFolder(path);
}

/** A name is durable when its folder is. Windows has no such call and needs none. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
