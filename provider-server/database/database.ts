/** The provider's SQLite file: durable at every commit, with a schema version and the way up to it. Spec: docs/spec/07-mailbox.md §6 */

import { existsSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Milliseconds } from "#transport/core/units.ts";
import { ServerError } from "../errors.ts";
import { isDiskError } from "./disk-error.ts";
import { COMMAND_LOCK_WAIT } from "./limits.ts";
import { MIGRATIONS } from "./migrations.ts";

export class ProviderDatabase {
  readonly #database: DatabaseSync;
  readonly #path: string;

  /**
   * Opens or creates the file (":memory:" for none) and brings it to the newest schema, or to `version` in tests.
   * Throws DATABASE_NEWER for a file of a later version, DATABASE_DAMAGED for what can be read no more, DATABASE when it
   * cannot be opened.
   */
  constructor(path: string, version: number = MIGRATIONS.length) {
    this.#path = path;
    this.#database = open(path);
    try {
      this.#migrate(version);
    } catch (error) {
      this.#database.close();
      throw sentenceFor(path, error);
    }
  }

  /** The schema's version, read without changing anything; 0 for a file that is not there or has none yet. Throws DATABASE, DATABASE_DAMAGED. */
  static versionOf(path: string): number {
    if (!existsSync(path)) return 0;
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path, { readOnly: true });
      return Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
    } catch (error) {
      throw sentenceFor(path, error);
    } finally {
      database?.close();
    }
  }

  get version(): number {
    return Number(this.#database.prepare("PRAGMA user_version").get()?.["user_version"]);
  }

  /** Throws DATABASE_DAMAGED for a file in which the schema cannot be read. */
  prepare(sql: string): StatementSync {
    try {
      return this.#database.prepare(sql);
    } catch (error) {
      throw isDamage(error) ? sentenceFor(this.#path, error) : error;
    }
  }

  /** Each statement once, under its name. Throws as `prepare`. */
  prepareAll<Name extends string>(statements: Readonly<Record<Name, string>>): Readonly<Record<Name, StatementSync>> {
    const prepared = Object.entries<string>(statements).map(([name, sql]) => [name, this.prepare(sql)]);
    return Object.fromEntries(prepared) as Record<Name, StatementSync>;
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

  /** For a lock that another program holds, instead of `COMMAND_LOCK_WAIT`: then a transaction throws. Nothing else is done meanwhile. */
  waitAtMost(time: Milliseconds): void {
    this.#database.exec(`PRAGMA busy_timeout = ${time}`);
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

  /** Another program may be making the same file at this moment: what is there is asked inside the transaction. */
  #migrate(target: number): void {
    if (this.version > target) throw new ServerError("DATABASE_NEWER", newer(this.#path));
    while (this.version < target) {
      this.transaction(() => {
        const { version } = this;
        if (version >= target) return;
        this.#database.exec(MIGRATIONS[version] as string);
        this.#database.exec(`PRAGMA user_version = ${version + 1}`);
      });
    }
  }
}

function open(path: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { enableForeignKeyConstraints: true });
    database.exec(`PRAGMA busy_timeout = ${COMMAND_LOCK_WAIT}`);
    if (!isOurs(database)) throw new ServerError("DATABASE", foreign(path));
    // FULL: a commit that has returned survives a loss of power. WAL: one sync per commit instead of two.
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    return database;
  } catch (error) {
    database?.close();
    throw sentenceFor(path, error);
  }
}

/** A new one, or one with our tables: somebody else's would be changed for good. */
function isOurs(database: DatabaseSync): boolean {
  const tables = new Set(
    database
      .prepare("SELECT name FROM sqlite_master")
      .all()
      .map((row) => row["name"]),
  );
  const isNew = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]) === 0;
  return isNew ? tables.size === 0 : tables.has("mailboxes");
}

const foreign = (path: string): string =>
  `The database ${path} is another program's. Nothing in it was changed. Name a path of its own as \`database\`.`;
const newer = (path: string): string =>
  `The database ${path} was written by a newer version of this program. Nothing in it was changed. Install that version again, or put back the backup from before it.`;

/** SQLite's CORRUPT and NOTADB. */
const DAMAGED: ReadonlySet<number> = new Set([11, 26]);

const errorCode = (error: unknown): number =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : 0;
const isDamage = (error: unknown): boolean => DAMAGED.has(errorCode(error));

/** CANTOPEN: all else that is no damage comes and goes (a full disk, another program's lock). */
const CANNOT_OPEN = 14;

/** What an operator can put right, as DATABASE or DATABASE_DAMAGED with the sentence; anything else as it is. */
export function sentenceFor(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || errorCode(error) === 0) return error;
  if (isDamage(error))
    return new ServerError(
      "DATABASE_DAMAGED",
      `The database ${path} is damaged, or none at all. Keep the file, put back the backup, and call \`restored\` before the provider runs.`,
    );
  if (isDiskError(error) && errorCode(error) !== CANNOT_OPEN)
    return new ServerError(
      "DATABASE",
      `The database ${path} takes nothing (${error.message}). Nothing was changed. Make room, or end what else works on it, and call this again.`,
    );
  return new ServerError(
    "DATABASE",
    `The database ${path} cannot be opened (${error.message}). Nothing was changed. Its folder must be there, and folder and file belong to the user that runs the daemon.`,
  );
}

/** What an operator is told of a daemon that its database has ended; undefined for a bug, also one that SQLite noticed. */
export function sentenceForEnd(path: string, error: unknown): { text: string; isDamage: boolean } | undefined {
  if (error instanceof ServerError && error.code === "DATABASE_DAMAGED") return { text: error.message, isDamage: true };
  if (!(error instanceof Error) || !(isDamage(error) || isDiskError(error))) return undefined;
  const text = isDamage(error)
    ? `The database ${path} was found damaged (${error.message}). The provider has ended; what it was about to write is not written, and mail not stored here comes again from its senders. Keep the file, put back the backup, and call \`restored\` before the provider runs.`
    : `The database ${path} can not be used any more (${error.message}). The provider has ended; what it was about to write is not written, what was stored stays. Look at the disk and its rights, then start the provider again.`;
  return { text, isDamage: isDamage(error) };
}
