/** Attachments of drafts and messages. The window knows them by handle only. */

import { MainError } from "../error.ts";
import type { Database } from "./database.ts";
import { idBytes } from "./ids.ts";
import { DRAFT_ATTACHMENTS_MAX } from "./limits.ts";
import type { AttachmentRecord, NamedAttachment } from "./records.ts";
import { bytes, integer } from "./row.ts";

export const attachmentOperations = {
  addDraftAttachment(db: Database, draftId: string, file: NamedAttachment): AttachmentRecord {
    const owner = idBytes(draftId);
    if (db.get("SELECT id FROM drafts WHERE id = ?", owner) === undefined) throw new MainError("NOT_FOUND");
    const count = db.get("SELECT COUNT(*) AS n, MAX(position) AS last FROM attachments WHERE owner = ?", owner);
    if (count !== undefined && integer(count, "n") >= DRAFT_ATTACHMENTS_MAX) throw new MainError("MESSAGE_TOO_LARGE");
    insert(db, owner, typeof count?.["last"] === "number" ? count["last"] + 1 : 0, file);
    return { handle: file.handle, name: file.name, type: file.type, bytes: file.bytes.length };
  },

  removeDraftAttachment(db: Database, draftId: string, handle: string): void {
    const removed = db.run("DELETE FROM attachments WHERE owner = ? AND handle = ?", idBytes(draftId), idBytes(handle));
    if (removed === 0) throw new MainError("NOT_FOUND");
  },

  attachment(db: Database, handle: string): NamedAttachment | undefined {
    const id = idBytes(handle);
    const row = db.get("SELECT handle, row, data FROM attachments WHERE handle = ?", id);
    if (row === undefined) return undefined;
    const record = db.cipher.openJson<AttachmentRecord>("attachments", [id], row["row"]);
    return { ...record, bytes: db.cipher.open("attachment-data", [id], row["data"]) };
  },

  attachments: (db: Database, owner: string): NamedAttachment[] =>
    attachmentsOf(db, owner).map(({ handle }) => attachmentOperations.attachment(db, handle) as NamedAttachment),
} as const;

export function addAttachments(db: Database, owner: string, files: readonly NamedAttachment[]): void {
  for (const [position, file] of files.entries()) insert(db, idBytes(owner), position, file);
}

export function attachmentsOf(db: Database, owner: string): AttachmentRecord[] {
  return db
    .all("SELECT handle, row FROM attachments WHERE owner = ? ORDER BY position", idBytes(owner))
    .map((row) => db.cipher.openJson<AttachmentRecord>("attachments", [bytes(row, "handle")], row["row"]));
}

export function moveAttachments(db: Database, o: { from: string; to: string }): void {
  db.run("UPDATE attachments SET owner = ? WHERE owner = ?", idBytes(o.to), idBytes(o.from));
}

function insert(db: Database, owner: Uint8Array, position: number, file: NamedAttachment): void {
  const id = idBytes(file.handle);
  const record: AttachmentRecord = { handle: file.handle, name: file.name, type: file.type, bytes: file.bytes.length };
  db.run(
    "INSERT INTO attachments (handle, owner, position, row, data) VALUES (?, ?, ?, ?, ?)",
    id,
    owner,
    position,
    db.cipher.sealJson("attachments", [id], record),
    db.cipher.seal("attachment-data", [id], file.bytes),
  );
}
