/** What mailboxes make of a full disk, a database that others hold, a restart and a backup. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { AccountTables } from "#provider-server/accounts/account-tables.ts";
import { ProviderDatabase } from "#provider-server/database/database.ts";
import { LOCK_WAIT } from "#provider-server/database/limits.ts";
import { skipNumbersInUse } from "#provider-server/mailbox/after-restore.ts";
import { MailboxStore } from "#provider-server/mailbox/mailbox-store.ts";
import { LATENESS_MAX } from "#provider-server/node/limits.ts";
import { keptLog } from "#test/support/kept-log.ts";
import { seconds } from "#transport/core/units.ts";
import { alice, body, box, databasePath, device, hash, setUp } from "./mailbox-scene.ts";

test("a full disk refuses entries, says so once, and takes them again when there is room", async () => {
  const { store, database, clock, deliver, drops, lines } = setUp();
  deliver(alice.box, 1);
  await clock.runFor(seconds(1));
  database.limitPages(database.pages);
  for (let n = 2; n < 40; n++) {
    deliver(alice.box, n);
    await clock.runFor(seconds(1));
  }
  assert.ok(drops.includes("DISK_FULL"));
  assert.equal(lines.filter((line) => line.includes("disk is full")).length, 1);
  const refused = store.have(alice.box, [hash(39)]);
  assert.deepEqual(refused, [false]);
  database.limitPages(100_000);
  deliver(alice.box, 39);
  await clock.runFor(seconds(1));
  assert.deepEqual(store.have(alice.box, [hash(39)]), [true]);
  assert.equal(lines.filter((line) => line.includes("takes entries again")).length, 1);
});

test("a database that another program holds refuses entries for as long, and holds up nobody", async (t) => {
  const path = databasePath(t);
  const { clock, database, store, deliver, drops, lines } = setUp({ path });
  database.waitAtMost(LOCK_WAIT);
  const other = new ProviderDatabase(path);
  other.prepare("BEGIN IMMEDIATE").run();
  const before = performance.now();
  deliver(alice.box, 1);
  await clock.runFor(seconds(1));
  // Later packets would be dropped: docs/spec/06-mix.md §4.
  assert.ok(performance.now() - before < LATENESS_MAX);
  assert.deepEqual(drops, ["DISK_FULL"]);
  other.prepare("COMMIT").run();
  deliver(alice.box, 2);
  await clock.runFor(seconds(1));
  assert.deepEqual(store.have(alice.box, [hash(1), hash(2)]), [false, true]);
  assert.equal(lines.length, 2);
  other.close();
  database.close();
});

test("what was committed is there after the database is opened again", async (t) => {
  const path = databasePath(t);
  const first = setUp({ path });
  first.deliver(alice.box, 1);
  await first.clock.runFor(seconds(1));
  first.database.close();
  const again = new ProviderDatabase(path);
  const { log } = keptLog(first.clock);
  const store = new MailboxStore({ ...first.dependencies, database: again, log });
  assert.equal(store.next({ deviceKey: alice.device, cursor: 0 })?.body[0], 1);
  again.close();
});

test("after a backup was put back, what comes reaches a device whose cursor is ahead, once the numbers were raised", async () => {
  for (const isRaised of [true, false]) {
    const { store, clock, deliver, database } = setUp();
    deliver(alice.box, 1);
    await clock.runFor(seconds(1));
    // Before the restoration Alice had collected seven; the backup knows of one.
    const cursor = 7;
    if (isRaised) assert.equal(skipNumbersInUse(database), 2);
    store.next({ deviceKey: alice.device, cursor });
    deliver(alice.box, 2);
    await clock.runFor(seconds(1));
    const entry = store.next({ deviceKey: alice.device, cursor });
    // Without it the entry would count as collected: what the command is for.
    assert.equal(entry?.body[0], isRaised ? 2 : undefined);
    if (entry === undefined) continue;
    assert.equal(store.next({ deviceKey: alice.device, cursor: entry.seq }), undefined);
    assert.equal(skipNumbersInUse(database), 2); // a second restoration
    deliver(alice.box, 3);
    await clock.runFor(seconds(1));
    assert.equal(store.next({ deviceKey: alice.device, cursor: entry.seq })?.body[0], 3);
  }
});

test("notices, replies and the next entry for a device are each looked up by themselves, however much else waits", async () => {
  const asked: string[] = [];
  class Watched extends ProviderDatabase {
    override prepare(sql: string): ReturnType<ProviderDatabase["prepare"]> {
      asked.push(sql);
      return super.prepare(sql);
    }
  }
  const database = new Watched(":memory:");
  const { store, clock, deliver, deliverReply, addDevice } = setUp({ database, replies: 1 });
  addDevice("alice", device(11), box(111));
  for (const n of [1, 2]) deliverReply(alice.replies, n);
  for (let n = 0; n < 100; n++) deliver(alice.box, n);
  await clock.runFor(seconds(1));
  const tables = new AccountTables(database);
  assert.equal(tables.hasNoticeFor(alice.device), false);
  assert.equal(store.notify(alice.box, body(1)), true);
  assert.equal(tables.hasNoticeFor(alice.device), true);
  store.next({ deviceKey: alice.device, cursor: 103 });
  await clock.runFor(seconds(1));
  assert.deepEqual(
    [alice.device, device(11)].map((key) => tables.hasNoticeFor(key)),
    [false, true],
  );
  // Every question about these, as SQLite would look for its answer.
  const plans = [...new Set(asked)]
    .filter((sql) => sql.startsWith("SELECT") && /FROM entries/.test(sql) && /\bkind = |device_key = /.test(sql))
    .map((sql) =>
      database
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map((step) => String(step["detail"])),
    );
  const steps = plans.flat().filter((step) => step.includes("entries"));
  assert.deepEqual(steps.toSorted(), [
    "SEARCH entries USING COVERING INDEX entries_by_device (mailbox=? AND device_key=? AND seq<?)",
    "SEARCH entries USING COVERING INDEX entries_by_device (mailbox=? AND device_key=? AND seq>?)",
    "SEARCH entries USING COVERING INDEX entries_by_device (mailbox=? AND device_key=? AND seq>?)",
    "SEARCH entries USING COVERING INDEX entries_by_device (mailbox=? AND device_key=?)",
    "SEARCH entries USING COVERING INDEX notices (mailbox=? AND seq>?)",
    "SEARCH entries USING COVERING INDEX notices (mailbox=?)",
    // What was found is read by its number.
    "SEARCH entries USING INDEX sqlite_autoindex_entries_1 (mailbox=? AND seq=?)",
  ]);
  store.stop();
  database.close();
});
