import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { AccountTables } from "#provider-server/accounts/account-tables.ts";
import { ProviderDatabase } from "#provider-server/database/database.ts";
import { MIGRATIONS } from "#provider-server/database/migrations.ts";

test("every older schema with mail in it becomes the newest, and the mail stays", (t) => {
  for (let version = 1; version < MIGRATIONS.length; version++) {
    const path = databasePath(t);
    const old = new ProviderDatabase(path, version);
    old
      .prepare("INSERT INTO mailboxes (id, mailbox_id, next_seq, fragments) VALUES (7, ?, 2, 1)")
      .run(new Uint8Array(32));
    old
      .prepare("INSERT INTO entries (mailbox, seq, kind, surb_id, arrived_hour, body) VALUES (7, 1, 1, ?, 0, ?)")
      .run(new Uint8Array(16), Uint8Array.of(1, 2, 3));
    old.close();

    const migrated = new ProviderDatabase(path);
    assert.equal(migrated.version, MIGRATIONS.length);
    assert.deepEqual(migrated.prepare("SELECT body FROM entries").get()?.["body"], Uint8Array.of(1, 2, 3));
    assert.deepEqual(schemaOf(migrated), schemaOf(new ProviderDatabase(":memory:")));
    migrated.close();
  }
});

test("a database of a later version is left alone", (t) => {
  const path = databasePath(t);
  const later = new ProviderDatabase(path);
  later.prepare(`PRAGMA user_version = ${MIGRATIONS.length + 1}`).run();
  later.close();
  const message = /provider\.db was written by a newer version .*Nothing in it was changed\. .*backup/;
  assert.throws(() => new ProviderDatabase(path), { code: "DATABASE_NEWER", message });
});

test("a file that is no database is said to be none", () => {
  assert.throws(() => new ProviderDatabase("/dev/null/provider.db"), { code: "DATABASE" });
});

test("another program's database is not written to", (t) => {
  for (const version of [0, 3]) {
    const path = databasePath(t);
    const other = new DatabaseSync(path);
    other.exec(`CREATE TABLE accounts (a); PRAGMA user_version = ${version}`);
    other.close();
    const before = readFileSync(path);
    const message = /provider\.db is another program's.*Nothing in it was changed\./;
    assert.throws(() => new ProviderDatabase(path), { code: "DATABASE", message });
    assert.deepEqual(readFileSync(path), before);
  }
});

test("a database whose tables cannot be read is said to be damaged", (t) => {
  const path = databasePath(t);
  const whole = new ProviderDatabase(path);
  whole.close();
  const bytes = readFileSync(path);
  bytes.fill(0x55, 100);
  writeFileSync(path, bytes);
  const message = /provider\.db is damaged.*backup/;
  assert.throws(() => new AccountTables(new ProviderDatabase(path)), { code: "DATABASE_DAMAGED", message });
});

test("a commit that has returned is on the disk, and a row of nobody's mailbox is refused", (t) => {
  const database = new ProviderDatabase(databasePath(t));
  const pragma = (name: string): unknown => database.prepare(`PRAGMA ${name}`).get()?.[name];
  // 2 is FULL: the log is synced at each commit. Below it a loss of power takes the last commits back.
  assert.deepEqual([pragma("synchronous"), pragma("journal_mode"), pragma("foreign_keys")], [2, "wal", 1]);
  database.close();
});

test("a step that fails leaves the version before it", (t) => {
  const path = databasePath(t);
  const database = new ProviderDatabase(path, 1);
  assert.throws(() =>
    database.transaction(() => {
      database.prepare("CREATE TABLE half (id INTEGER)").run();
      throw new Error("power");
    }),
  );
  assert.throws(() => database.prepare("SELECT * FROM half"));
  assert.equal(database.version, 1);
  database.close();
});

const schemaOf = (database: ProviderDatabase): unknown[] =>
  database.prepare("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name").all();

function databasePath(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "starling-database-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return join(directory, "provider.db");
}
