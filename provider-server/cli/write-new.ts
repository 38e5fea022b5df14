/** Writes a file that is not there yet, whole or not at all: a key that was replaced, or half of one, is lost for good. */

import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { ServerError, type ServerErrorCode } from "../errors.ts";

/** Only the owner can read it with mode 0o600. Throws `code` with the sentence. */
export function writeNew(path: string, bytes: Uint8Array, o: { mode: number; code: ServerErrorCode }): void {
  const file = openNew(path, o);
  try {
    // A disk that is nearly full takes a part, and says so only at the next call.
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
    fsyncSync(file);
  } catch (error) {
    rmSync(path, { force: true });
    throw new ServerError(
      o.code,
      `${path}: the disk is full or failing (${codeOf(error)}). No file was left. Make room and call it again.`,
    );
  } finally {
    closeSync(file);
  }
}

function openNew(path: string, { mode, code }: { mode: number; code: ServerErrorCode }): number {
  try {
    return openSync(path, "wx", mode);
  } catch (error) {
    const why =
      codeOf(error) === "EEXIST"
        ? "expected a path where no file is yet. Nothing was replaced."
        : `expected a path in a directory that can be written (${codeOf(error)}).`;
    throw new ServerError(code, `${path}: ${why}`);
  }
}

export const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "no reason given";
