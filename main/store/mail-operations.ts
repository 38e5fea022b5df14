/** Conversations and messages, as transactions on the database. Spec: docs/spec/09-storage.md §5 */

import { type MessageId, utf8 } from "#transport";
import { addAttachments, attachmentsOf, moveAttachments } from "./attachment-operations.ts";
import type { Database, Row } from "./database.ts";
import { addDeliveries, deliveriesOf } from "./delivery-operations.ts";
import { MainError } from "../error.ts";
import { idBytes, idText } from "./ids.ts";
import { FIRST_CHARACTERS, SEARCH_ROWS_MAX, THREAD_CHARACTERS_MAX, THREAD_MESSAGES_MAX } from "./limits.ts";
import type {
  Arrival,
  ConversationRecord,
  ConversationSummary,
  Departure,
  MessageRecord,
  ThreadMessage,
  Unsettled,
} from "./records.ts";
import { bytes, integer } from "./row.ts";

const HTML = 1;
const SOURCE = 2;

export const mailOperations = {
  /** The conversation, or undefined when this very mail is stored already: taking it twice is taking it once. */
  addArrival(db: Database, arrival: Arrival, newConversationId: string): string | undefined {
    const { message } = arrival;
    const identity =
      arrival.signedBy === undefined || message.messageId === ""
        ? null
        : db.cipher.index("identity", `${arrival.signedBy} ${message.messageId}`);
    const known =
      db.get("SELECT id FROM messages WHERE transport_id = ?", message.transportId ?? null) ??
      (identity === null ? undefined : db.get("SELECT id FROM messages WHERE identity = ?", identity));
    if (known !== undefined) return undefined;
    const conversationId = conversationFor(db, {
      references: arrival.references,
      subject: message.subject,
      people: [message.from],
      newConversationId,
    });
    const unsettled = arrival.source !== undefined || message.receipt === "waiting" ? 1 : 0;
    insertMessage(db, { ...message, conversationId }, { unread: 1, identity, unsettled });
    addBodies(db, message.id, { html: arrival.html, source: arrival.source });
    addAttachments(db, message.id, arrival.attachments);
    refreshConversation(db, conversationId);
    return conversationId;
  },

  /** The draft becomes a message in the outbox. */
  addDeparture(db: Database, departure: Departure, newConversationId: string): string {
    const { message } = departure;
    const draft = db.get("SELECT id FROM drafts WHERE id = ?", idBytes(departure.draftId));
    if (draft === undefined) throw new MainError("NOT_FOUND");
    const conversationId = conversationFor(db, {
      references: departure.references,
      subject: message.subject,
      people: message.to,
      newConversationId,
    });
    insertMessage(db, { ...message, conversationId }, { unread: 0, identity: null, unsettled: 0 });
    addBodies(db, message.id, { html: departure.html, source: undefined });
    moveAttachments(db, { from: departure.draftId, to: message.id });
    addDeliveries(db, message.id, { bodies: departure.bodies, queuedAt: message.at });
    db.run("DELETE FROM drafts WHERE id = ?", idBytes(departure.draftId));
    refreshConversation(db, conversationId);
    return conversationId;
  },

  listConversations(
    db: Database,
    o: { folder: "inbox" | "sent"; before?: { at: number; id: string } | undefined; limit: number },
  ): { conversations: ConversationSummary[]; unread: number } {
    const side = o.folder === "inbox" ? "inbound" : "outbound";
    // Mail is dated to the second: without the id, what has the time of a page's last would be on no page.
    const rows = db.all(
      `SELECT id FROM conversations WHERE ${side} = 1 AND (newest_at, id) < (?, ?) ORDER BY newest_at DESC, id DESC LIMIT ?`,
      o.before?.at ?? Number.MAX_SAFE_INTEGER,
      o.before === undefined ? new Uint8Array(0) : idBytes(o.before.id),
      o.limit,
    );
    const unread = db.get("SELECT COUNT(DISTINCT conversation) AS n FROM messages WHERE unread = 1");
    return {
      conversations: rows.map((row) => summary(db, bytes(row, "id"))),
      unread: unread === undefined ? 0 : integer(unread, "n"),
    };
  },

  /** Every word must occur; the last one may be the beginning of one. Newest conversation first. */
  search(db: Database, o: { query: string; limit: number }): ConversationSummary[] {
    const words = o.query.match(/[\p{L}\p{N}]+/gu) ?? [];
    if (words.length === 0) return [];
    const match = words.map((word, i) => (i === words.length - 1 ? `"${word}"*` : `"${word}"`)).join(" ");
    const rows = db.all(
      `SELECT DISTINCT conversation FROM messages
       WHERE number IN (SELECT rowid FROM search WHERE search MATCH ? ORDER BY rowid DESC LIMIT ?)
       ORDER BY at DESC LIMIT ?`,
      match,
      SEARCH_ROWS_MAX,
      SEARCH_ROWS_MAX,
    );
    const ids = [
      ...new Map(rows.map((row) => [idText(bytes(row, "conversation")), bytes(row, "conversation")])).values(),
    ];
    return ids.slice(0, o.limit).map((id) => summary(db, id));
  },

  thread(db: Database, conversationId: string): { conversation: ConversationSummary; messages: ThreadMessage[] } {
    const id = idBytes(conversationId);
    const rows = db.all(
      "SELECT * FROM messages WHERE conversation = ? ORDER BY at DESC, number DESC LIMIT ?",
      id,
      THREAD_MESSAGES_MAX,
    );
    const messages: ThreadMessage[] = [];
    let characters = 0;
    for (const row of rows) {
      const message = readMessage(db, row);
      characters += message.text.length;
      if (messages.length > 0 && characters > THREAD_CHARACTERS_MAX) break;
      messages.unshift({
        message,
        unread: integer(row, "unread") === 1,
        attachments: attachmentsOf(db, message.id),
        deliveries: deliveriesOf(db, message.id),
      });
    }
    return { conversation: summary(db, id), messages };
  },

  message(db: Database, id: string): MessageRecord | undefined {
    const row = db.get("SELECT * FROM messages WHERE id = ?", idBytes(id));
    return row === undefined ? undefined : readMessage(db, row);
  },

  html: (db: Database, id: string): string | undefined => {
    const body = readBody(db, id, HTML);
    return body === undefined ? undefined : new TextDecoder().decode(body);
  },

  source: (db: Database, id: string): Uint8Array | undefined => readBody(db, id, SOURCE),

  markRead(db: Database, conversationId: string): boolean {
    return db.run("UPDATE messages SET unread = 0 WHERE conversation = ? AND unread = 1", idBytes(conversationId)) > 0;
  },

  /** Inbound messages that still want something: a signature judged, a receipt asked for. Oldest first; all, or the one of the id. */
  unsettled: (db: Database, only: MessageId | null = null): Unsettled[] =>
    db
      .all(
        `SELECT id, row, EXISTS (SELECT 1 FROM bodies WHERE message = messages.id AND kind = ?) AS source
         FROM messages WHERE unsettled = 1 ${only === null ? "" : "AND transport_id = ?"} ORDER BY at`,
        ...(only === null ? [SOURCE] : [SOURCE, only]),
      )
      .map((row) => {
        const { id, conversationId, from, at, signature, transportId, receipt } = readMessage(db, row);
        return {
          id,
          conversationId,
          from,
          at,
          signature,
          transportId,
          receipt,
          hasSource: integer(row, "source") === 1,
        };
      }),

  /** What was found out about a message since. Its source is dropped: the signature is judged. */
  settleMessage(
    db: Database,
    messageId: string,
    o: { change: Partial<Pick<MessageRecord, "content" | "signature" | "receipt">>; unsettled: boolean },
  ): void {
    const id = idBytes(messageId);
    const row = db.get("SELECT * FROM messages WHERE id = ?", id);
    if (row === undefined) throw new MainError("NOT_FOUND");
    const sealed = db.cipher.sealJson("messages", [id], { ...readMessage(db, row), ...o.change });
    db.run("UPDATE messages SET row = ?, unsettled = ? WHERE id = ?", sealed, o.unsettled ? 1 : 0, id);
    db.run("DELETE FROM bodies WHERE message = ? AND kind = ?", id, SOURCE);
  },
} as const;

