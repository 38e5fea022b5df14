/**
 * What is due for sent messages, each in its time: asks whether they are stored, reminds of receipts, leaves places, gives up at the
 * deadline. Spec: docs/spec/01-message.md §2, 17-boxes.md §4
 */

import type { Place } from "../box/place.ts";
import type { Cancel, Clock } from "../core/clock.ts";
import { below, type RandomSource } from "../core/random.ts";
import { TransportError } from "../core/errors.ts";
import type { Parameters } from "../core/parameters.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import type { QuietTime } from "../traffic/quiet-time.ts";
import { DEADLINE_LOOK_INTERVAL, HAVES_MAX, REMINDER_LATE } from "./limits.ts";
import type { Outgoing } from "./outgoing.ts";
import type { Places } from "./places.ts";
import type { Item } from "./ready-fragments.ts";
import type { Recipient } from "./store.ts";

export interface DutiesDeps {
  readonly clock: Clock;
  readonly parameters: Pick<Parameters, "retention">;
  readonly quiet: QuietTime;
  readonly reliability: RandomSource;
  /** All sent messages, by hexadecimal id. */
  readonly items: ReadonlyMap<string, Item>;
  readonly isClockGood: () => boolean;
  readonly places: Places;
  /** It goes to this place of the reader from now on, or to the mailbox of the record. */
  readonly leave: (item: Item, o: { readonly why: "missed" | "unusable" | "unread"; readonly to?: Place }) => void;
  /** Asks the provider which of the hashes it has. Rejects when there is no answer. */
  readonly have: (to: Recipient, hashes: readonly Uint8Array[]) => Promise<boolean[]>;
  readonly onChange: (item: Item) => void;
  /** A fragment's time to wait may be over. */
  readonly onTime: () => void;
}

export class Duties {
  readonly #deps: DutiesDeps;
  #cancel: Cancel = () => undefined;
  #isStopped = false;
  /** Questions that wait for their answers. */
  #asked = 0;

