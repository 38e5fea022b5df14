/** Tells a disk that refuses, or a file that somebody else holds, from a bug. */

/** True for SQLite's BUSY 5, READONLY 8, IOERR 10, FULL 13 and CANTOPEN 14, with their extended codes. */
export function isDiskError(error: unknown): boolean {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return false;
  return DISK_ERRORS.has(error.errcode & 0xff);
}

const DISK_ERRORS = new Set([5, 8, 10, 13, 14]);
