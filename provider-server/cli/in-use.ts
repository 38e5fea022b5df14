/**
 * Says that a daemon uses a folder or a file. Two of them would undo what each remembers: which packets were seen, what was voted
 * and signed. The system takes the mark back when the process ends, however it ends: a file alone would be there after a crash too.
 */

import { statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ServerError } from "../errors.ts";
import { codeOf } from "./write-new.ts";

export interface InUse {
  readonly release: () => void;
}

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

/** With a file that stays empty: SQLite locks it on every system in the same way. */
function mark(o: { key: string; what: string; path: string; todo: string }): InUse {
  const { key, what, todo } = o;
  const lock = open(o);
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw unusable(o, error);
    throw new ServerError("CONFIG", `${key}: another daemon uses ${what}. Nothing was changed. ${todo}`);
  }
  return { release: () => lock.isOpen && lock.close() };
}

function open(o: { key: string; path: string }): DatabaseSync {
  try {
    return new DatabaseSync(o.path);
  } catch (error) {
    throw unusable(o, error);
  }
}

const unusable = ({ key, path }: { key: string; path: string }, error: unknown): ServerError =>
  new ServerError("CONFIG", `${key}: expected ${path} to be a file that can be written and locked (${codeOf(error)}).`);

/** SQLITE_BUSY */
const isBusy = (error: unknown): boolean =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number" && (error.errcode & 0xff) === 5;
