/** Columns by the type that the schema gives them. */

import { MainError } from "../error.ts";
import type { Row } from "./database.ts";

/** A column that the schema declares as INTEGER. */
export function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw new MainError("STORE_DAMAGED", { detail: `${column} is no number` });
  return value;
}

/** A column that the schema declares as BLOB; the bytes are the caller's. */
export function bytes(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw new MainError("STORE_DAMAGED", { detail: `${column} is not bytes` });
  return new Uint8Array(value);
}
