/** What is known of people. */

import type { Database } from "./database.ts";
import { readMeta, writeMeta } from "./meta-operations.ts";
import type { AccountRecord, ContactRecord } from "./records.ts";
import { bytes } from "./row.ts";

export const contactOperations = {
  mainAccount: (db: Database): AccountRecord | undefined => readMeta(db, "account"),
  saveMainAccount: (db: Database, account: AccountRecord): void => writeMeta(db, "account", account),

  contact(db: Database, address: string): ContactRecord | undefined {
    const id = db.cipher.index("contact", address);
    const row = db.get("SELECT row FROM contacts WHERE id = ?", id);
    return row === undefined ? undefined : db.cipher.openJson("contacts", [id], row["row"]);
  },

  saveContact(db: Database, contact: ContactRecord, usedAt: number): void {
    const id = db.cipher.index("contact", contact.address);
    const sealed = db.cipher.sealJson("contacts", [id], contact);
    db.run("INSERT OR REPLACE INTO contacts (id, used_at, row) VALUES (?, ?, ?)", id, Math.floor(usedAt), sealed);
  },

  /** Most recently used first. */
  contacts: (db: Database): ContactRecord[] =>
    db
      .all("SELECT id, row FROM contacts ORDER BY used_at DESC")
      .map((row) => db.cipher.openJson("contacts", [bytes(row, "id")], row["row"])),
} as const;
