/**
 * What waits for its readers: fragments and replies, in order, durable before anybody is told that they are here. Writes are
 * committed in batches, since each commit waits for the disk. Spec: docs/spec/07-mailbox.md §4-6
 */

import { toHex } from "#transport/core/bytes.ts";
import type { Cancel, Clock } from "#transport/core/clock.ts";
import { type MailboxId, type Milliseconds, milliseconds, type SurbId } from "#transport/core/units.ts";
import type { ProviderDatabase } from "../database/database.ts";
import { isDiskError } from "../database/disk-error.ts";
import type { DropReason } from "../observe/drop-reason.ts";
import type { Log } from "../observe/log.ts";
import {
  BATCH_ENTRIES_MAX,
  BATCH_WAIT,
  DEVICE_INACTIVE_DAYS,
  PENDING_ENTRIES_MAX,
  SWEEP_INTERVAL,
  SWEEP_ROWS_MAX,
} from "./limits.ts";
import { MailboxTables, type Quota } from "./mailbox-tables.ts";

/**
 * Moves somebody's cursor within a commit, deletes at most `room` of what all who read there have passed, and returns how many;
 * as many as that when there may be more. Who was not there since the day `activeSince` keeps nothing.
 */
export type CursorMove = (now: { day: number; activeSince: number; span: number }, room: number) => number;

export interface Entry {
  /** Counts from 1 in each mailbox, never given twice. */
  readonly seq: number;
  readonly kind: "fragment" | "reply" | "notice";
  readonly surbId: Uint8Array;
  readonly body: Uint8Array;
}

export interface Arrival {
  /** Of a reply: the reply id of the device that asked. */
  readonly mailboxId: MailboxId;
  readonly kind: "fragment" | "reply" | "notice";
  /** Zero bytes for a fragment. */
  readonly surbId: SurbId;
  readonly body: Uint8Array;
  /** 16 bytes: what `have` asks for; unused for a reply. */
  readonly hash: Uint8Array;
  /** Called once the entry is durable. */
  readonly onStored?: () => void;
}

export interface MailboxStoreDependencies {
  readonly database: ProviderDatabase;
  readonly clock: Clock;
  readonly log: Log;
  readonly quota: Quota;
  /** Time is cut into pieces of this length: room that reading makes is room from the next one on. */
  readonly roomSpan: Milliseconds;
  /** How long an entry, and the memory of its hash, is kept at most. */
  readonly retention: Milliseconds;
  /** The time as far as it is certain: nothing is deleted by a clock that may be wrong. Undefined before anybody has confirmed it. */
  readonly knownTime: () => Milliseconds | undefined;
  readonly onDrop: (reason: DropReason) => void;
}

export class MailboxStore {
  /** For boxes, which are mailboxes too. */
  readonly tables: MailboxTables;
  readonly #deps: MailboxStoreDependencies;
  #arrivals: Arrival[] = [];
  /** Cursors that moved, by hexadecimal key of who reads. */
  #cursors = new Map<string, CursorMove>();
  #cancelFlush: Cancel | undefined;
  #cancelSweep: Cancel | undefined;
  #diskFull = false;

  constructor(deps: MailboxStoreDependencies) {
    this.#deps = deps;
    this.tables = new MailboxTables(deps.database, deps.quota);
  }

  /** Begins to delete what is past its retention. */
  start(): void {
    this.#cancelSweep = this.#deps.clock.at(milliseconds(this.#deps.clock.now() + SWEEP_INTERVAL), () => this.#sweep());
  }

  /** Commits what is pending and stops. */
  stop(): void {
    this.#cancelSweep?.();
    this.flush();
    this.#cancelFlush?.();
  }

