/**
 * A database that was put back from a backup gives out numbers a second time. Devices' cursors are past them already, so what
 * comes next would count as collected and be deleted unread. Spec: docs/spec/07-mailbox.md §6
 */

import type { ProviderDatabase } from "../database/database.ts";

/** Raises the next number of every mailbox beyond all that were ever given out. Returns how many mailboxes there are. */
export function skipNumbersInUse(database: ProviderDatabase): number {
  const statement = database.prepare("UPDATE mailboxes SET next_seq = next_seq + ?");
  return database.transaction(() => Number(statement.run(NUMBERS_SKIPPED).changes));
}

/** A mailbox that gets an entry every second needs 136 years for these; two million restorations fit a safe integer. */
export const NUMBERS_SKIPPED = 2 ** 32;
