/** The mailbox store's SQL, each statement prepared once. Every method runs inside its caller's transaction. */

import type { StatementSync } from "node:sqlite";
import type { MailboxId, Milliseconds } from "#transport/core/units.ts";
import type { ProviderDatabase } from "../database/database.ts";
import type { DropReason } from "../observe/drop-reason.ts";
import { NOTICES_PER_MAILBOX_MAX, SWEEP_ROWS_MAX } from "./limits.ts";
import type { Arrival, Entry } from "./mailbox-store.ts";

export interface Quota {
  readonly fragments: number;
  /** For each device. */
  readonly replies: number;
  readonly boxFragments: number;
  /** What a box keeps of a payload: `geometry.sealedBytes`. */
  readonly boxBytes: number;
}

/** What a device says that it has, and when. */
export interface DeviceMove {
  readonly deviceKey: Uint8Array;
  readonly cursor: number;
  readonly day: number;
  readonly activeSince: number;
  /** Of the spans into which time is cut: room that is made in one is room from the next on. */
  readonly span: number;
}

export class MailboxTables {
  readonly #quota: Quota;
  readonly #sql: Readonly<Record<keyof typeof STATEMENTS, StatementSync>>;

  constructor(database: ProviderDatabase, quota: Quota) {
    this.#quota = quota;
    this.#sql = database.prepareAll(STATEMENTS);
  }

