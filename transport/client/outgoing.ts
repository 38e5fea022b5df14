/**
 * The life of one sent message, without time, chance or disk of its own: which fragments wait, left, are stored; when the
 * reader's provider is asked; what is repeated. Spec: docs/spec/01-message.md §2
 */

import type { Place } from "../box/place.ts";
import { equalBytes } from "../core/bytes.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import { OutgoingFragments } from "./outgoing-fragments.ts";
import {
  FRAGMENT_HASHES_KEPT,
  type OutgoingFragment,
  type OutgoingMessage,
  type OutgoingProgress,
  type Recipient,
} from "./store.ts";
import { FRAGMENTS_UNASKED_MAX, PLACE_MISSES_MAX, REMINDERS_MAX } from "./limits.ts";
import { earlier, later, type Waits, type WrittenTo } from "./time-laws.ts";
import type { Journey } from "./types.ts";

export type Duty = "ask" | "remind" | "fail";

/** What need not wait: time 0 and not now, so that it also leaves when the clock was ahead and is put back. */
export const AT_ONCE: Milliseconds = milliseconds(0);

export class Outgoing {
  readonly message: OutgoingMessage;
  /** Fragments that carry a part of the message; the others only pad. */
  readonly needed: number;
  readonly #waits: Waits;
  readonly #fragments: OutgoingFragments;
  #progress: OutgoingProgress;
  #to: Recipient;
  /** Questions in a row that found nothing new at the reader's place. */
  #misses = 0;
  /** Those open fragments that the question at `askAt` is about; all, when it comes after the last has left. */
  #batch: readonly number[] | undefined;

  constructor(options: { message: OutgoingMessage; needed: number; waits: Waits }) {
    this.message = options.message;
    this.needed = options.needed;
    this.#waits = options.waits;
    this.#fragments = new OutgoingFragments(options.message.fragments, options.needed);
    this.#progress = options.message.progress;
    this.#to = options.message.to;
  }

  get progress(): OutgoingProgress {
    return this.#progress;
  }

  /** The reader, with the key that is sealed to from now on, and the place that it goes to. */
  get to(): Recipient {
    return this.#to;
  }

  /** Another key of the same reader; the place stays. */
  readdress(to: Recipient): void {
    this.#to = { ...to, place: this.#to.place };
  }

  /** Whether it goes to a place at which nothing of it is found. */
  get isMissed(): boolean {
    return this.#to.place !== undefined && this.#misses >= PLACE_MISSES_MAX;
  }

