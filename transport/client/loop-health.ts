/**
 * Own loops: how many came back of those that had time to, and whether more are missing than an honest network loses, whichever
 * mix one leaves out: what they all pass is the provider. Spec: docs/spec/04-traffic.md §9
 */

import { toHex } from "../core/bytes.ts";
import type { MessageId, Milliseconds, NodeId } from "../core/units.ts";
import {
  ENTRIES_IN_WORK_MAX,
  LINK_SETTLING,
  LOOP_FLIGHT,
  LOOP_PATIENCE,
  LOOP_WINDOW,
  LOOPS_OUT_MAX,
  LOOPS_RECENT,
  MAILBOX_ANSWERS_MAX,
} from "./limits.ts";
import type { RecentLoops } from "./types.ts";

interface Loop {
  readonly at: Milliseconds;
  /** Mixes on its way, by hexadecimal id. */
  readonly mixes: ReadonlySet<string>;
  /** Polls that an entry had answered when it left. */
  readonly answers: number;
  /** Back, on a link that has not lasted long enough since. */
  isReturned: boolean;
}

export class LoopHealth {
  /** A loop that takes longer through the mixes counts as lost. */
  readonly #patience: number;
  /** One that left longer ago than this is no more on its way to the mailbox. */
  readonly #flight: number;
  readonly #onChange: () => void;
  /** Those whose fate is open, by hexadecimal id, oldest first. */
  readonly #out = new Map<string, Loop>();
  /** Those whose fate is known, in the order in which it was. */
  readonly #known: { readonly at: Milliseconds; readonly isReturned: boolean }[] = [];
  /** So many of them are older than is shown. */
  #old = 0;
  readonly #all = new Suspicion();
  /** Of the loops that did not pass this mix. */
  readonly #without = new Map<string, Suspicion>();
  #answers = 0;
  /** Loops that leave before so many polls are answered say nothing. */
  #heldUntil = 0;
  /** The last answer to a poll: until then the provider was there. */
  #heardAt = -Infinity;
  /** Loops that leave before say nothing. */
  #settledAt = 0;
  #isLosing = false;

  /** `journey`: the mean time in mixes. `onChange`: `isLosing` changed. */
  constructor(o: { readonly journey: Milliseconds; readonly onChange: () => void }) {
    this.#patience = LOOP_PATIENCE * o.journey;
    this.#flight = LOOP_FLIGHT * o.journey;
    this.#onChange = o.onChange;
  }

  /** Loops are missing, and no single mix is the reason. */
  get isLosing(): boolean {
    return this.#isLosing;
  }