  /** `known` is the known time, if there is one: by no other a box is over. `span` as in `DeviceMove`; any if none is given. */
  insert(
    arrival: Arrival,
    hour: number,
    { known, span }: { known?: Milliseconds | undefined; span?: number } = {},
  ): "stored" | DropReason {
    const { mailboxId: id32, kind: command } = arrival;
    const mailbox = command === "reply" ? this.#sql.asker.get(id32) : this.#sql.mailbox.get(id32);
    if (mailbox === undefined) return "MAILBOX_UNKNOWN";
    const { id, next_seq } = mailbox as Record<string, number>;
    const until = mailbox["until"] as number | null;
    const deviceKey = mailbox["device_key"] as Uint8Array | null;
    if (until !== null && known !== undefined && known >= until) return "BOX_OVER";
    if (arrival.kind === "notice") {
      if (Number(this.#sql.notices.get(id as number)?.["count"]) >= NOTICES_PER_MAILBOX_MAX) return "MAILBOX_FULL";
    } else if (arrival.kind === "reply") {
      this.#makeRoomForReply(id as number, deviceKey);
    } else {
      const { fragments: most, boxFragments } = this.#quota;
      const isFull = until === null ? taken(mailbox, span) >= most : Number(mailbox["fragments"]) >= boxFragments;
      if (isFull && (until === null || !this.#hasReadEntry(id as number))) return "MAILBOX_FULL";
      if (this.#sql.addHash.run(id as number, arrival.hash, hour).changes === 0) return "DUPLICATE";
      if (isFull) this.#removeOldestRead(id as number);
    }
    const kind = KIND_CODES[arrival.kind];
    const body = until === null ? arrival.body : arrival.body.subarray(0, this.#quota.boxBytes);
    this.#sql.addEntry.run(id as number, next_seq as number, kind, arrival.surbId, hour, body, deviceKey);
    this.#sql.countEntry.run(arrival.kind === "fragment" ? 1 : 0, id as number);
    return "stored";
  }

  /** Whether there is an entry that every reader of this box has passed. */
  #hasReadEntry(mailbox: number): boolean {
    return this.#sql.oldestRead.get(mailbox) !== undefined;
  }

  /** Of a box, which holds fragments only. */
  #removeOldestRead(mailbox: number): void {
    const found = this.#sql.oldestRead.get(mailbox);
    if (found === undefined) return;
    this.#sql.removeEntry.run(mailbox, found["seq"] as number);
    this.#sql.countFragments.run(-1, mailbox);
  }

  /** The oldest goes: nobody waits for it any more. */
  #makeRoomForReply(mailbox: number, deviceKey: Uint8Array | null): void {
    const { count, oldest } = this.#sql.waitingReplies.get(mailbox, deviceKey) as Record<string, number>;
    if ((count as number) >= this.#quota.replies) this.#sql.removeEntry.run(mailbox, oldest as number);
  }

  device(deviceKey: Uint8Array): { mailbox: number; cursor: number; polledDay: number; nextSeq: number } | undefined {
    const row = this.#sql.device.get(deviceKey);
    if (row === undefined) return undefined;
    const { mailbox, cursor, polled_day: polledDay, next_seq: nextSeq } = row as Record<string, number>;
    return { mailbox, cursor, polledDay, nextSeq } as {
      mailbox: number;
      cursor: number;
      polledDay: number;
      nextSeq: number;
    };
  }

  /** Of what is for all, and of the replies to this device, the first behind the cursor. */
  entryAfter(mailbox: number, cursor: number, deviceKey: Uint8Array | null = null): Entry | undefined {
    const row = this.#sql.entryAfter.get(mailbox, cursor, deviceKey);
    if (row === undefined) return undefined;
    return {
      seq: Number(row["seq"]),
      kind: KIND_NAMES.get(Number(row["kind"])) as Entry["kind"],
      surbId: row["surb_id"] as Uint8Array,
      body: row["body"] as Uint8Array,
    };
  }

  /**
   * Devices that have not polled since the day `activeSince` keep nothing. Deletes at most `room` of the replies to this device
   * that it has passed and of what all others have passed, and returns how many; as many as that when there may be more.
   */
  moveCursor(options: DeviceMove, room: number): number {
    this.#sql.moveCursor.run(options.cursor, options.day, options.deviceKey);
    const device = this.device(options.deviceKey);
    if (device === undefined) return 0;
    const { mailbox } = device;
    const own = this.#sql.ownUpTo.all(mailbox, options.deviceKey, options.cursor, room);
    for (const { seq } of own as { seq: number }[]) this.#sql.removeEntry.run(mailbox, seq);
    const passed = this.#sql.passed.get(mailbox, options.activeSince);
    const upTo = Number(passed?.["cursor"] ?? 0);
    const { count, fragments } = this.#removeUpTo(mailbox, upTo, room - own.length, Number.MAX_SAFE_INTEGER);
    // The commit that empties a mailbox must not show by what comes next that somebody has just been there.
    if (fragments > 0) this.#sql.countFreed.run(fragments, options.span, mailbox);
    return own.length + count;
  }

  /** Deletes at most `room` of the entries of a box up to a number that came before an hour, and returns how many. */
  removeFromBox(mailbox: number, upTo: number, room: number, before: number): number {
    return this.#removeUpTo(mailbox, upTo, room, before).count;
  }

  #removeUpTo(mailbox: number, upTo: number, room: number, before: number): { count: number; fragments: number } {
    const gone = this.#sql.upTo.all(mailbox, upTo, before, room) as { seq: number; kind: number }[];
    for (const { seq } of gone) this.#sql.removeEntry.run(mailbox, seq);
    const fragments = gone.filter(({ kind }) => kind === KIND_CODES.fragment).length;
    if (fragments > 0) this.#sql.countFragments.run(-fragments, mailbox);
    return { count: gone.length, fragments };
  }

  /** Numbers of the entries behind the cursor, rising; read as far as they are asked for. */
  *numbersAfter(mailbox: number, cursor: number): Iterable<number> {
    for (const row of this.#sql.numbersAfter.iterate(mailbox, cursor)) yield Number(row["seq"]);
  }

  have(mailboxId: MailboxId, hashes: readonly Uint8Array[]): boolean[] {
    // An unknown mailbox takes the same look-ups as a known one: no row has the id -1.
    const mailbox = Number(this.#sql.mailbox.get(mailboxId)?.["id"] ?? -1);
    return hashes.map((hash) => this.#sql.hasHash.get(mailbox, hash) !== undefined);
  }

  /** Deletes some of what came before `hour`; true when there may be more. */
  expire(hour: number): boolean {
    const old = this.#sql.oldEntries.all(hour, SWEEP_ROWS_MAX);
    for (const { mailbox, seq, kind } of old as { mailbox: number; seq: number; kind: number }[]) {
      this.#sql.removeEntry.run(mailbox, seq);
      if (kind === KIND_CODES.fragment) this.#sql.countFragments.run(-1, mailbox);
    }
    const hashes = this.#sql.oldHashes.all(hour, SWEEP_ROWS_MAX);
    for (const { mailbox, hash } of hashes as { mailbox: number; hash: Uint8Array }[]) {
      this.#sql.removeHash.run(mailbox, hash);
    }
    return old.length === SWEEP_ROWS_MAX || hashes.length === SWEEP_ROWS_MAX;
  }
}

/** Of a mailbox that is nobody's box: places that are no room in this span. */
function taken(row: Readonly<Record<string, unknown>>, span: number | undefined): number {
  const freed = row["freed_in"] === span ? Number(row["freed"]) : 0;
  return Number(row["fragments"]) + freed;
}

/** As in the frames that carry them (docs/spec/07-mailbox.md §4). */
export const KIND_CODES = { fragment: 1, reply: 2, notice: 3 } as const;

const KIND_NAMES = new Map(Object.entries(KIND_CODES).map(([name, code]) => [code as number, name as Entry["kind"]]));

const STATEMENTS = {
  mailbox:
    "SELECT id, next_seq, fragments, freed, freed_in, until, NULL AS device_key FROM mailboxes " +
    "LEFT JOIN boxes ON boxes.mailbox = mailboxes.id WHERE mailbox_id = ?",
  // A box has no reply id.
  asker:
    "SELECT id, next_seq, fragments, NULL AS until, device_key FROM devices " +
    "JOIN mailboxes ON mailboxes.id = devices.mailbox WHERE reply_id = ?",
  waitingReplies: "SELECT COUNT(*) AS count, MIN(seq) AS oldest FROM entries WHERE mailbox = ? AND device_key = ?",
  oldestRead:
    "SELECT seq FROM entries WHERE mailbox = ?1 AND seq <= (SELECT MIN(cursor) FROM box_readers WHERE mailbox = ?1) " +
    "ORDER BY seq LIMIT 1",
  // The kind is written out: for one that is given later SQLite does not use the index of notices alone.
  notices: `SELECT COUNT(*) AS count FROM entries WHERE mailbox = ? AND kind = ${KIND_CODES.notice}`,
  addHash: "INSERT INTO hashes (mailbox, hash, arrived_hour) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
  addEntry:
    "INSERT INTO entries (mailbox, seq, kind, surb_id, arrived_hour, body, device_key) VALUES (?, ?, ?, ?, ?, ?, ?)",
  countEntry: "UPDATE mailboxes SET next_seq = next_seq + 1, fragments = fragments + ? WHERE id = ?",
  countFragments: "UPDATE mailboxes SET fragments = fragments + ? WHERE id = ?",
  countFreed:
    "UPDATE mailboxes SET freed = ?1 + CASE freed_in WHEN ?2 THEN freed ELSE 0 END, freed_in = ?2 WHERE id = ?3",
  device:
    "SELECT mailbox, cursor, polled_day, next_seq FROM devices JOIN mailboxes ON mailboxes.id = devices.mailbox " +
    "WHERE device_key = ?",
  // One look for each of the two, however much waits for the account's other devices.
  entryAfter:
    "SELECT seq, kind, surb_id, body FROM entries WHERE mailbox = ?1 AND seq = (SELECT MIN(seq) FROM (" +
    "SELECT MIN(seq) AS seq FROM entries WHERE mailbox = ?1 AND device_key IS NULL AND seq > ?2 UNION ALL " +
    "SELECT MIN(seq) AS seq FROM entries WHERE mailbox = ?1 AND device_key = ?3 AND seq > ?2))",
  numbersAfter: "SELECT seq FROM entries WHERE mailbox = ? AND seq > ? ORDER BY seq",
  moveCursor: "UPDATE devices SET cursor = ?, polled_day = ? WHERE device_key = ?",
  // One that used a code and did not finish (joining_until 0) collects nothing, so nothing waits for it.
  passed:
    "SELECT MIN(cursor) AS cursor FROM devices WHERE mailbox = ? AND polled_day >= ? AND COALESCE(joining_until, 1) > 0",
  upTo:
    "SELECT seq, kind FROM entries WHERE mailbox = ? AND device_key IS NULL AND seq <= ? AND arrived_hour < ? " +
    "ORDER BY seq LIMIT ?",
  ownUpTo: "SELECT seq FROM entries WHERE mailbox = ? AND device_key = ? AND seq <= ? ORDER BY seq LIMIT ?",
  hasHash: "SELECT 1 AS found FROM hashes WHERE mailbox = ? AND hash = ?",
  oldEntries: "SELECT mailbox, seq, kind FROM entries WHERE arrived_hour < ? LIMIT ?",
  removeEntry: "DELETE FROM entries WHERE mailbox = ? AND seq = ?",
  oldHashes: "SELECT mailbox, hash FROM hashes WHERE arrived_hour < ? LIMIT ?",
  removeHash: "DELETE FROM hashes WHERE mailbox = ? AND hash = ?",
} as const;
