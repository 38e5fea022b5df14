/**
 * Boxes: mailboxes without an account, opened and collected from by nobody in particular. What comes into one is taken, kept and
 * committed by the mailbox store. Spec: docs/spec/17-boxes.md §2, §3
 */

import { boxIdOf } from "#transport/box/box-id.ts";
import type { Collected, CollectRequest, Opened } from "#transport/box/requests.ts";
import { toHex } from "#transport/core/bytes.ts";
import type { Cancel, Clock } from "#transport/core/clock.ts";
import { type MailboxId, type Milliseconds, milliseconds } from "#transport/core/units.ts";
import type { Primitives } from "#transport/crypto/suite.ts";
import type { ProviderDatabase } from "../database/database.ts";
import { SWEEP_INTERVAL, SWEEP_ROWS_MAX, BATCH_WAIT } from "../mailbox/limits.ts";
import type { MailboxStore } from "../mailbox/mailbox-store.ts";
import { type BoxRow, BoxTables } from "./box-tables.ts";
import { GivenEntries } from "./given-entries.ts";
import { BOXES_MAX } from "./limits.ts";

export interface BoxStoreDependencies {
  readonly database: ProviderDatabase;
  readonly mailboxes: MailboxStore;
  readonly clock: Clock;
  readonly primitives: Primitives;
  /** How long a box takes entries: L of the specification. */
  readonly lifetime: Milliseconds;
  /** How long it is kept after that. */
  readonly retention: Milliseconds;
  /** An answer given so long before a reader's newest collect came was lost if that does not say otherwise. */
  readonly lostAfter: Milliseconds;
  readonly knownTime: () => Milliseconds | undefined;
  /** BOXES_MAX, but for tests. */
  readonly boxesMax?: number;
}

/** Who collects, of whom `asked` has told us the newest request. */
export interface BoxReader {
  readonly boxId: MailboxId;
  readonly key: string;
}

export class BoxStore {
  readonly #deps: BoxStoreDependencies;
  readonly #tables: BoxTables;
  readonly #given: GivenEntries;
  #cancelSweep: Cancel | undefined;

  constructor(deps: BoxStoreDependencies) {
    this.#deps = deps;
    this.#tables = new BoxTables(deps.database, deps.mailboxes.tables);
    this.#given = new GivenEntries(deps);
  }

  /** Begins to delete boxes that are over. */
  start(): void {
    this.#sweepIn(SWEEP_INTERVAL);
  }

  stop(): void {
    this.#cancelSweep?.();
  }

  get count(): number {
    return this.#tables.count;
  }

  /** Readers of whom something is remembered that the disk does not hold. */
  get remembered(): number {
    return this.#given.readers;
  }

  /** Makes the box, durably, unless it is there. No `until`: there is no room, or the disk takes nothing. */
  open(secret: Uint8Array): Opened {
    const { primitives, mailboxes, lifetime, knownTime, clock, boxesMax = BOXES_MAX } = this.#deps;
    const boxId = boxIdOf(primitives, secret);
    const there = this.#tables.box(boxId);
    if (there !== undefined) return { until: there.until };
    if (this.#tables.count >= boxesMax) return { until: undefined };
    const until = milliseconds(Math.floor(knownTime() ?? clock.now()) + lifetime);
    const made = mailboxes.attempt(() => (this.#tables.add(boxId, until), true));
    return { until: made === undefined ? undefined : until };
  }

  /**
   * A collect came. Undefined when there is no such box, or no room for one reader more: then there is none for whoever asks.
   * "DISK_FULL" when the reader is new and the disk takes nothing.
   */
  asked(request: CollectRequest): BoxReader | undefined | "DISK_FULL" {
    const { primitives, mailboxes } = this.#deps;
    const { secret, readerId } = request;
    const boxId = boxIdOf(primitives, secret);
    const box = this.#tables.box(boxId);
    if (box === undefined) return undefined;
    const isReader = this.#letIn(box, readerId);
    if (isReader === undefined) return "DISK_FULL";
    if (!isReader) return undefined;
    const key = `${toHex(boxId)}/${toHex(readerId)}`;
    // A cursor beyond the last entry was made up: it would delete what has not come yet.
    const cursor = Math.min(request.cursor, box.nextNumber - 1);
    const before = this.#tables.reader(box.mailbox, readerId);
    if (before?.cursor !== cursor || before.collectedDay !== mailboxes.day()) {
      mailboxes.moveSoon(key, (now, room) => this.#tables.moveCursor({ boxId, readerId, cursor, ...now }, room));
    }
    // What it says of entries behind that cursor was made up, too.
    this.#given.asked(key, cursor === request.cursor ? request : { ...request, cursor, taken: 0n });
    return { boxId, key };
  }

  /** What is to be given to this reader now; it counts as given from now on. */
  take(reader: BoxReader | undefined): Collected {
    const box = reader && this.#tables.box(reader.boxId);
    if (reader === undefined || box === undefined) return { what: "unknown" };
    const { mailbox, nextNumber } = box;
    const entries = this.#deps.mailboxes.tables;
    let next: number | undefined;
    for (const number of entries.numbersAfter(mailbox, this.#given.cursor(reader.key))) {
      next ??= number;
      if (!this.#given.isWanted(reader.key, number)) continue;
      const sealed = entries.entryAfter(mailbox, number - 1)?.body;
      if (sealed === undefined) break;
      this.#given.give(reader.key, number);
      return { what: "entry", next, number, sealed };
    }
    return { what: "nothing", next: next ?? nextNumber };
  }

  /** Whether this reader is one of the box's, new or not; undefined when the disk did not take a new one. */
  #letIn({ mailbox }: BoxRow, readerId: Uint8Array): boolean | undefined {
    if (this.#tables.reader(mailbox, readerId) !== undefined) return true;
    const { mailboxes } = this.#deps;
    return mailboxes.attempt(() => this.#tables.addReader(mailbox, readerId, mailboxes.day()));
  }

  #sweep(): void {
    const { knownTime, retention, mailboxes } = this.#deps;
    const now = knownTime();
    const more = now !== undefined && mailboxes.attempt(() => this.#tables.expire(now - retention, SWEEP_ROWS_MAX));
    this.#sweepIn(more === true ? BATCH_WAIT : SWEEP_INTERVAL);
  }

  #sweepIn(wait: Milliseconds): void {
    const { clock } = this.#deps;
    this.#cancelSweep = clock.at(milliseconds(clock.now() + wait), () => this.#sweep());
  }
}
