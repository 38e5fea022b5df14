/** The provider's SQLite file: durable at every commit, with a schema version and the way up to it. Spec: docs/spec/07-mailbox.md §6 */

import { DatabaseSync, type StatementSync } from "node:sqlite";
import { ServerError } from "../errors.ts";
import { MIGRATIONS } from "./migrations.ts";

export class ProviderDatabase {
  readonly #database: DatabaseSync;

  /**
   * Opens or creates the file (":memory:" for none) and brings it to the newest schema, or to `version` in tests.
   * Throws DATABASE_NEWER for a file of a later version, DATABASE when it cannot be opened.
   */
  constructor(path: string, version: number = MIGRATIONS.length) {
    this.#database = open(path);
    try {
      this.#migrate(version);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  get version(): number {
    return Number(this.#database.prepare("PRAGMA user_version").get()?.["user_version"]);
  }

  prepare(sql: string): StatementSync {
    return this.#database.prepare(sql);
  }

  /** Runs `work` whole or not at all; when it returns, it is on the disk. */
  transaction<T>(work: () => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some errors, a full disk among them.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** Bounds the file, for tests of a full disk; 4 KiB pages. */
  limitPages(pages: number): void {
    this.#database.exec(`PRAGMA max_page_count = ${Math.trunc(pages)}`);
  }

  get pages(): number {
    return Number(this.#database.prepare("PRAGMA page_count").get()?.["page_count"]);
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #migrate(target: number): void {
    const from = this.version;
    if (from > target) throw new ServerError("DATABASE_NEWER");
    for (let version = from; version < target; version++) {
      this.transaction(() => {
        this.#database.exec(MIGRATIONS[version] as string);
        this.#database.exec(`PRAGMA user_version = ${version + 1}`);
      });
    }
  }
}

function open(path: string): DatabaseSync {
  try {
    const database = new DatabaseSync(path, { enableForeignKeyConstraints: true });
    // FULL: a commit that has returned survives a loss of power. WAL: one sync per commit instead of two.
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000");
    return database;
  } catch {
    throw new ServerError("DATABASE", `The database ${path} cannot be opened.`);
  }
}
