/** Tells a disk that refuses from a bug. */

/** True for SQLite's READONLY 8, IOERR 10, FULL 13 and CANTOPEN 14, with their extended codes. */
export function isDiskError(error: unknown): boolean {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return false;
  return DISK_ERRORS.has(error.errcode & 0xff);
}

const DISK_ERRORS = new Set([8, 10, 13, 14]);
