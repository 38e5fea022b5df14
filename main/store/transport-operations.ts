/** What the transport keeps, as transactions on the database. Spec: transport/client/store.ts, docs/spec/09-storage.md §5 */

import {
  endOf,
  type IncomingFragment,
  type IncomingSummary,
  type LearntPlace,
  type MailboxRatchet,
  type MessageId,
  type Milliseconds,
  messageId,
  milliseconds,
  type OutgoingFragment,
  type OutgoingMessage,
  type OutgoingProgress,
  type OwedReceipt,
  type ProgressAnew,
  type Recipient,
  type SeenMessage,
  type StoredAccount,
  type StoredMailboxKey,
  toHex,
} from "#transport";
import { MainError } from "../error.ts";
import type { Database } from "./database.ts";
import { readMeta, writeMeta } from "./meta-operations.ts";
import { bytes, integer } from "./row.ts";

/** Each is one transaction; the store's worker wraps it. Names and meanings as in `ClientStore`. */
export const transportOperations = {
  account: (db: Database): StoredAccount | undefined => readMeta(db, "transport-account"),
  saveAccount: (db: Database, account: StoredAccount): void => writeMeta(db, "transport-account", account),

  consensuses: (db: Database): Uint8Array[] =>
    db
      .all("SELECT epoch, row FROM consensuses ORDER BY epoch DESC")
      .map((row) => db.cipher.open("consensuses", [integer(row, "epoch")], row["row"])),

  addConsensus(db: Database, o: { epoch: number; bytes: Uint8Array; keep: number }): void {
    const row = db.cipher.seal("consensuses", [o.epoch], o.bytes);
    db.run("INSERT OR REPLACE INTO consensuses (epoch, row) VALUES (?, ?)", o.epoch, row);
    db.run(
      "DELETE FROM consensuses WHERE epoch NOT IN (SELECT epoch FROM consensuses ORDER BY epoch DESC LIMIT ?)",
      o.keep,
    );
  },

  mailboxKeys: (db: Database): StoredMailboxKey[] =>
    db
      .all("SELECT valid_from, row FROM mailbox_keys ORDER BY valid_from DESC")
      .map((row) => db.cipher.openJson("mailbox_keys", [integer(row, "valid_from")], row["row"])),

  addMailboxKey(db: Database, key: StoredMailboxKey): void {
    const row = db.cipher.sealJson("mailbox_keys", [key.validFrom], key);
    const sql = "INSERT OR REPLACE INTO mailbox_keys (valid_from, erase_at, row) VALUES (?, ?, ?)";
    db.run(sql, key.validFrom, Math.ceil(key.eraseAt), row);
  },

  tokenStock: (db: Database): Uint8Array | undefined => readMeta<{ stock: Uint8Array }>(db, "tokens")?.stock,
  saveTokenStock: (db: Database, stock: Uint8Array): void => writeMeta(db, "tokens", { stock }),

  boxes: (db: Database): Uint8Array | undefined => readMeta<{ boxes: Uint8Array }>(db, "boxes")?.boxes,
  saveBoxes: (db: Database, boxes: Uint8Array): void => writeMeta(db, "boxes", { boxes }),

  mailboxRatchet: (db: Database): MailboxRatchet | undefined => readMeta(db, "mailbox-ratchet"),
  saveMailboxRatchet: (db: Database, ratchet: MailboxRatchet): void => writeMeta(db, "mailbox-ratchet", ratchet),

  eraseMailboxKeys(db: Database, now: Milliseconds): void {
    db.run("DELETE FROM mailbox_keys WHERE erase_at <= ?", Math.floor(now));
  },

  addOutgoing(db: Database, message: OutgoingMessage, data: readonly Uint8Array[]): void {
    const { fragments, ...rest } = message;
    const row = db.cipher.sealJson("outgoing", [message.id], rest);
    const added = db.run(
      "INSERT OR IGNORE INTO outgoing (id, queued_at, row) VALUES (?, ?, ?)",
      message.id,
      Math.floor(message.queuedAt),
      row,
    );
    if (added === 0) return;
    for (const [index, state] of fragments.entries()) writeFragment(db, message.id, index, state);
    for (const [index, fragment] of data.entries()) {
      const sealed = db.cipher.seal("outgoing_data", [message.id, index], fragment);
      db.run("INSERT INTO outgoing_data (message, position, row) VALUES (?, ?, ?)", message.id, index, sealed);
    }
  },

  outgoing: (db: Database): OutgoingMessage[] =>
    db.all("SELECT id, row FROM outgoing ORDER BY queued_at").map((row) => {
      const id = bytes(row, "id");
      const rest = db.cipher.openJson<Omit<OutgoingMessage, "fragments">>("outgoing", [id], row["row"]);
      const fragments = db
        .all("SELECT position, row FROM outgoing_fragments WHERE message = ? ORDER BY position", id)
        .map((f) => db.cipher.openJson<OutgoingFragment>("outgoing_fragments", [id, integer(f, "position")], f["row"]));
      return Object.assign(rest, { fragments });
    }),

  outgoingData(db: Database, id: MessageId, index: number): Uint8Array {
    const row = db.get("SELECT row FROM outgoing_data WHERE message = ? AND position = ?", id, index);
    if (row === undefined) throw new MainError("NOT_FOUND");
    return db.cipher.open("outgoing_data", [id, index], row["row"]);
  },

  readdress(db: Database, id: MessageId, to: Recipient, anew?: ProgressAnew): void {
    if (!changeOutgoing(db, id, anew === undefined ? { to } : { to, progress: anew.progress })) return;
    for (const [index, state] of anew?.fragments ?? []) writeFragment(db, id, index, state);
  },

  saveFragment(db: Database, id: MessageId, index: number, state: OutgoingFragment): void {
    writeFragment(db, id, index, state);
  },

  saveProgress(
    db: Database,
    id: MessageId,
    progress: OutgoingProgress,
    fragments?: ReadonlyMap<number, OutgoingFragment>,
  ): void {
    if (!changeOutgoing(db, id, { progress })) return;
    for (const [index, state] of fragments ?? []) writeFragment(db, id, index, state);
  },

  finishOutgoing(db: Database, id: MessageId, progress: OutgoingProgress): void {
    changeOutgoing(db, id, { progress });
    db.run("DELETE FROM outgoing_data WHERE message = ?", id);
  },

  place(db: Database, accountKey: Uint8Array): LearntPlace | undefined {
    const id = placeKey(db, accountKey);
    const row = db.get("SELECT row FROM places WHERE id = ?", id);
    return row && db.cipher.openJson<LearntPlace>("places", [id], row["row"]);
  },

  savePlace(db: Database, accountKey: Uint8Array, place: LearntPlace | undefined): void {
    const id = placeKey(db, accountKey);
    db.run("DELETE FROM places WHERE id = ?", id);
    if (place === undefined) return;
    const row = db.cipher.sealJson("places", [id], place);
    db.run("INSERT INTO places (id, until, row) VALUES (?, ?, ?)", id, Math.floor(place.until), row);
  },

  cursor: (db: Database): number => readMeta<number>(db, "cursor") ?? 0,

  acceptEntry(db: Database, entry: { cursor: number; fragment?: IncomingFragment }): void {
    const { fragment } = entry;
    if (fragment !== undefined) {
      const { id, index } = fragment;
      db.run(
        `INSERT OR IGNORE INTO incoming (message, position, total, message_bytes, bytes, at, row) VALUES (?, ?, ?, ?, ?, ?, ?)`,
        id,
        index,
        fragment.total,
        fragment.messageBytes,
        fragment.data.length,
        Math.floor(fragment.at),
        db.cipher.seal("incoming", [id, index], fragment.data),
      );
    }
    writeMeta(db, "cursor", entry.cursor);
  },

  incoming(db: Database): IncomingSummary[] {
    const rows = db.all(
      "SELECT message, MAX(total) AS total, MAX(message_bytes) AS message_bytes, SUM(bytes) AS bytes, MIN(at) AS at FROM incoming GROUP BY message ORDER BY MAX(rowid)",
    );
    return rows.map((row) => ({
      id: messageId(bytes(row, "message")),
      total: integer(row, "total"),
      messageBytes: integer(row, "message_bytes"),
      bytes: integer(row, "bytes"),
      firstAt: milliseconds(integer(row, "at")),
      indexes: db
        .all("SELECT position FROM incoming WHERE message = ? ORDER BY position", bytes(row, "message"))
        .map((f) => integer(f, "position")),
    }));
  },

  incomingFragment(db: Database, id: MessageId, index: number): Uint8Array {
    const row = db.get("SELECT row FROM incoming WHERE message = ? AND position = ?", id, index);
    if (row === undefined) throw new MainError("NOT_FOUND");
    return db.cipher.open("incoming", [id, index], row["row"]);
  },

  consume(db: Database, seen: SeenMessage): void {
    const row = db.cipher.sealJson("seen", [seen.id], seen);
    db.run("INSERT OR IGNORE INTO seen (id, at, row) VALUES (?, ?, ?)", seen.id, Math.floor(seen.at), row);
    db.run("DELETE FROM incoming WHERE message = ?", seen.id);
  },

  discardIncoming(db: Database, id: MessageId): void {
    db.run("DELETE FROM incoming WHERE message = ?", id);
  },

  seen(db: Database, id: MessageId): SeenMessage | undefined {
    const row = db.get("SELECT row FROM seen WHERE id = ?", id);
    if (row === undefined) return undefined;
    return db.cipher.openJson<SeenMessage>("seen", [id], row["row"]);
  },

  oweReceipt(db: Database, receipt: OwedReceipt): void {
    const seen = transportOperations.seen(db, receipt.id);
    if (seen === undefined) return;
    const noted = db.cipher.sealJson("seen", [receipt.id], { ...seen, acknowledgeTo: receipt.to });
    db.run("UPDATE seen SET row = ? WHERE id = ?", noted, receipt.id);
    const row = db.cipher.sealJson("receipts", [receipt.id], receipt);
    db.run(
      "INSERT OR REPLACE INTO receipts (id, due_at, row) VALUES (?, ?, ?)",
      receipt.id,
      Math.floor(receipt.dueAt),
      row,
    );
  },

  owedReceipts: (db: Database): OwedReceipt[] =>
    db
      .all("SELECT id, row FROM receipts ORDER BY due_at")
      .map((row) => db.cipher.openJson("receipts", [bytes(row, "id")], row["row"])),

  settleReceipts(db: Database, ids: readonly MessageId[]): void {
    for (const id of ids) db.run("DELETE FROM receipts WHERE id = ?", id);
  },

  prune(db: Database, before: Milliseconds): MessageId[] {
    const time = Math.floor(before);
    // When a message was at its end its row says, and no column: two that disagree would keep it for ever.
    for (const row of db.all("SELECT id, row FROM outgoing WHERE queued_at < ?", time)) {
      const id = bytes(row, "id");
      const end = endOf(db.cipher.openJson<OutgoingMessage>("outgoing", [id], row["row"]));
      if (end !== undefined && end < before) forgetOutgoing(db, id);
    }
    db.run("DELETE FROM seen WHERE at < ?", time);
    db.run("DELETE FROM receipts WHERE due_at < ?", time);
    db.run("DELETE FROM places WHERE until < ?", time);
    const forgotten = db
      .all("SELECT message FROM incoming GROUP BY message HAVING MAX(at) < ?", time)
      .map((row) => messageId(bytes(row, "message")));
    for (const id of forgotten) db.run("DELETE FROM incoming WHERE message = ?", id);
    return forgotten;
  },
} as const;