  /** Takes an entry for the next commit. Nothing is promised before `onStored`. */
  deliver(arrival: Arrival): void {
    if (this.#arrivals.length >= PENDING_ENTRIES_MAX) return this.#deps.onDrop("MAILBOX_BUSY");
    this.#arrivals.push(arrival);
    if (this.#arrivals.length % BATCH_ENTRIES_MAX === 0) this.#flushAt(this.#deps.clock.now());
    else this.#flushSoon();
  }

  /**
   * The first entry for this device behind the cursor, which says that it has everything up to there. A reply goes once the device
   * that asked has passed it, all else once every active device has. With `behind`, a number above the cursor, the first behind that, if there is one: what lies between was
   * given already. Undefined when nothing is behind the cursor.
   */
  next(options: { deviceKey: Uint8Array; cursor: number; behind?: number }): Entry | undefined {
    const { deviceKey } = options;
    const device = this.tables.device(deviceKey);
    if (device === undefined) return undefined;
    // A cursor beyond the last entry was made up: it would delete what has not come yet.
    const cursor = Math.min(options.cursor, device.nextSeq - 1);
    if (cursor !== device.cursor || device.polledDay !== this.day()) {
      this.moveSoon(toHex(deviceKey), (now, room) => this.tables.moveCursor({ deviceKey, cursor, ...now }, room));
    }
    const { behind = cursor } = options;
    const further = behind > cursor ? this.tables.entryAfter(device.mailbox, behind, deviceKey) : undefined;
    return further ?? this.tables.entryAfter(device.mailbox, cursor, deviceKey);
  }

  /** From one device of an account to the others, within the caller's transaction. False when too many wait: nothing was changed. */
  notify(mailboxId: MailboxId, body: Uint8Array): boolean {
    const none = new Uint8Array(16);
    const notice = { mailboxId, kind: "notice", surbId: none as SurbId, body, hash: none } as const;
    return this.tables.insert(notice, this.#hour()) === "stored";
  }

  /** Moves a cursor with the next commit; of two moves under one key the later. */
  moveSoon(key: string, move: CursorMove): void {
    this.#cursors.set(key, move);
    this.#flushSoon();
  }

  /** For each hash whether a fragment with it is durable here, or was; false for an unknown mailbox. */
  have(mailboxId: MailboxId, hashes: readonly Uint8Array[]): boolean[] {
    return this.tables.have(mailboxId, hashes);
  }

  /** Commits all that is pending, now. */
  flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    const arrivals = this.#arrivals;
    const cursors = this.#cursors;
    if (arrivals.length === 0 && cursors.size === 0) return;
    this.#arrivals = [];
    this.#cursors = new Map();
    this.#commitCursors([...cursors]);
    for (let at = 0; at < arrivals.length; at += BATCH_ENTRIES_MAX) {
      this.#commitArrivals(arrivals.slice(at, at + BATCH_ENTRIES_MAX));
    }
  }

  #commitArrivals(batch: readonly Arrival[]): void {
    const hour = this.#hour();
    const known = this.#deps.knownTime();
    const now = { known, span: this.#span() };
    const outcomes = this.attempt(() => batch.map((arrival) => this.tables.insert(arrival, hour, now)));
    batch.forEach((arrival, index) => {
      const outcome = outcomes === undefined ? "DISK_FULL" : outcomes[index];
      if (outcome === "stored") arrival.onStored?.();
      else if (outcome !== undefined) this.#deps.onDrop(outcome);
    });
  }

  /** Before the arrivals: what goes makes room on the disk for what comes. A cursor that is lost comes again with the next poll. */
  #commitCursors(cursors: readonly [string, CursorMove][]): void {
    if (cursors.length === 0) return;
    const day = this.day();
    // Which devices are inactive depends on the time.
    const activeSince = this.#deps.knownTime() === undefined ? 0 : day - DEVICE_INACTIVE_DAYS;
    const left = this.attempt(() => {
      let room = SWEEP_ROWS_MAX;
      return cursors.filter(([, move]) => {
        room -= move({ day, activeSince, span: this.#span() }, room);
        return room === 0;
      });
    });
    // The rest a moment later: a whole mailbox takes longer than a packet may wait.
    for (const [key, move] of left ?? []) this.moveSoon(key, move);
  }

  /**
   * One transaction, undefined when the disk refuses: then nothing was changed, and it is reported once, and once when the disk
   * takes entries again.
   */
  attempt<T>(work: () => T): T | undefined {
    try {
      const result = this.#deps.database.transaction(work);
      if (this.#diskFull) this.#deps.log.event("the disk takes entries again");
      this.#diskFull = false;
      return result;
    } catch (error) {
      if (!isDiskError(error)) throw error;
      if (!this.#diskFull)
        this.#deps.log.event("the disk is full or failing: entries are refused until it takes them again");
      this.#diskFull = true;
      return undefined;
    }
  }

  #sweep(): void {
    const before = this.#hour() - Math.floor(this.#deps.retention / HOUR);
    const isSure = this.#deps.knownTime() !== undefined;
    const more = (isSure && this.attempt(() => this.tables.expire(before))) ?? false;
    const wait = more ? BATCH_WAIT : SWEEP_INTERVAL;
    this.#cancelSweep = this.#deps.clock.at(milliseconds(this.#deps.clock.now() + wait), () => this.#sweep());
  }

  #flushSoon(): void {
    if (this.#cancelFlush === undefined) this.#flushAt(milliseconds(this.#deps.clock.now() + BATCH_WAIT));
  }

  #flushAt(time: Milliseconds): void {
    this.#cancelFlush?.();
    this.#cancelFlush = this.#deps.clock.at(time, () => this.flush());
  }

  /** Of Unix time. Times are kept to the hour and the day: nothing here needs more, and less is less to take away. */
  day(): number {
    return Math.floor(this.#hour() / 24);
  }

  /** By the clock, not the known time: that may stand still for long, and no room would come back. */
  #span(): number {
    return Math.floor(this.#deps.clock.now() / this.#deps.roomSpan);
  }

  #hour(): number {
    const { knownTime, clock } = this.#deps;
    return Math.floor((knownTime() ?? clock.now()) / HOUR);
  }
}

const HOUR = 3_600_000;
