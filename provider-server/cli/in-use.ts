/**
 * Says that a daemon uses a folder or a file. Two of them would undo what each remembers: which packets were seen, what was voted
 * and signed. The system takes the mark back when the process ends, however it ends: a file alone would be there after a crash too.
 */

import { statSync } from "node:fs";
import { join } from "node:path";
import { type FileLock, lockFile } from "#transport/library/file-lock.ts";
import { ServerError } from "../errors.ts";
import { codeOf } from "./write-new.ts";

export type InUse = FileLock;

/** Of a daemon's own state. Throws CONFIG. */
export const markFolder = (key: string, folder: string): InUse =>
  mark({
    key,
    what: folder,
    path: join(folder, "in-use"),
    todo: "Stop it, or give this one a key file and a folder of its own.",
  });

/** `todo`: what to do where another has it. Throws CONFIG. */
export function markDatabase(database: string, todo: string): InUse {
  if (statSync(database, { throwIfNoEntry: false })?.isDirectory() === true)
    throw new ServerError("CONFIG", `database: expected ${database} to be a file; it is a folder.`);
  return mark({ key: "database", what: database, path: `${database}.in-use`, todo });
}

function mark(o: { key: string; what: string; path: string; todo: string }): InUse {
  const { key, what, path, todo } = o;
  const lock = locked(key, path);
  if (lock === undefined)
    throw new ServerError("CONFIG", `${key}: another daemon uses ${what}. Nothing was changed. ${todo}`);
  return lock;
}

function locked(key: string, path: string): InUse | undefined {
  try {
    return lockFile(path);
  } catch (error) {
    const why = codeOf(error);
    throw new ServerError("CONFIG", `${key}: expected ${path} to be a file that can be written and locked (${why}).`);
  }
}