  sent(id: MessageId, at: Milliseconds, mixes: readonly NodeId[]): void {
    if (at < this.#settledAt || this.#answers < this.#heldUntil) return;
    this.#out.set(toHex(id), { at, mixes: new Set(mixes.map(toHex)), answers: this.#answers, isReturned: false });
    for (const [oldest] of this.#out) {
      if (this.#out.size <= LOOPS_OUT_MAX) return;
      this.#out.delete(oldest);
    }
  }

  returned(id: MessageId): void {
    const key = toHex(id);
    const loop = this.#out.get(key);
    if (loop === undefined) return;
    loop.isReturned = true;
    this.#settle();
    // Entries come in the order in which they arrived: what should have been there before it is not in the mailbox.
    this.#giveUp(loop.at);
  }

  /** An entry answered a poll; `isLast`: the mailbox had nothing more to give. */
  answered(now: Milliseconds, isLast: boolean): void {
    this.#answers++;
    this.#heardAt = now;
    this.#settle();
    if (isLast) {
      this.#heldUntil = 0;
      return this.#giveUp(now);
    }
    // No mailbox holds more than this before a loop: who goes on giving entries has invented them.
    for (const [, { at, answers }] of this.#out) {
      if (this.#answers - answers <= MAILBOX_ANSWERS_MAX) return;
      this.#giveUp(Math.min(at + this.#patience, now));
    }
  }

  /**
   * What was on its way may have been lost with the link, or with the provider that closed it: that is no sign of anything, nor is it
   * one that others of the same time came back. The older ones lie in the mailbox, if anywhere, and count on the next link.
   */
  linkLost(): void {
    for (const [key, { at }] of this.#out) if (!this.#hasLanded(at)) this.#out.delete(key);
  }

  /** A provider that was started anew has its lines to mixes again after a few seconds. */
  linked(now: Milliseconds): void {
    this.#settledAt = now + LINK_SETTLING;
  }

  /**
   * The own disk refused an entry: what lies behind it does not come, which is not the provider's doing, and in a mailbox that fills up
   * meanwhile there is no room for more. It is given again within as many answers as may be ahead of the cursor: who has given twice as many
   * and not that one is judged again.
   */
  refused(): void {
    this.#out.clear();
    this.#heldUntil = this.#answers + ENTRIES_IN_WORK_MAX;
  }

  /** Of the last hour. */
  count(now: Milliseconds): { sent: number; returned: number } {
    const recent = this.#known.filter(({ at }) => now - at <= LOOP_WINDOW);
    return { sent: recent.length, returned: recent.filter(({ isReturned }) => isReturned).length };
  }

  /** The last few, whenever that was. */
  recent(): RecentLoops {
    const newest = this.#known.slice(-LOOPS_RECENT);
    const until = newest.reduce<Milliseconds | undefined>((last, { at }) => (at > (last ?? 0) ? at : last), undefined);
    return { sent: newest.length, returned: newest.filter(({ isReturned }) => isReturned).length, until };
  }

  /** A loop that left then is in the mailbox or nowhere, by a time at which the provider was heard on the same link. */
  #hasLanded(at: Milliseconds): boolean {
    return at + this.#flight <= this.#heardAt;
  }

  /** One that came back counts no sooner than a lost one of the same time is remembered: else cuts would leave only those. */
  #settle(): void {
    for (const [key, loop] of this.#out) {
      if (!this.#hasLanded(loop.at)) return;
      if (loop.isReturned) this.#judge(key, loop);
    }
  }

  /** All that should have come back by this time. */
  #giveUp(time: number): void {
    for (const [key, loop] of this.#out) {
      if (loop.at + this.#patience > time) return;
      this.#judge(key, loop);
    }
  }

  #judge(key: string, { at, mixes, isReturned }: Loop): void {
    this.#out.delete(key);
    this.#known.push({ at, isReturned });
    while (at - (this.#known[this.#old]?.at ?? at) > LOOP_WINDOW) this.#old++;
    // Not at every loop: thousands may be in the window.
    if (this.#old > this.#known.length / 2) {
      this.#known.splice(0, this.#old);
      this.#old = 0;
    }
    for (const mix of mixes) {
      if (!this.#without.has(mix)) this.#without.set(mix, this.#all.copy());
    }
    this.#all.take(isReturned);
    for (const [mix, suspicion] of this.#without) if (!mixes.has(mix)) suspicion.take(isReturned);
    // One that says what all say may be forgotten: mixes come and go.
    if (this.#all.sum === 0) this.#without.clear();
    const isLosing = this.#isLosing ? this.#all.sum > 0 : this.#isSuspicious();
    if (isLosing === this.#isLosing) return;
    this.#isLosing = isLosing;
    this.#onChange();
  }

  #isSuspicious(): boolean {
    if (this.#all.sum < SUSPICION_BAR) return false;
    return [...this.#without.values()].every(({ sum }) => sum >= SUSPICION_BAR_WITHOUT);
  }
}

/**
 * Page's cumulative sum (1954): the logarithm of how much likelier the loops of late are where `DROPPED` are lost than where `HONEST` are, from
 * the moment at which it speaks loudest. Bounded, so that it comes down again as soon as it went up.
 */
class Suspicion {
  sum: number;

  constructor(sum = 0) {
    this.sum = sum;
  }

  take(isReturned: boolean): void {
    const step = isReturned ? Math.log((1 - DROPPED) / (1 - HONEST)) : Math.log(DROPPED / HONEST);
    this.sum = Math.min(Math.max(0, this.sum + step), SUSPICION_BAR);
  }

  copy(): Suspicion {
    return new Suspicion(this.sum);
  }
}

/** Of a loop's packets: four links between nodes that lose 1 % each lose 4 %; half as much again is no reason to blame anybody. */
const HONEST = 0.06;
/** With a fifth of what a customer sends dropped, 23 % are. */
const DROPPED = 0.22;
/** At 4 % it is reached less than once in 1,500,000 loops (`test/transport/client/loop-health.test.ts`). */
const SUSPICION_BAR = 7.5;
/** Enough that a mix which loses a third of all loops, a guard of three that drops everything, is not taken for the provider. */
const SUSPICION_BAR_WITHOUT = 5;
