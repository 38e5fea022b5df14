/** What is known of people, the owner first. */

import { wipe } from "#transport";
import { PEOPLE_HANDED_OVER_MAX } from "../account/limits.ts";
import type { KnownPerson } from "../account/device-payload.ts";
import { MainError } from "../error.ts";
import type { Person } from "../mime/mail.ts";
import type { Database } from "./database.ts";
import { readMeta, writeMeta } from "./meta-operations.ts";
import type { AccountRecord, ContactRecord, OpenAccount } from "./records.ts";
import { bytes } from "./row.ts";

export const contactOperations = {
  mainAccount(db: Database): OpenAccount | undefined {
    const account = readMeta<AccountRecord>(db, "account");
    if (account === undefined) return undefined;
    const { privateKey, ...open } = account;
    wipe(privateKey);
    return open;
  },

  saveMainAccount: (db: Database, account: AccountRecord): void => writeMeta(db, "account", account),

  changeMainAccount(db: Database, change: Partial<AccountRecord>): void {
    writeMeta(db, "account", { ...readAccount(db), ...change });
  },

  /** The OpenPGP private key. A secret: whoever asks wipes it. */
  ownKey: (db: Database): Uint8Array => readAccount(db).privateKey,

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

  /** People with pinned keys: those whose keys the user has compared first, then the most recently used. */
  knownPeople(db: Database): KnownPerson[] {
    const found: KnownPerson[] = [];
    for (const row of db.all("SELECT id, row FROM contacts ORDER BY used_at DESC")) {
      const contact = db.cipher.openJson<ContactRecord>("contacts", [bytes(row, "id")], row["row"]);
      const { pinned, address, name, verified, accepted } = contact;
      if (pinned !== undefined) found.push({ address, name, verified, accepted, pinned });
    }
    return found.toSorted((a, b) => Number(b.verified) - Number(a.verified)).slice(0, PEOPLE_HANDED_OVER_MAX);
  },

  /** People with keys whose address begins so, or whose name holds it; most recently used first. `wanted` in lower case. */
  suggest(db: Database, o: { wanted: string; limit: number }): Person[] {
    const found: Person[] = [];
    for (const row of db.all("SELECT id, row FROM contacts ORDER BY used_at DESC")) {
      const { pinned, address, name } = db.cipher.openJson<ContactRecord>("contacts", [bytes(row, "id")], row["row"]);
      const fits = address.startsWith(o.wanted) || name.toLowerCase().includes(o.wanted);
      if (pinned !== undefined && fits) found.push({ address, name });
      if (found.length === o.limit) break;
    }
    return found;
  },
} as const;

function readAccount(db: Database): AccountRecord {
  const account = readMeta<AccountRecord>(db, "account");
  if (account === undefined) throw new MainError("NO_ACCOUNT");
  return account;
}
