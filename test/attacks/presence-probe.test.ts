/**
 * A stranger's mail must not reveal when its reader is there: a receipt leaves only when the program says for whom, which it
 * does for accepted contacts (docs/spec/01-message.md §4). Nor may the room that reading makes (docs/spec/07-mailbox.md §4).
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { AccountTables } from "#provider-server/accounts/account-tables.ts";
import { ProviderDatabase } from "#provider-server/database/database.ts";
import { FRAGMENTS_PER_MAILBOX_MAX } from "#provider-server/mailbox/limits.ts";
import { MailboxStore } from "#provider-server/mailbox/mailbox-store.ts";
import { alice, DAY, fragment, hash, setUp } from "#test/provider-server/mailbox/mailbox-scene.ts";
import { utf8 } from "#transport/core/bytes.ts";
import { DEMO_PARAMETERS, LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";
import { World } from "#test/sim/world.ts";

test("a mail that is read but not acknowledged is never answered by a receipt, however often it is repeated", async () => {
  const carried: string[] = [];
  const world = await World.create({ seed: "stranger" });
  const mallory = await world.join({ name: "mallory", provider: "a" });
  const bob = await world.join({
    name: "bob",
    provider: "b",
    observer: { slotSent: ({ carried: cargo }) => carried.push(cargo) },
  });
  const record = await world.clock.runUntilSettled(mallory.client.lookup(bob.address), seconds(120));
  assert.ok(record);
  const id = await world.clock.runUntilSettled(
    mallory.client.send({ to: record, body: utf8("are you there?") }),
    seconds(9),
  );
  await world.clock.runWhile(() => bob.received.size === 0, seconds(60));
  assert.equal(bob.received.size, 1);
  for (let i = 0; i < 3; i++) {
    await mallory.client.retry({ messageId: id, to: undefined });
    await world.clock.runFor(seconds(25));
  }
  assert.ok(!carried.includes("receipt"));
  assert.notEqual(mallory.client.journeys()[0]?.delivery, "delivered");
  await world.stop();
});

const HOUR = 3600 * 1000;
const PLACES = 20;

/** Somebody fills the mailbox at the beginning of an hour while its reader is away; `probe` sends one more and asks for it. */
async function fullMailbox(database = new ProviderDatabase(":memory:")) {
  const scene = setUp({ database, fragments: PLACES, roomSpan: HOUR });
  const { clock, deliver } = scene;
  let { store } = scene;
  for (let n = 1; n <= PLACES; n++) deliver(alice.box, n);
  await clock.runFor(seconds(1));
  let sent = PLACES;
  const probe = async (): Promise<boolean> => {
    const n = ++sent;
    store.deliver({ ...scene.fragment(alice.box, n) });
    await clock.runFor(seconds(1));
    return store.have(alice.box, [hash(n)])[0] as boolean;
  };
  return {
    ...scene,
    probe,
    read: async (cursor: number): Promise<void> => {
      store.next({ deviceKey: alice.device, cursor });
      await clock.runFor(seconds(1));
    },
    restart: (): void => {
      store.stop();
      store = new MailboxStore(scene.dependencies);
    },
    waiting: (): number => Number(database.prepare("SELECT COUNT(*) AS n FROM entries").get()?.["n"]),
  };
}

test("who fills a mailbox and probes whether there is room again learns in which hour it was read, and not when", async () => {
  const { probe, read, clock, waiting } = await fullMailbox();
  assert.equal(await probe(), false);
  await clock.runFor(seconds(600));
  assert.equal(await probe(), false, "nobody was there");
  await read(PLACES / 2);
  assert.equal(waiting(), PLACES / 2, "what was read is gone from the disk");
  for (let minute = 12; minute < 59; minute += 10) {
    assert.equal(await probe(), false, `at minute ${minute}, after it was read`);
    await clock.runUntil(milliseconds(1000 * DAY + minute * 60_000));
  }
  await clock.runUntil(milliseconds(1000 * DAY + HOUR));
  assert.equal(await probe(), true, "the next hour has room");
  // All of it fills again, and what is read meanwhile gives none.
  await read(PLACES);
  for (let n = 1; n < PLACES / 2; n++) assert.equal(await probe(), true);
  assert.equal(await probe(), false);
});

test("who reads in many small pieces, as polls do, tells no more", async () => {
  const { probe, read } = await fullMailbox();
  for (let cursor = 1; cursor <= PLACES / 2; cursor++) await read(cursor);
  assert.equal(await probe(), false);
});

test("a provider that starts anew in that hour tells no more", async () => {
  const { probe, read, restart, clock } = await fullMailbox();
  await read(PLACES);
  restart();
  assert.equal(await probe(), false);
  await clock.runUntil(milliseconds(1000 * DAY + HOUR));
  assert.equal(await probe(), true);
});

test("a provider's spans are its network's epochs: a full mailbox that is read has room when the next one begins", async () => {
  const world = await World.build({ seed: "spans" });
  const { clock, parameters } = world;
  const { duration } = parameters.epoch;
  const database = world.database("a");
  const owner = { localPart: "alice", skeleton: "alice", accountKey: new Uint8Array(32), deviceKey: alice.device };
  new AccountTables(database).create({ ...owner, mailboxId: alice.box, day: Math.floor(clock.now() / DAY) });
  database.prepare("UPDATE mailboxes SET fragments = ?").run(FRAGMENTS_PER_MAILBOX_MAX - 1);
  const { mailbox } = world.provider("a");
  const isTaken = async (n: number): Promise<boolean> => {
    mailbox.deliver(fragment(alice.box, n));
    await clock.runFor(seconds(1));
    return mailbox.have(alice.box, [hash(n)])[0] as boolean;
  };
  await clock.runUntil(milliseconds(Math.ceil(clock.now() / duration) * duration));
  assert.deepEqual([await isTaken(1), await isTaken(2)], [true, false]);
  mailbox.next({ deviceKey: alice.device, cursor: 1 });
  await clock.runFor(milliseconds(duration - seconds(4)));
  assert.equal(await isTaken(3), false);
  await clock.runFor(seconds(1));
  assert.equal(await isTaken(4), true);
  await world.stop();
});

test("a mailbox that nobody fills has room for all that a reader can collect in an hour", () => {
  for (const { epoch, profiles } of [LIVE_PARAMETERS, DEMO_PARAMETERS])
    for (const { pollRate } of Object.values(profiles))
      assert.ok((pollRate * epoch.duration) / 1000 < 0.75 * FRAGMENTS_PER_MAILBOX_MAX);
});