  /** Whether the reader's place is still needed for it: something of it has to leave, or to be asked about. */
  get isUnderWay(): boolean {
    if (this.isFinished || this.#progress.failedAt !== undefined) return false;
    return this.#progress.storedAt === undefined || this.left > 0;
  }

  /**
   * Goes to another place of the reader from now on, or to the mailbox of the record: what is not known to be stored leaves again, each
   * fragment at its own time, and what was asked is forgotten. What is stored at the place that it leaves is known by having no hashes:
   * it is there for the reader to collect, and goes again only when a reminder finds that no receipt has come (`remind`).
   */
  leave(at: Milliseconds, place?: Place): void {
    this.#to = { ...this.#to, place };
    this.#misses = 0;
    this.#batch = undefined;
    const { storedAt } = this.#progress;
    for (const [index, fragment] of this.#fragments.entries()) {
      // What a reminder repeats is stored there, too: it goes with the rest, and is asked for.
      const state = storedAt !== undefined && index < this.needed ? "stored" : fragment.state;
      this.#fragments.set(index, { ...fragment, hashes: [], state, ...(state === "sent" ? this.#again(at) : {}) });
    }
    const remindAt = storedAt === undefined ? undefined : later(at, this.#waits.remindWait(0, this.#to));
    this.#update({ askAt: undefined, remindAt, reminders: 0 });
  }

  get delivery(): Journey["delivery"] {
    const { deliveredAt, failedAt, storedAt, firstSentAt } = this.#progress;
    if (deliveredAt !== undefined) return "delivered";
    if (failedAt !== undefined) return "failed";
    if (storedAt !== undefined) return "stored";
    return firstSentAt === undefined ? "queued" : "mixing";
  }

  get isFinished(): boolean {
    return this.#progress.deliveredAt !== undefined;
  }

  /** Fragments that still have to leave. */
  get left(): number {
    if (this.isFinished || this.#progress.failedAt !== undefined) return 0;
    return this.#fragments.waiting;
  }

  /** Of the needed fragments those that the reader's provider said it has. */
  get storedCount(): number {
    return this.#fragments.stored;
  }

  get leftOnce(): number {
    return this.#fragments.leftOnce;
  }

  /** The first `count` fragments that may leave at `now`. */
  waiting(now: Milliseconds, count: number): number[] {
    return this.isFinished || this.#progress.failedAt !== undefined ? [] : this.#fragments.takeable(now, count);
  }

  taken(index: number): void {
    this.#fragments.taken(index);
  }

  /** The packet did not leave. */
  lost(index: number): void {
    this.#fragments.settled(index);
  }

  /** The packet left; `hash` names its sealed form. */
  sent(index: number, { hash, at }: { hash: Uint8Array; at: Milliseconds }): void {
    this.#fragments.settled(index);
    const before = this.#fragments.at(index);
    const { storedAt, reminders } = this.#progress;
    this.#fragments.set(index, {
      state: storedAt === undefined ? "sent" : "stored",
      notBefore: before.notBefore,
      attempts: before.attempts + 1,
      hashes: [hash, ...before.hashes].slice(0, FRAGMENT_HASHES_KEPT),
    });
    this.#update({ firstSentAt: this.#progress.firstSentAt ?? at, lastSentAt: at });
    if (this.left > 0) return this.#askAhead(at);
    this.#batch = undefined;
    if (storedAt === undefined) this.#update({ askAt: later(at, this.#waits.askWait()) });
    else if (reminders <= REMINDERS_MAX)
      this.#update({ remindAt: later(at, this.#waits.remindWait(reminders, this.#to)) });
  }

  /** A large message is asked about while the rest of it still waits, so that what was lost goes again meanwhile. */
  #askAhead(at: Milliseconds): void {
    const { askAt, storedAt } = this.#progress;
    if (storedAt !== undefined || askAt !== undefined || this.#fragments.open.size < FRAGMENTS_UNASKED_MAX) return;
    this.#batch = [...this.#fragments.open];
    this.#update({ askAt: later(at, this.#waits.askWait()) });
  }

  /** After a start: an answer that was under way is lost, so the question is asked again. */
  resume(now: Milliseconds): void {
    this.planAnew(now, { after: "start" });
    const { askAt, storedAt } = this.#progress;
    if (this.isFinished || storedAt !== undefined) return;
    // A question about a part: which part is not written down. The next fragment that leaves brings it up again.
    if (this.left > 0) return this.#update({ askAt: undefined });
    if (askAt !== undefined) return;
    this.#update({ askAt: later(now, this.#waits.askWait()) });
  }

  /**
   * Plans anew what a clock that was ahead has planned: after it was put back whatever is to come, for nobody knows which part that
   * is, and after a start only what lies further off than any wait, so that many starts do not shorten honest ones.
   */
  planAnew(now: Milliseconds, { after }: { after: "put back" | "start" }): void {
    const { askAt, remindAt, reminders } = this.#progress;
    const { longest } = this.#waits;
    const renewed = (time: Milliseconds | undefined, most: Milliseconds, draw: () => Milliseconds) =>
      time === undefined || time - now <= (after === "start" ? most : 0) ? time : earlier(time, later(now, draw()));
    this.#update({
      askAt: renewed(askAt, longest.ask, () => this.#waits.askWait()),
      remindAt: renewed(remindAt, longest.remind(reminders), () => this.#waits.remindWait(reminders, this.#to)),
    });
    for (const [index, fragment] of this.#fragments.entries()) {
      if (fragment.state !== "waiting") continue;
      const notBefore = renewed(fragment.notBefore, longest.repeat, () => this.#waits.repeatWait()) as Milliseconds;
      if (notBefore !== fragment.notBefore) this.#fragments.set(index, { ...fragment, notBefore });
    }
  }

  /** What has to be done at `now`, if anything. */
  duty(now: Milliseconds): Duty | undefined {
    const { askAt, remindAt, deadline, storedAt, failedAt } = this.#progress;
    if (this.isFinished || failedAt !== undefined) return undefined;
    if (storedAt === undefined && deadline <= now) return "fail";
    if (askAt !== undefined && askAt <= now) return "ask";
    if (remindAt !== undefined && remindAt <= now) return "remind";
    return undefined;
  }

  /** When the next duty comes, but for one that has to wait for its turn, or a fragment's time to wait is over. */
  nextTime(now: Milliseconds, { waits }: { waits?: "ask" | undefined } = {}): Milliseconds | undefined {
    const { askAt, remindAt, deadline, storedAt, failedAt } = this.#progress;
    if (this.isFinished || failedAt !== undefined) return undefined;
    const times = this.#fragments.comingTimes(now);
    if (askAt !== undefined && waits !== "ask") times.push(askAt);
    if (remindAt !== undefined) times.push(remindAt);
    if (storedAt === undefined) times.push(deadline);
    return times.length === 0 ? undefined : milliseconds(Math.min(...times));
  }

  /** Every sealed form of a needed fragment that left in time for it and is not known to be stored. */
  question(): { index: number; hash: Uint8Array }[] {
    this.#update({ askAt: undefined });
    const { open } = this.#fragments;
    const indexes = (this.#batch ?? [...open]).filter((index) => open.has(index));
    this.#batch = undefined;
    return indexes
      .toSorted((a, b) => a - b)
      .flatMap((index) => this.#fragments.at(index).hashes.map((hash) => ({ index, hash })));
  }

  /** Whether an answer about this sealed form still says something of the fragment: not once everything goes again. */
  isAskable(index: number, hash: Uint8Array): boolean {
    return this.#fragments.has(index) && this.#fragments.at(index).hashes.includes(hash);
  }

  /** `stored` are the indexes found; whatever else was asked about is missing and goes again, each at its own time. */
  answered(asked: readonly number[], stored: ReadonlySet<number>, at: Milliseconds): void {
    let found = 0;
    for (const index of new Set(asked)) {
      const fragment = this.#fragments.at(index);
      if (fragment.state !== "sent") continue;
      if (stored.has(index)) {
        this.#fragments.set(index, { ...fragment, state: "stored" });
        found++;
      } else {
        this.#fragments.set(index, { ...fragment, ...this.#again(at) });
      }
    }
    if (found > 0) this.#misses = 0;
    else if (asked.length > 0) this.#misses++;
    if (this.#fragments.stored < this.needed) {
      if (this.left === 0) this.unanswered(at);
      return;
    }
    this.#update({ storedAt: at, remindAt: later(at, this.#waits.remindWait(0, this.#to)) });
  }

  /** The service did not answer, however often it was asked. */
  unheard(at: Milliseconds): void {
    this.#misses++;
    this.unanswered(at);
  }

  /** There is no answer. */
  unanswered(at: Milliseconds): void {
    if (this.#progress.storedAt === undefined && this.left === 0) {
      this.#update({ askAt: later(at, this.#waits.askWait()) });
    }
  }

  /** Whether the reminder that is due is the one of days: where it lies nobody seems to look. */
  get isLastReminder(): boolean {
    return this.#progress.reminders >= REMINDERS_MAX;
  }

  /** The next reminder, also where none is left, comes as soon as the first: of a mailbox, where it is thought to be read elsewhere. */
  remindSoon(at: Milliseconds, to: WrittenTo = { place: undefined }): void {
    const { storedAt, remindAt } = this.#progress;
    if (this.isFinished || storedAt === undefined) return;
    const soon = later(at, this.#waits.remindWait(0, to));
    this.#update({ remindAt: remindAt === undefined || remindAt <= at ? soon : earlier(remindAt, soon) });
  }

  /**
   * Repeats one fragment: a reader that has the message sends its receipt again. Of a message that left a place everything that is
   * stored there, until a new deadline: the reader may never come to it, and the old one may have passed while it was stored.
   */
  remind(index: number, { at, deadline }: { at: Milliseconds; deadline: Milliseconds }): void {
    this.#update({ remindAt: undefined, reminders: this.#progress.reminders + 1 });
    const elsewhere = this.#fragments.elsewhere();
    for (const one of elsewhere.length === 0 ? [index] : elsewhere) {
      const again = elsewhere.length === 0 ? ({ state: "waiting", notBefore: AT_ONCE } as const) : this.#again(at);
      this.#fragments.set(one, { ...this.#fragments.at(one), ...again });
    }
    if (elsewhere.length > 0) this.#update({ storedAt: undefined, deadline });
  }

  /** Whether a receipt with this proof makes it delivered. */
  isReceipt(proof: Uint8Array): boolean {
    return !this.isFinished && equalBytes(proof, this.message.proof);
  }

  /** What there is to write down then. */
  delivered(at: Milliseconds): OutgoingProgress {
    return { ...this.#progress, deliveredAt: at, failedAt: undefined, askAt: undefined, remindAt: undefined };
  }

  /** A receipt with this proof came; false when it is not for this message. */
  receipt(proof: Uint8Array, at: Milliseconds): boolean {
    if (!this.isReceipt(proof)) return false;
    this.#update(this.delivered(at));
    return true;
  }

  fail(at: Milliseconds): void {
    this.#update({ failedAt: at, askAt: undefined, remindAt: undefined });
  }

  /**
   * Everything goes again, to the mailbox of the record, as if for the first time: what is stored of before may be sealed to a key that
   * is gone, or collected in vain.
   */
  retry(deadline: Milliseconds): void {
    if (this.isFinished) return;
    this.#to = { ...this.#to, place: undefined };
    this.#misses = 0;
    for (const [index, fragment] of this.#fragments.entries()) {
      this.#fragments.set(index, { ...fragment, state: "waiting", notBefore: AT_ONCE, hashes: [] });
    }
    this.#update({
      failedAt: undefined,
      storedAt: undefined,
      askAt: undefined,
      remindAt: undefined,
      reminders: 0,
      deadline,
    });
  }

  /** The fragments that changed since the last call. */
  changes(): ReadonlyMap<number, OutgoingFragment> {
    return this.#fragments.changes();
  }

  /** Back in the queue, at a time of its own. */
  #again(at: Milliseconds): Pick<OutgoingFragment, "state" | "notBefore"> {
    return { state: "waiting", notBefore: later(at, this.#waits.repeatWait()) };
  }

  #update(progress: Partial<OutgoingProgress>): void {
    this.#progress = { ...this.#progress, ...progress };
  }
}
