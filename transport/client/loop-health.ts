/**
 * Own loops: how many came back of those that had time to, and whether more are missing than an honest network loses, whichever
 * mix one leaves out: what they all pass is the provider. Spec: docs/spec/04-traffic.md §9
 */

import { toHex } from "../core/bytes.ts";
import type { MessageId, Milliseconds, NodeId } from "../core/units.ts";
import { LINK_SETTLING, LOOP_WINDOW, LOOPS_OUT_MAX, MAILBOX_ANSWERS_MAX } from "./limits.ts";

interface Loop {
  readonly at: Milliseconds;
  /** Mixes on its way, by hexadecimal id. */
  readonly mixes: ReadonlySet<string>;
  /** Polls that an entry had answered when it left. */
  readonly answers: number;
}

export class LoopHealth {
  readonly #patience: Milliseconds;
  readonly #onChange: () => void;
  /** On their way, by hexadecimal id, oldest first. */
  readonly #out = new Map<string, Loop>();
  /** Those whose fate is known, in the order in which it was. */
  readonly #known: { readonly at: Milliseconds; readonly isReturned: boolean }[] = [];
  /** So many of them are older than is shown. */
  #old = 0;
  readonly #all = new Suspicion();
  /** Of the loops that did not pass this mix. */
  readonly #without = new Map<string, Suspicion>();
  #answers = 0;
  /** Loops that leave before say nothing. */
  #settledAt = 0;
  #isLosing = false;

  /** `patience`: a loop that takes longer through the mixes counts as lost. `onChange`: `isLosing` changed. */
  constructor(o: { readonly patience: Milliseconds; readonly onChange: () => void }) {
    this.#patience = o.patience;
    this.#onChange = o.onChange;
  }

  /** Loops are missing, and no single mix is the reason. */
  get isLosing(): boolean {
    return this.#isLosing;
  }

  sent(id: MessageId, at: Milliseconds, mixes: readonly NodeId[]): void {
    if (at < this.#settledAt) return;
    this.#out.set(toHex(id), { at, mixes: new Set(mixes.map(toHex)), answers: this.#answers });
    for (const [oldest] of this.#out) {
      if (this.#out.size <= LOOPS_OUT_MAX) return;
      this.#out.delete(oldest);
    }
  }

  returned(id: MessageId): void {
    const key = toHex(id);
    const loop = this.#out.get(key);
    if (loop === undefined) return;
    this.#out.delete(key);
    this.#judge(loop, true);
    // Entries come in the order in which they arrived: what should have been there before it is not in the mailbox.
    this.#giveUp(loop.at);
  }

  /** An entry answered a poll; `isLast`: the mailbox had nothing more to give. */
  answered(now: Milliseconds, isLast: boolean): void {
    this.#answers++;
    if (isLast) return this.#giveUp(now);
    // No mailbox holds more than this before a loop: who goes on giving entries has invented them.
    for (const [, { at, answers }] of this.#out) {
      if (this.#answers - answers <= MAILBOX_ANSWERS_MAX) return;
      this.#giveUp(Math.min(at + this.#patience, now));
    }
  }

  /** What was on its way may have been lost with the link, or with the provider that closed it: that is no sign of anything. */
  linkLost(): void {
    this.#out.clear();
  }

  /** A provider that was started anew has its lines to mixes again after a few seconds. */
  linked(now: Milliseconds): void {
    this.#settledAt = now + LINK_SETTLING;
  }

  /** Of the last hour. */
  count(now: Milliseconds): { sent: number; returned: number } {
    const recent = this.#known.filter(({ at }) => now - at <= LOOP_WINDOW);
    return { sent: recent.length, returned: recent.filter(({ isReturned }) => isReturned).length };
  }

  /** All that should have come back by this time. */
  #giveUp(time: number): void {
    for (const [key, loop] of this.#out) {
      if (loop.at + this.#patience > time) return;
      this.#out.delete(key);
      this.#judge(loop, false);
    }
  }

  #judge({ at, mixes }: Loop, isReturned: boolean): void {
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
