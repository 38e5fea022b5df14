/** Singletons by name. */

import { utf8 } from "#transport";
import type { Database } from "./database.ts";

type Name = "account" | "transport-account" | "mailbox-ratchet" | "tokens" | "boxes" | "cursor";

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as `openJson`
export function readMeta<T>(db: Database, name: Name): T | undefined {
  const key = utf8(name);
  const row = db.get("SELECT row FROM meta WHERE name = ?", key);
  return row === undefined ? undefined : db.cipher.openJson<T>("meta", [key], row["row"]);
}

export function writeMeta(db: Database, name: Name, value: unknown): void {
  const key = utf8(name);
  db.run("INSERT OR REPLACE INTO meta (name, row) VALUES (?, ?)", key, db.cipher.sealJson("meta", [key], value));
}
