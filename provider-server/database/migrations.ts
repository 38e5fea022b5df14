/**
 * The provider's database, one step per schema version; a step that has been released never changes. Plain SQL that
 * PostgreSQL understands as well, apart from the types' names. Spec: docs/spec/07-mailbox.md §6
 */

export const MIGRATIONS: readonly string[] = [
  // 1: mailboxes. `seq` counts per mailbox: a shared counter would tell each reader how much mail all others get.
  `
  CREATE TABLE mailboxes (
    id INTEGER PRIMARY KEY,
    mailbox_id BLOB NOT NULL UNIQUE,
    next_seq INTEGER NOT NULL DEFAULT 1,
    fragments INTEGER NOT NULL DEFAULT 0,
    replies INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE entries (
    mailbox INTEGER NOT NULL REFERENCES mailboxes (id),
    seq INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    surb_id BLOB NOT NULL,
    arrived_hour INTEGER NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (mailbox, seq)
  );
  CREATE INDEX entries_by_age ON entries (arrived_hour);
  CREATE TABLE hashes (
    mailbox INTEGER NOT NULL REFERENCES mailboxes (id),
    hash BLOB NOT NULL,
    arrived_hour INTEGER NOT NULL,
    PRIMARY KEY (mailbox, hash)
  ) WITHOUT ROWID;
  CREATE INDEX hashes_by_age ON hashes (arrived_hour);
  CREATE TABLE devices (
    device_key BLOB NOT NULL PRIMARY KEY,
    mailbox INTEGER NOT NULL REFERENCES mailboxes (id),
    cursor INTEGER NOT NULL DEFAULT 0,
    polled_day INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX devices_by_mailbox ON devices (mailbox);
  `,
  // 2: accounts. A name's row is never deleted, so that no name is ever given out twice.
  `
  CREATE TABLE accounts (
    local_part TEXT NOT NULL PRIMARY KEY,
    skeleton TEXT NOT NULL UNIQUE,
    mailbox INTEGER NOT NULL UNIQUE REFERENCES mailboxes (id),
    account_key BLOB NOT NULL,
    record BLOB
  );
  CREATE TABLE invites (
    code_hash BLOB NOT NULL PRIMARY KEY,
    uses_left INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
  // 3: what an account has ready for a new device. `used_by` may ask again, should the answer have been lost.
  `
  CREATE TABLE offers (
    token_hash BLOB NOT NULL PRIMARY KEY,
    mailbox INTEGER NOT NULL UNIQUE REFERENCES mailboxes (id),
    expires_minute INTEGER NOT NULL,
    used_by BLOB,
    bundle BLOB NOT NULL
  ) WITHOUT ROWID;
  `,
  // 4: replies and tokens. What each device ordered for which provider, what was signed for whom, what was spent here; by period.
  `
  CREATE TABLE token_orders (
    period INTEGER NOT NULL,
    device_key BLOB NOT NULL,
    provider BLOB NOT NULL,
    mailbox INTEGER NOT NULL REFERENCES mailboxes (id),
    digest BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (period, device_key, provider)
  ) WITHOUT ROWID;
  CREATE INDEX token_orders_by_mailbox ON token_orders (period, mailbox);
  CREATE TABLE tokens_signed (
    period INTEGER NOT NULL,
    issuer BLOB NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (period, issuer)
  ) WITHOUT ROWID;
  -- Where replies by SURB come: unlike the mailbox id, nobody else knows it. NULL until the account's program gives one.
  ALTER TABLE mailboxes ADD COLUMN reply_id BLOB;
  CREATE UNIQUE INDEX mailboxes_by_reply ON mailboxes (reply_id);
  CREATE TABLE tokens_spent (
    period INTEGER NOT NULL,
    nonce BLOB NOT NULL,
    PRIMARY KEY (period, nonce)
  ) WITHOUT ROWID;
  `,
  // 5: what a device is called, sealed by the account's devices. NULL until one of them says so.
  `
  ALTER TABLE devices ADD COLUMN label BLOB;
  `,
  // 6: until which minute a device that has used a code has to say that it is done. NULL for one that has.
  `
  ALTER TABLE devices ADD COLUMN joining_until INTEGER;
  CREATE INDEX devices_joining ON devices (joining_until) WHERE joining_until IS NOT NULL;
  `,
  // 7: notices (kind 3) by themselves. Without it each question about them looks at all the mail that waits.
  `
  CREATE INDEX notices ON entries (mailbox, seq) WHERE kind = 3;
  `,
  // 8: boxes, mailboxes without an account, and their readers. `until`, in ms, is when one stops taking entries.
  `
  CREATE TABLE boxes (
    mailbox INTEGER NOT NULL PRIMARY KEY REFERENCES mailboxes (id),
    until INTEGER NOT NULL
  );
  CREATE INDEX boxes_by_age ON boxes (until);
  -- Not devices: those are of links, and a box is collected from through the mix network only.
  CREATE TABLE box_readers (
    mailbox INTEGER NOT NULL REFERENCES boxes (mailbox),
    reader_id BLOB NOT NULL,
    cursor INTEGER NOT NULL DEFAULT 0,
    collected_day INTEGER NOT NULL,
    PRIMARY KEY (mailbox, reader_id)
  ) WITHOUT ROWID;
  `,
  // 9: replies (kind 2) wait for the device that asked, no more for all of its account. Those that do cannot be told apart: who
  // asked asks again. `reply_id` is NULL until the device's program gives one, `device_key` of all other entries.
  `
  DELETE FROM entries WHERE kind = 2;
  DROP INDEX mailboxes_by_reply;
  ALTER TABLE mailboxes DROP COLUMN reply_id;
  ALTER TABLE mailboxes DROP COLUMN replies;
  ALTER TABLE devices ADD COLUMN reply_id BLOB;
  CREATE UNIQUE INDEX devices_by_reply ON devices (reply_id);
  ALTER TABLE entries ADD COLUMN device_key BLOB;
  CREATE INDEX entries_by_device ON entries (mailbox, device_key, seq);
  `,
  // 10: of how many fragments reading has freed the room in the span of time `freed_in`, which is none before the next.
  `
  ALTER TABLE mailboxes ADD COLUMN freed INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE mailboxes ADD COLUMN freed_in INTEGER NOT NULL DEFAULT 0;
  `,
];
