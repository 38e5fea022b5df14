/**
 * Says that a process uses a folder or a file that is for one at a time. The system takes the lock back when the process ends,
 * however it ends: a file alone would be there after a crash too.
 */

import { DatabaseSync } from "node:sqlite";

export interface FileLock {
  release(): void;
}

/**
 * Locks a file that stays empty, and makes it when there is none: SQLite does that on every system in the same way. Undefined when
 * another has it locked, in this process or another. Throws when it cannot be written or locked.
 */
export function lockFile(path: string): FileLock | undefined {
  const lock = new DatabaseSync(path);
  try {
    // What SQLite writes before a change stays in memory: on a full disk a program could not be started again.
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
  held.add(lock);
  return {
    release: () => {
      if (held.delete(lock)) lock.close();
    },
  };
}

/** A database that nobody refers to is closed by the garbage collector, and its lock is gone. */
const held = new Set<DatabaseSync>();

/** SQLITE_BUSY */
const isBusy = (error: unknown): boolean =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number" && (error.errcode & 0xff) === 5;