  constructor(deps: DutiesDeps) {
    this.#deps = deps;
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  /** Does what is due, in a quiet moment. */
  look(): void {
    void this.#deps.quiet.run(() => this.#turn());
  }

  /** The next time is that of the earliest of all messages. */
  plan(): void {
    this.#cancel();
    if (this.#isStopped) return;
    const { clock, items } = this.#deps;
    const now = clock.now();
    const times = [...items.values()]
      .map(({ outgoing }) => this.#nextTime(outgoing, now))
      .filter((t) => t !== undefined);
    if (times.length === 0) return;
    this.#cancel = clock.at(milliseconds(Math.min(...times)), () => this.look());
  }

  /** A deadline that has passed by a clock that is not good stays one: it is looked at again, not without end. */
  #nextTime(outgoing: Outgoing, now: Milliseconds): Milliseconds | undefined {
    const isHeldUp = outgoing.duty(now) === "fail" && !this.#deps.isClockGood();
    const waits = this.#asked >= HAVES_MAX ? "ask" : undefined;
    const time = isHeldUp ? milliseconds(now + DEADLINE_LOOK_INTERVAL) : outgoing.nextTime(now, { waits });
    const { place } = outgoing.to;
    if (place === undefined || isOver(outgoing)) return time;
    // What should have been left by a clock that is not good is left when there is a list again.
    const lastUse = this.#deps.places.lastUse(place);
    return lastUse <= now ? time : milliseconds(Math.min(lastUse, time ?? lastUse));
  }

  /**
   * What is stored whole at a place that is over may be collected there still. But a box that nobody reads, of a device that was put
   * out, say, answers questions as a good one does: without a receipt until then it goes to the mailbox, too.
   */
  #mustLeave(outgoing: Outgoing): boolean {
    const { places, isClockGood } = this.#deps;
    const { place } = outgoing.to;
    return place !== undefined && !isOver(outgoing) && isClockGood() && !places.isUsable(place);
  }

  #turn(): void {
    if (this.#isStopped) return;
    const now = this.#deps.clock.now();
    const tooMany = this.#tooMany(now);
    for (const item of this.#deps.items.values()) this.#do(item, { now, mayAsk: !tooMany.has(item) });
    this.#deps.onTime();
    this.plan();
  }

  /** Those whose question stays due until another has its answer: that is due longest goes first, so that each has its turn. */
  #tooMany(now: Milliseconds): ReadonlySet<Item> {
    const due = [...this.#deps.items.values()].filter(({ outgoing }) => outgoing.duty(now) === "ask");
    const room = HAVES_MAX - this.#asked;
    if (due.length <= room) return new Set();
    const since = ({ outgoing }: Item): number => outgoing.progress.askAt ?? now;
    return new Set(due.toSorted((a, b) => since(a) - since(b)).slice(room));
  }

  #do(item: Item, { now, mayAsk }: { now: Milliseconds; mayAsk: boolean }): void {
    const { outgoing } = item;
    const { isClockGood, onChange, leave } = this.#deps;
    if (this.#mustLeave(outgoing)) leave(item, { why: "unusable" });
    switch (outgoing.duty(now)) {
      case "ask":
        if (mayAsk) void this.#ask(item);
        break;
      case "remind":
        this.#remind(item, now);
        onChange(item);
        break;
      case "fail":
        if (!isClockGood()) break;
        outgoing.fail(now);
        onChange(item);
        break;
      case undefined:
        break;
    }
  }

  /**
   * No receipt has come for what is stored whole. At a place it may be that nobody reads there, or that nothing is given: it goes to a
   * newer place of the reader as soon as one is known, and to the mailbox when the last reminder is due.
   */
  #remind(item: Item, now: Milliseconds): void {
    const { places, isClockGood, reliability, leave, parameters } = this.#deps;
    const { outgoing } = item;
    const { place, accountKey } = outgoing.to;
    const newer = place && places.newerThan(place, accountKey);
    if (newer !== undefined) leave(item, { why: "unread", to: newer });
    else if (place !== undefined && outgoing.isLastReminder) {
      // It fell due while the program was off, or slept: the receipt may lie in the own box.
      if (now - (outgoing.progress.remindAt ?? now) > REMINDER_LATE) return outgoing.remindSoon(now, outgoing.to);
      // Days by such a clock may have been a moment.
      if (!isClockGood()) return outgoing.remindSoon(now);
      leave(item, { why: "unread" });
    }
    const deadline = milliseconds(now + parameters.retention);
    outgoing.remind(below(reliability, outgoing.needed), { at: now, deadline });
  }

  async #ask(item: Item): Promise<void> {
    const { outgoing } = item;
    const { clock, have, onChange, leave } = this.#deps;
    const { to } = outgoing;
    const question = outgoing.question();
    this.#asked++;
    try {
      const hashes = question.map(({ hash }) => hash);
      const present = await have(to, hashes);
      const answers = question
        .map(({ index, hash }, i) => ({ index, hash, isPresent: present[i] === true }))
        .filter(({ index, hash }) => outgoing.isAskable(index, hash));
      const stored = new Set(answers.filter(({ isPresent }) => isPresent).map(({ index }) => index));
      const asked = answers.map(({ index }) => index);
      outgoing.answered(asked, stored, clock.now());
    } catch (error) {
      const isUnheard = error instanceof TransportError && error.code === "SERVICE_TIMEOUT" && outgoing.to === to;
      if (isUnheard) outgoing.unheard(clock.now());
      else outgoing.unanswered(clock.now());
    }
    // Others may have waited for the place.
    if (this.#asked-- === HAVES_MAX) this.look();
    if (outgoing.isFinished || this.#isStopped) return;
    if (outgoing.isMissed) leave(item, { why: "missed" });
    onChange(item);
  }
}

const isOver = ({ delivery }: Outgoing): boolean => delivery === "delivered" || delivery === "failed";
