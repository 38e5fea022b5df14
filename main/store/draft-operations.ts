/** Drafts. Their attachments are in attachment-operations.ts. */

import { MainError } from "../error.ts";
import { attachmentsOf } from "./attachment-operations.ts";
import type { Database } from "./database.ts";
import { idBytes } from "./ids.ts";
import type { AttachmentRecord, DraftRecord } from "./records.ts";
import { bytes } from "./row.ts";

export interface StoredDraft extends DraftRecord {
  readonly attachments: readonly AttachmentRecord[];
}

export const draftOperations = {
  drafts: (db: Database, limit: number): StoredDraft[] =>
    db
      .all("SELECT id, row FROM drafts ORDER BY saved_at DESC LIMIT ?", limit)
      .map((row) => withAttachments(db, db.cipher.openJson<DraftRecord>("drafts", [bytes(row, "id")], row["row"]))),

  draft(db: Database, id: string): StoredDraft {
    const key = idBytes(id);
    const row = db.get("SELECT row FROM drafts WHERE id = ?", key);
    if (row === undefined) throw new MainError("NOT_FOUND");
    return withAttachments(db, db.cipher.openJson<DraftRecord>("drafts", [key], row["row"]));
  },

  saveDraft(db: Database, draft: DraftRecord): StoredDraft {
    const key = idBytes(draft.id);
    const sealed = db.cipher.sealJson("drafts", [key], draft);
    db.run(
      "INSERT OR REPLACE INTO drafts (id, saved_at, row) VALUES (?, ?, ?)",
      key,
      Math.floor(draft.savedAt),
      sealed,
    );
    return withAttachments(db, draft);
  },

  discardDraft(db: Database, id: string): void {
    db.run("DELETE FROM attachments WHERE owner = ?", idBytes(id));
    db.run("DELETE FROM drafts WHERE id = ?", idBytes(id));
  },
} as const;

const withAttachments = (db: Database, draft: DraftRecord): StoredDraft => ({
  ...draft,
  attachments: attachmentsOf(db, draft.id),
});
