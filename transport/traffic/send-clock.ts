/**
 * When a client sends, and of which kind: Loopix' three Poisson streams as one clock whose slots are payload, loop or drop.
 * The kind is drawn when the tick is planned, before anybody looks at a queue; the packet is wrapped shortly before the tick,
 * whatever it carries; the tick only writes. Spec: docs/spec/04-traffic.md §3
 */

import type { Cancel, Clock } from "../core/clock.ts";
import type { Profile } from "../core/parameters.ts";
import { type RandomSource, uniform } from "../core/random.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import { WRAP_LEAD } from "./limits.ts";
import type { ProfileSchedule } from "./profile-schedule.ts";
import { Ticker, type TickLaw } from "./ticker.ts";

export type SlotKind = "payload" | "loop" | "drop";

/** A frame made ready for its tick. */
export interface Prepared {
  readonly frame: Uint8Array;
  /** Told after the tick whether the frame left; a frame that did not is lost. */
  settled(left: boolean): void;
}

export interface SendClockOptions {
  readonly clock: Clock;
  readonly timing: RandomSource;
  readonly kinds: RandomSource;
  readonly law: TickLaw;
  /** Slot clock: in which first share of a slot it ticks. */
  readonly spread: number;
  readonly profiles: ProfileSchedule;
  /** Fills a slot: synchronous, so that nothing a user does can be waited for. undefined when no packet can be made at all. */
  readonly prepare: (kind: SlotKind) => Prepared | undefined;
  /** Hands a frame to the link at once; false when it could not. */
  readonly write: (frame: Uint8Array) => boolean;
}

export class SendClock {
  readonly #options: SendClockOptions;
  readonly #ticker: Ticker;
  /** The slot whose tick comes next. */
  #slot: Slot | undefined;
  #due: Slot | undefined;

  constructor(options: SendClockOptions) {
    this.#options = options;
    this.#ticker = new Ticker({
      clock: options.clock,
      random: options.timing,
      law: options.law,
      spread: options.spread,
      pace: options.profiles.pace("sendRate"),
      planned: (time) => this.#planned(time),
      tick: () => this.#tick(),
    });
  }

  /** When it next has something to do: wrap a slot, or write one. Work that delayed a wrap could push it across a poll's tick. */
  get next(): Milliseconds | undefined {
    const tick = this.#ticker.next;
    const isWrapped = this.#slot === undefined || this.#slot.wrapped;
    return tick === undefined || isWrapped ? tick : milliseconds(tick - WRAP_LEAD);
  }

  start(): void {
    this.#ticker.start();
  }

  stop(): void {
    this.#ticker.stop();
    this.#slot?.cancel();
    this.#slot?.ready?.settled(false);
    this.#slot = undefined;
  }

  /** What fills a slot of this kind. */
  protected prepare(kind: SlotKind): Prepared | undefined {
    return this.#options.prepare(kind);
  }

  protected write(prepared: Prepared): boolean {
    return this.#options.write(prepared.frame);
  }

  /** The next tick was drawn: its kind is, too, and its packet will be wrapped shortly before. */
  #planned(time: Milliseconds): void {
    this.#due = this.#slot;
    const kind = drawKind(this.#options.kinds, this.#options.profiles.at(time));
    const slot: Slot = { kind, ready: undefined, wrapped: false, cancel: () => undefined };
    slot.cancel = this.#options.clock.at(milliseconds(time - WRAP_LEAD), () => this.#wrap(slot));
    this.#slot = slot;
  }

  #wrap(slot: Slot): void {
    slot.wrapped = true;
    slot.ready = this.prepare(slot.kind);
  }

  #tick(): void {
    const slot = this.#due;
    this.#due = undefined;
    if (slot === undefined) return;
    // After a wait below the timers' grain the slot may not have had its turn to wrap, whatever its kind.
    if (!slot.wrapped) {
      slot.cancel();
      this.#wrap(slot);
    }
    slot.ready?.settled(this.write(slot.ready));
  }
}

interface Slot {
  readonly kind: SlotKind;
  ready: Prepared | undefined;
  wrapped: boolean;
  cancel: Cancel;
}

/** Payload, loop or drop by the profile's shares. */
export function drawKind(kinds: RandomSource, profile: Profile): SlotKind {
  const u = uniform(kinds);
  if (u < profile.payloadShare) return "payload";
  return u < profile.payloadShare + profile.loopShare ? "loop" : "drop";
}
