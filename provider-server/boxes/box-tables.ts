/** What makes a mailbox a box, and who reads it. Its entries are those of every mailbox. Every method runs inside its caller's transaction. */

import type { StatementSync } from "node:sqlite";
import { type MailboxId, type Milliseconds, milliseconds } from "#transport/core/units.ts";
import type { ProviderDatabase } from "../database/database.ts";
import type { MailboxTables } from "../mailbox/mailbox-tables.ts";
import { READERS_PER_BOX_MAX } from "./limits.ts";

export interface BoxRow {
  /** Of the mailbox. */
  readonly mailbox: number;
  readonly until: Milliseconds;
  readonly nextNumber: number;
}

export interface ReaderRow {
  readonly cursor: number;
  readonly collectedDay: number;
}

export class BoxTables {
  readonly #entries: MailboxTables;
  readonly #sql: Readonly<Record<keyof typeof STATEMENTS, StatementSync>>;

  constructor(database: ProviderDatabase, entries: MailboxTables) {
    this.#entries = entries;
    this.#sql = database.prepareAll(STATEMENTS);
  }

  get count(): number {
    return Number(this.#sql.count.get()?.["count"]);
  }

  box(boxId: MailboxId): BoxRow | undefined {
    const row = this.#sql.box.get(boxId);
    if (row === undefined) return undefined;
    const [mailbox, until, nextNumber] = [Number(row["mailbox"]), Number(row["until"]), Number(row["next_seq"])];
    return { mailbox, until: milliseconds(until), nextNumber };
  }

  add(boxId: MailboxId, until: Milliseconds): void {
    const { lastInsertRowid } = this.#sql.addMailbox.run(boxId);
    this.#sql.addBox.run(lastInsertRowid, until);
  }

  reader(mailbox: number, readerId: Uint8Array): ReaderRow | undefined {
    const row = this.#sql.reader.get(mailbox, readerId);
    return row && { cursor: Number(row["cursor"]), collectedDay: Number(row["collected_day"]) };
  }

  /** False when the box has as many as it may have. */
  addReader(mailbox: number, readerId: Uint8Array, day: number): boolean {
    if (Number(this.#sql.readers.get(mailbox)?.["count"]) >= READERS_PER_BOX_MAX) return false;
    this.#sql.addReader.run(mailbox, readerId, day);
    return true;
  }

  /** Of a box that is gone meanwhile nothing. Deletes and returns as `CursorMove` says. */
  moveCursor(
    move: { boxId: MailboxId; readerId: Uint8Array; cursor: number; day: number; activeSince: number },
    room: number,
  ): number {
    const box = this.box(move.boxId);
    if (box === undefined) return 0;
    this.#sql.moveCursor.run(move.cursor, move.day, box.mailbox, move.readerId);
    const passed = this.#sql.passed.get(box.mailbox, move.activeSince);
    // A device that was off when the box was made is no reader yet: what came meanwhile waits as long as for one that is known.
    return this.#entries.removeFromBox(box.mailbox, Number(passed?.["cursor"] ?? 0), room, 24 * move.activeSince);
  }

  /** Deletes the oldest box that ended before `until`, at most `room` rows of what is in it at a time; true when there may be more. */
  expire(until: number, room: number): boolean {
    const box = this.#sql.oldest.get(until);
    if (box === undefined) return false;
    const mailbox = Number(box["mailbox"]);
    const isEmpty = [this.#sql.removeEntries, this.#sql.removeHashes].every(
      (remove) => Number(remove.run(mailbox, mailbox, room).changes) < room,
    );
    if (isEmpty)
      for (const remove of ["removeReaders", "removeBox", "removeMailbox"] as const) this.#sql[remove].run(mailbox);
    return true;
  }
}

const STATEMENTS = {
  count: "SELECT COUNT(*) AS count FROM boxes",
  box: "SELECT mailbox, until, next_seq FROM mailboxes JOIN boxes ON boxes.mailbox = mailboxes.id WHERE mailbox_id = ?",
  addMailbox: "INSERT INTO mailboxes (mailbox_id) VALUES (?)",
  addBox: "INSERT INTO boxes (mailbox, until) VALUES (?, ?)",
  reader: "SELECT cursor, collected_day FROM box_readers WHERE mailbox = ? AND reader_id = ?",
  readers: "SELECT COUNT(*) AS count FROM box_readers WHERE mailbox = ?",
  addReader: "INSERT INTO box_readers (mailbox, reader_id, collected_day) VALUES (?, ?, ?)",
  moveCursor: "UPDATE box_readers SET cursor = ?, collected_day = ? WHERE mailbox = ? AND reader_id = ?",
  passed: "SELECT MIN(cursor) AS cursor FROM box_readers WHERE mailbox = ? AND collected_day >= ?",
  oldest: "SELECT mailbox FROM boxes WHERE until < ? ORDER BY until LIMIT 1",
  removeEntries:
    "DELETE FROM entries WHERE mailbox = ? AND seq IN (SELECT seq FROM entries WHERE mailbox = ? ORDER BY seq LIMIT ?)",
  removeHashes:
    "DELETE FROM hashes WHERE mailbox = ? AND hash IN (SELECT hash FROM hashes WHERE mailbox = ? ORDER BY hash LIMIT ?)",
  removeReaders: "DELETE FROM box_readers WHERE mailbox = ?",
  removeBox: "DELETE FROM boxes WHERE mailbox = ?",
  removeMailbox: "DELETE FROM mailboxes WHERE id = ?",
} as const;
