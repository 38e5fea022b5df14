/** One open database: statements, transactions, errors by code. Runs in the store's worker. Spec: docs/spec/09-storage.md §3 */

import Libsql from "libsql";
import { toHex } from "#transport";
import { MainError } from "../error.ts";
import type { RowCipher } from "./row-cipher.ts";
import { MIGRATIONS, SCHEMA_VERSION } from "./schema.ts";

type Value = number | Uint8Array | string | null;
/** Columns are numbers, bytes or null: no column holds text. */
export type Row = Readonly<Record<string, number | Uint8Array | null>>;

export class Database {
  readonly cipher: RowCipher;
  readonly #handle: Libsql.Database;
  readonly #statements = new Map<string, Libsql.Statement>();

  /** Opens or creates. Throws STORE_DAMAGED, DISK_FULL, or INTERNAL for a database of a later version. */
  constructor(o: { path: string; key: Uint8Array; cipher: RowCipher }) {
    this.cipher = o.cipher;
    this.#handle = coded(
      () => new Libsql(o.path, { encryptionCipher: "aes256cbc", encryptionKey: toHex(o.key) } as Libsql.Options),
    );
    coded(() => {
      // FULL: what a promise said is stored survives a loss of power, not only of the process.
      this.#handle.exec(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA cache_size = -16000;",
      );
      this.#migrate();
    });
  }

  run(sql: string, ...values: Value[]): number {
    return this.#prepare(sql).run(values.map(bindable)).changes;
  }

  get(sql: string, ...values: Value[]): Row | undefined {
    const row = this.#prepare(sql).get(values.map(bindable));
    return typeof row === "object" && row !== null ? readable(row) : undefined;
  }

  all(sql: string, ...values: Value[]): Row[] {
    return this.#prepare(sql)
      .all(values.map(bindable))
      .map((row) => readable(row as object));
  }

  /** Everything `work` does, or nothing. */
  transaction<T>(work: () => T): T {
    return coded(() => {
      this.#handle.exec("BEGIN IMMEDIATE");
      try {
        const result = work();
        this.#handle.exec("COMMIT");
        return result;
      } catch (error) {
        // A full disk may already have ended the transaction.
        if (this.#handle.inTransaction) this.#handle.exec("ROLLBACK");
        throw error;
      }
    });
  }

  /** For tests of a full disk: no more pages than this. */
  limitPages(pages: number): void {
    this.#handle.exec(`PRAGMA max_page_count = ${pages}`);
  }

  /** Whether pages, rows and indexes fit together: a row must not vanish behind a damaged index. What rows say, their seals show. */
  isSound(): boolean {
    try {
      const rows = this.#handle.prepare("PRAGMA integrity_check(1)").all() as { integrity_check: string }[];
      return rows[0]?.integrity_check === "ok";
    } catch {
      return false;
    }
  }

  /** Moves the log into the database, so that one file holds everything, and closes. */
  close(): void {
    this.#statements.clear();
    this.#handle.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    this.#handle.close();
  }

  #prepare(sql: string): Libsql.Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#handle.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #migrate(): void {
    const [row] = this.#handle.prepare("PRAGMA user_version").all() as { user_version: number }[];
    const version = row?.user_version ?? 0;
    if (version > SCHEMA_VERSION)
      throw new MainError("INTERNAL", { detail: "the store was written by a later version" });
    for (const [i, migration] of MIGRATIONS.entries()) {
      if (i < version) continue;
      this.transaction(() => this.#handle.exec(`${migration}; PRAGMA user_version = ${i + 1};`));
    }
  }
}

/** The driver takes all values as one array; a lone Uint8Array it would take for named values. */
const bindable = (value: Value): Value =>
  value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.length) : value;

/** The driver gives bytes as Buffer or ArrayBuffer, by the method called. */
const readable = (row: object): Row =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, value instanceof ArrayBuffer ? new Uint8Array(value) : value]),
  ) as Row;

/** SQLite's result codes as ours. */
function coded<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw translate(cause);
  }
}

function translate(cause: unknown): unknown {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code.startsWith("SQLITE_FULL") || code === "ENOSPC") return new MainError("DISK_FULL", { cause });
  if (/^SQLITE_(?:IOERR_WRITE|IOERR_FSYNC)/.test(code)) return new MainError("DISK_FULL", { cause });
  if (/^SQLITE_(?:CORRUPT|NOTADB|FORMAT|IOERR)/.test(code)) return new MainError("STORE_DAMAGED", { cause });
  return cause;
}
