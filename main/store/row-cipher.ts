/**
 * The database's pages are encrypted but not authenticated, so every row that means something is sealed by itself, bound to
 * its table and key. A changed byte makes a row unreadable, never different. Spec: docs/spec/09-storage.md §4
 */

import { concat, utf8 } from "#transport";
import { MainError } from "../error.ts";
import { blake2b, openBytes, sealBytes } from "./sodium.ts";

/** What names a row within its table: numbers, bytes, or both. */
export type RowKey = readonly (number | Uint8Array)[];

export class RowCipher {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  seal(table: string, key: RowKey, plain: Uint8Array): Uint8Array {
    return sealBytes(this.#key, plain, place(table, key));
  }

  /** Throws STORE_DAMAGED. */
  open(table: string, key: RowKey, sealed: unknown): Uint8Array {
    const plain = sealed instanceof Uint8Array ? openBytes(this.#key, sealed, place(table, key)) : undefined;
    if (plain === undefined) throw new MainError("STORE_DAMAGED", { detail: `a row of ${table} was changed` });
    return plain;
  }

  sealJson(table: string, key: RowKey, value: unknown): Uint8Array {
    return this.seal(table, key, utf8(JSON.stringify(value, replaceBytes)));
  }

  /** Fields that were undefined when sealed are absent. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the seal proves that it is what was sealed here
  openJson<T>(table: string, key: RowKey, sealed: unknown): T {
    return JSON.parse(new TextDecoder().decode(this.open(table, key, sealed)), reviveBytes) as T;
  }

  /** 16 bytes that stand for a text where rows are looked up by it. */
  index(purpose: string, text: string): Uint8Array {
    return blake2b(utf8(`${purpose}\0${text}`), this.#key).slice(0, 16);
  }
}

function place(table: string, key: RowKey): Uint8Array {
  const parts = key.map((part) =>
    typeof part === "number" ? utf8(`n${part};`) : concat(utf8(`b${part.length};`), part),
  );
  return concat(utf8(`${table};`), ...parts);
}

/** `this` has the value as it is; `value` may already be what a Buffer says of itself. */
function replaceBytes(this: Readonly<Record<string, unknown>>, name: string, value: unknown): unknown {
  const original = this[name];
  return original instanceof Uint8Array ? { $bytes: Buffer.from(original).toString("base64") } : value;
}

function reviveBytes(_name: string, value: unknown): unknown {
  const text = typeof value === "object" && value !== null && "$bytes" in value ? value.$bytes : undefined;
  return typeof text === "string" ? new Uint8Array(Buffer.from(text, "base64")) : value;
}