/** Whose boxes these are, no column says. */
const placeKey = (db: Database, accountKey: Uint8Array): Uint8Array => db.cipher.index("place", toHex(accountKey));

function writeFragment(db: Database, id: MessageId, index: number, state: OutgoingFragment): void {
  const row = db.cipher.sealJson("outgoing_fragments", [id, index], state);
  db.run("INSERT OR REPLACE INTO outgoing_fragments (message, position, row) VALUES (?, ?, ?)", id, index, row);
}

/** false: it has no such message. */
function changeOutgoing(
  db: Database,
  id: MessageId,
  change: Partial<Pick<OutgoingMessage, "to" | "progress">>,
): boolean {
  const row = db.get("SELECT row FROM outgoing WHERE id = ?", id);
  if (row === undefined) return false;
  const message = db.cipher.openJson<object>("outgoing", [id], row["row"]);
  const sealed = db.cipher.sealJson("outgoing", [id], { ...message, ...change });
  db.run("UPDATE outgoing SET row = ? WHERE id = ?", sealed, id);
  return true;
}

function forgetOutgoing(db: Database, id: Uint8Array): void {
  db.run("DELETE FROM outgoing_fragments WHERE message = ?", id);
  db.run("DELETE FROM outgoing_data WHERE message = ?", id);
  db.run("DELETE FROM outgoing WHERE id = ?", id);
}
