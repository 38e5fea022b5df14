/**
 * The tables, one migration for each version of them. A column outside `row` only finds and orders rows; what a row says is
 * sealed inside `row`. No column holds text: a damaged page must never reach a UTF-8 decoder. Spec: docs/spec/09-storage.md §3
 */

/** Entry n brings a database from version n to n + 1. Never edited once released, only added to. */
export const MIGRATIONS: readonly string[] = [
  `
  -- Singletons: the account, the transport's own account, settings.
  CREATE TABLE meta (name BLOB PRIMARY KEY, row BLOB NOT NULL) WITHOUT ROWID;

  -- People, by a keyed hash of their address.
  CREATE TABLE contacts (id BLOB PRIMARY KEY, used_at INTEGER NOT NULL, row BLOB NOT NULL) WITHOUT ROWID;

  CREATE TABLE conversations (
    id BLOB PRIMARY KEY, newest_at INTEGER NOT NULL, inbound INTEGER NOT NULL, outbound INTEGER NOT NULL, row BLOB NOT NULL
  );
  CREATE INDEX conversations_newest ON conversations (newest_at);

  -- \`number\` is the row of the search index. \`transport_id\` makes taking a message twice taking it once;
  -- \`identity\` is a keyed hash of signer and Message-ID; \`thread_key\` of the Message-ID alone, by which replies find their conversation.
  CREATE TABLE messages (
    number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, conversation BLOB NOT NULL, at INTEGER NOT NULL,
    unread INTEGER NOT NULL, transport_id BLOB UNIQUE, identity BLOB UNIQUE, thread_key BLOB, unsettled INTEGER NOT NULL,
    row BLOB NOT NULL
  );
  CREATE INDEX messages_conversation ON messages (conversation, at);
  CREATE INDEX messages_thread ON messages (thread_key);
  CREATE INDEX messages_unsettled ON messages (unsettled) WHERE unsettled = 1;

  -- Large things of a message: its HTML, and for a mail whose signature could not be judged yet, the mail as it came.
  CREATE TABLE bodies (message BLOB NOT NULL, kind INTEGER NOT NULL, row BLOB NOT NULL, PRIMARY KEY (message, kind));

  -- \`owner\` is a message or a draft.
  CREATE TABLE attachments (
    handle BLOB PRIMARY KEY, owner BLOB NOT NULL, position INTEGER NOT NULL, row BLOB NOT NULL, data BLOB NOT NULL
  );
  CREATE INDEX attachments_owner ON attachments (owner, position);

  CREATE TABLE drafts (id BLOB PRIMARY KEY, saved_at INTEGER NOT NULL, row BLOB NOT NULL);

  -- One for each reader of a message of ours. \`body\` is the sealed mail until the transport has taken it.
  CREATE TABLE deliveries (
    message BLOB NOT NULL, position INTEGER NOT NULL, transport_id BLOB UNIQUE, row BLOB NOT NULL, body BLOB,
    PRIMARY KEY (message, position)
  );

  CREATE VIRTUAL TABLE search USING fts5 (words, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2');

  -- What the transport keeps (transport/client/store.ts).
  CREATE TABLE consensuses (epoch INTEGER PRIMARY KEY, row BLOB NOT NULL);
  CREATE TABLE mailbox_keys (valid_from INTEGER PRIMARY KEY, erase_at INTEGER NOT NULL, row BLOB NOT NULL);
  CREATE TABLE outgoing (id BLOB PRIMARY KEY, queued_at INTEGER NOT NULL, finished INTEGER NOT NULL, row BLOB NOT NULL);
  CREATE TABLE outgoing_fragments (
    message BLOB NOT NULL, position INTEGER NOT NULL, row BLOB NOT NULL, PRIMARY KEY (message, position)
  ) WITHOUT ROWID;
  CREATE TABLE outgoing_data (
    message BLOB NOT NULL, position INTEGER NOT NULL, row BLOB NOT NULL, PRIMARY KEY (message, position)
  );
  CREATE TABLE incoming (
    message BLOB NOT NULL, position INTEGER NOT NULL, total INTEGER NOT NULL, message_bytes INTEGER NOT NULL,
    bytes INTEGER NOT NULL, at INTEGER NOT NULL, row BLOB NOT NULL, PRIMARY KEY (message, position)
  );
  CREATE TABLE seen (id BLOB PRIMARY KEY, at INTEGER NOT NULL, row BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE receipts (id BLOB PRIMARY KEY, due_at INTEGER NOT NULL, row BLOB NOT NULL) WITHOUT ROWID;
  `,
  `
  -- Where people are written to besides their mailboxes, by a keyed hash of their account key.
  CREATE TABLE places (id BLOB PRIMARY KEY, until INTEGER NOT NULL, row BLOB NOT NULL) WITHOUT ROWID;
  `,
  `
  -- It said 0 of whatever was written after a receipt, so that nothing delivered was ever forgotten. The row says when that was.
  ALTER TABLE outgoing DROP COLUMN finished;
  `,
];

export const SCHEMA_VERSION = MIGRATIONS.length;