interface Thread {
  readonly references: readonly string[];
  readonly subject: string;
  readonly people: MessageRecord["to"];
  readonly newConversationId: string;
}

/** The conversation of the newest mail that is answered, or a new one. */
function conversationFor(db: Database, o: Thread): string {
  for (const reference of o.references.toReversed()) {
    const key = db.cipher.index("thread", reference);
    const row = db.get("SELECT conversation FROM messages WHERE thread_key = ? LIMIT 1", key);
    if (row !== undefined) return idText(bytes(row, "conversation"));
  }
  const id = idBytes(o.newConversationId);
  const record: ConversationRecord = { id: o.newConversationId, people: o.people, subject: o.subject };
  const sealed = db.cipher.sealJson("conversations", [id], record);
  db.run("INSERT INTO conversations (id, newest_at, inbound, outbound, row) VALUES (?, 0, 0, 0, ?)", id, sealed);
  return o.newConversationId;
}

function insertMessage(
  db: Database,
  message: MessageRecord,
  o: { unread: number; identity: Uint8Array | null; unsettled: number },
): void {
  const id = idBytes(message.id);
  db.run(
    `INSERT INTO messages (id, conversation, at, unread, transport_id, identity, thread_key, unsettled, row)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    id,
    idBytes(message.conversationId),
    message.at,
    o.unread,
    message.transportId ?? null,
    o.identity,
    message.messageId === "" ? null : db.cipher.index("thread", message.messageId),
    o.unsettled,
    db.cipher.sealJson("messages", [id], message),
  );
  const row = db.get("SELECT number FROM messages WHERE id = ?", id) as Row;
  db.run("INSERT INTO search (rowid, words) VALUES (?, ?)", integer(row, "number"), wordsOf(message));
}

const wordsOf = (message: MessageRecord): string =>
  [message.subject, message.text, ...[message.from, ...message.to].flatMap((p) => [p.name, p.address])].join("\n");

function addBodies(
  db: Database,
  messageId: string,
  o: { html: string | undefined; source: Uint8Array | undefined },
): void {
  const id = idBytes(messageId);
  const kinds: [number, Uint8Array | undefined][] = [
    [HTML, o.html === undefined ? undefined : utf8(o.html)],
    [SOURCE, o.source],
  ];
  for (const [kind, body] of kinds) {
    if (body === undefined) continue;
    const sealed = db.cipher.seal("bodies", [id, kind], body);
    db.run("INSERT INTO bodies (message, kind, row) VALUES (?, ?, ?)", id, kind, sealed);
  }
}

function readBody(db: Database, messageId: string, kind: number): Uint8Array | undefined {
  const id = idBytes(messageId);
  const row = db.get("SELECT row FROM bodies WHERE message = ? AND kind = ?", id, kind);
  return row === undefined ? undefined : db.cipher.open("bodies", [id, kind], row["row"]);
}

function refreshConversation(db: Database, conversationId: string): void {
  const id = idBytes(conversationId);
  const rows = db.all("SELECT * FROM messages WHERE conversation = ? ORDER BY at, number", id);
  const messages = rows.map((row) => readMessage(db, row));
  db.run(
    "UPDATE conversations SET newest_at = ?, inbound = ?, outbound = ? WHERE id = ?",
    Math.max(...messages.map((message) => message.at)),
    messages.some((message) => message.direction === "in") ? 1 : 0,
    messages.some((message) => message.direction === "out") ? 1 : 0,
    id,
  );
  const row = db.get("SELECT row FROM conversations WHERE id = ?", id) as Row;
  const record = db.cipher.openJson<ConversationRecord>("conversations", [id], row["row"]);
  const others = messages.flatMap((message) => (message.direction === "in" ? [message.from] : message.to));
  // The latest name that somebody gave themselves stands.
  const people = [...new Map([...record.people, ...others].map((person) => [person.address, person])).values()];
  const sealed = db.cipher.sealJson("conversations", [id], { ...record, people: people.slice(0, PEOPLE_SHOWN_MAX) });
  db.run("UPDATE conversations SET row = ? WHERE id = ?", sealed, id);
}

/** As contract.ts. */
const PEOPLE_SHOWN_MAX = 50;

function summary(db: Database, id: Uint8Array): ConversationSummary {
  const row = db.get("SELECT row FROM conversations WHERE id = ?", id);
  const newest = db.get("SELECT * FROM messages WHERE conversation = ? ORDER BY at DESC, number DESC LIMIT 1", id);
  if (row === undefined || newest === undefined) throw new MainError("NOT_FOUND");
  const counts = db.get(
    `SELECT COUNT(*) AS messages, SUM(unread) AS unread,
       EXISTS (SELECT 1 FROM attachments WHERE owner IN (SELECT id FROM messages WHERE conversation = ?1)) AS files
     FROM messages WHERE conversation = ?1`,
    id,
  ) as Row;
  const outgoing = db.get(
    `SELECT id FROM messages WHERE conversation = ? AND EXISTS (SELECT 1 FROM deliveries WHERE message = messages.id)
     ORDER BY at DESC, number DESC LIMIT 1`,
    id,
  );
  const first = readMessage(db, newest);
  return {
    conversation: db.cipher.openJson("conversations", [id], row["row"]),
    newest: { ...first, text: first.text.slice(0, FIRST_CHARACTERS) },
    unread: integer(counts, "unread") > 0,
    messages: integer(counts, "messages"),
    hasAttachments: integer(counts, "files") === 1,
    deliveries: outgoing === undefined ? [] : deliveriesOf(db, idText(bytes(outgoing, "id"))).map((d) => d.delivery),
  };
}

function readMessage(db: Database, row: Row): MessageRecord {
  return db.cipher.openJson("messages", [bytes(row, "id")], row["row"]);
}
