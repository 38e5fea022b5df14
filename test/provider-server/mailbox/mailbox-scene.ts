/** A provider's mailboxes in memory: Alice's and Bob's, what comes for them, and their devices. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { AccountTables } from "#provider-server/accounts/account-tables.ts";
import { ProviderDatabase } from "#provider-server/database/database.ts";
import { type Arrival, MailboxStore } from "#provider-server/mailbox/mailbox-store.ts";
import type { DropReason } from "#provider-server/observe/drop-reason.ts";
import { keptLog } from "#test/support/kept-log.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { toHex } from "#transport/core/bytes.ts";
import { type MailboxId, mailboxId, type Milliseconds, milliseconds, surbId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";

const suite = await loadSuite("x25519", "native");
export const DAY = 24 * 3600 * 1000;
export const alice = { box: box(1), device: device(1), replies: box(101) };
export const bob = { box: box(2), device: device(2), replies: box(102) };

interface SetUp {
  readonly path?: string;
  readonly database?: ProviderDatabase;
  readonly fragments?: number;
  readonly replies?: number;
  readonly retentionDays?: number;
  /** A second unless given: tests of other things need not wait. */
  readonly roomSpan?: number;
  readonly knownTime?: () => Milliseconds | undefined;
}

export function setUp(options: SetUp = {}) {
  const clock = new VirtualClock({ start: milliseconds(1000 * DAY) });
  const database = options.database ?? new ProviderDatabase(options.path ?? ":memory:");
  const { log, lines } = keptLog(clock);
  const drops: DropReason[] = [];
  const tables = new AccountTables(database);
  const day = 1000;
  for (const [localPart, { box: id, device: deviceKey, replies: replyId }] of Object.entries({ alice, bob })) {
    tables.create({ localPart, skeleton: localPart, accountKey: new Uint8Array(32), mailboxId: id, deviceKey, day });
    assert.ok(tables.setReplyId(deviceKey, replyId));
  }
  const dependencies = {
    database,
    clock,
    log,
    quota: { fragments: options.fragments ?? 1000, replies: options.replies ?? 10, boxFragments: 5, boxBytes: 1000 },
    retention: milliseconds((options.retentionDays ?? 30) * DAY),
    roomSpan: milliseconds(options.roomSpan ?? 1000),
    knownTime: options.knownTime ?? (() => clock.now()),
    onDrop: (reason: DropReason) => drops.push(reason),
  };
  const store = new MailboxStore(dependencies);
  return {
    clock,
    database,
    dependencies,
    store,
    drops,
    lines,
    fragment,
    deliver: (id: MailboxId, n: number, onStored: () => void = () => undefined) =>
      store.deliver({ ...fragment(id, n), onStored }),
    deliverReply: (id: MailboxId, n: number, onStored: () => void = () => undefined) =>
      store.deliver({
        mailboxId: id,
        kind: "reply",
        surbId: surbId(new Uint8Array(16)),
        body: body(n),
        hash: hash(n),
        onStored,
      }),
    /** First bytes of the bodies that are kept, in order. */
    waiting: (): number[] =>
      database
        .prepare("SELECT body FROM entries ORDER BY mailbox, seq")
        .all()
        .map((row) => (row["body"] as Uint8Array)[0] as number),
    endJoining: () => tables.endJoining(Number.MAX_SAFE_INTEGER, suite),
    removeDevice: (key: Uint8Array) => tables.removeDevice(key),
    addDevice: (localPart: string, key: Uint8Array, replyId?: MailboxId): void => {
      const account = tables.named(localPart);
      assert.ok(account);
      tables.addDevice(account, { deviceKey: key, day, until: Number.MAX_SAFE_INTEGER });
      if (replyId !== undefined) assert.ok(tables.setReplyId(key, replyId));
    },
  };
}

export const fragment = (id: MailboxId, n: number): Arrival => ({
  mailboxId: id,
  kind: "fragment",
  surbId: surbId(new Uint8Array(16)),
  body: body(n),
  hash: hash(n),
});

/** Polls as a client does until nothing is left; the first bytes of the bodies. */
export function drain(store: MailboxStore, deviceKey: Uint8Array): number[] {
  const bodies: number[] = [];
  for (let cursor = 0; ; ) {
    const entry = store.next({ deviceKey, cursor });
    if (entry === undefined) return bodies;
    bodies.push(entry.body[0] as number);
    cursor = entry.seq;
  }
}

export function databasePath(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "starling-mailbox-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return join(directory, "provider.db");
}

export function body(n: number): Uint8Array {
  return new Uint8Array(2000).fill(n);
}

export function box(n: number): MailboxId {
  return mailboxId(new SeededRandom(`box ${n}`).bytes(32));
}

export function device(n: number): Uint8Array {
  return new SeededRandom(`device ${n}`).bytes(32);
}

export function hash(n: number): Uint8Array {
  return new SeededRandom(`hash ${n} ${toHex(Uint8Array.of(n))}`).bytes(16);
}
