/**
 * The waits of receipts, `have` and retransmission: all random, all scaled by the network's delays, so that they fit a demo
 * and a network for people alike. Nobody can predict when a lost fragment comes again. Spec: docs/spec/04-traffic.md §7
 */

import type { Parameters, Profile } from "../core/parameters.ts";
import { exponential, type RandomSource } from "../core/random.ts";
import { meanInterval, type Milliseconds, milliseconds, perSecond } from "../core/units.ts";
import {
  LAST_REMINDER_SPREAD,
  LAST_REMINDER_WAIT,
  LOOKUP_DOUBLINGS_MAX,
  REMINDERS_MAX,
  WAIT_MEANS_MAX,
} from "./limits.ts";

const MIXES = 3;

export interface LongestWaits {
  readonly receipt: Milliseconds;
  readonly ask: Milliseconds;
  readonly repeat: Milliseconds;
  readonly remind: (reminders: number) => Milliseconds;
}

/** What is written to: the reader's box, where there is a place, else the mailbox. */
export interface WrittenTo {
  readonly place?: object | undefined;
}

/** Those of a sent message. */
export interface Waits {
  askWait(): Milliseconds;
  repeatWait(): Milliseconds;
  remindWait(reminders: number, to: WrittenTo): Milliseconds;
  /** Above what those give. */
  readonly longest: Omit<LongestWaits, "receipt">;
}

export class TimeLaws {
  readonly #random: RandomSource;
  readonly #profile: () => Profile;
  readonly #parameters: Parameters;

  constructor(options: { random: RandomSource; profile: () => Profile; parameters: Parameters }) {
    this.#random = options.random;
    this.#profile = options.profile;
    this.#parameters = options.parameters;
  }

  /** The mean time that a packet spends in mixes, at the slower of the two profiles: the other side's is unknown. */
  get journey(): Milliseconds {
    const { mail, chat } = this.#parameters.profiles;
    return milliseconds(MIXES * Math.max(mail.meanDelay, chat.meanDelay));
  }

  /** Before a receipt joins the queue: the moment somebody reads must not show in the moment the sender learns of it. */
  receiptWait(): Milliseconds {
    return exponential(this.#random, this.journey);
  }

  /** From the last fragment's departure to the one question: three journeys for mail and receipt, and as long again on average. */
  askWait(): Milliseconds {
    const floor = this.#askFloor;
    return milliseconds(floor + exponential(this.#random, floor));
  }

  /** From learning that a fragment is missing to its return to the queue. */
  repeatWait(): Milliseconds {
    return exponential(this.#random, this.journey);
  }

  /**
   * From "stored" to a reminder: the reader may be away for long, so it starts slow and doubles; the last comes after days. Slower for a
   * box: what waits there for its turn would be reminded of, each reminder is one entry more, and a busy box would never come through.
   */
  remindWait(reminders: number, to: WrittenTo): Milliseconds {
    if (reminders >= REMINDERS_MAX) {
      return milliseconds(LAST_REMINDER_WAIT + exponential(this.#random, LAST_REMINDER_SPREAD));
    }
    const half = this.#remindHalf(reminders, to);
    return milliseconds(half + exponential(this.#random, half));
  }

  /** What none of these waits exceeds: a time that is further off was planned by a clock that was ahead. */
  get longest(): LongestWaits {
    return {
      receipt: most(this.journey),
      ask: most(this.#askFloor),
      repeat: most(this.journey),
      remind: (reminders) =>
        reminders < REMINDERS_MAX
          ? most(10 * this.#longerJourney * 2 ** reminders)
          : milliseconds(LAST_REMINDER_WAIT + most(LAST_REMINDER_SPREAD)),
    };
  }

  /** From one look at what waits for a newer key to the next, and for a reader asked for in vain: slow, and doubling. */
  lookupWait(failures: number): Milliseconds {
    return exponential(this.#random, milliseconds(20 * this.journey * 2 ** Math.min(failures, LOOKUP_DOUBLINGS_MAX)));
  }

  /** From a request's departure to giving it up: both ways through the mixes with room for unlucky delays, and the poll. */
  answerWait(): Milliseconds {
    const floor = 5 * this.journey + 8 * this.#poll();
    return milliseconds(floor + exponential(this.#random, milliseconds(floor / 4)));
  }

  get #askFloor(): Milliseconds {
    return milliseconds(3 * this.journey + 4 * this.#poll());
  }

  #remindHalf(reminders: number, to: WrittenTo): Milliseconds {
    return milliseconds(10 * (to.place === undefined ? this.journey : this.#boxJourney) * 2 ** reminders);
  }

  get #longerJourney(): Milliseconds {
    return this.#parameters.boxReplies > 0 ? this.#boxJourney : this.journey;
  }

  /** Mean time in mixes on both ways, and in the box until the next answer of one that is asked as slowly as any. */
  get #boxJourney(): Milliseconds {
    const { boxReplies, profiles } = this.#parameters;
    const drops = Object.values(profiles).map(({ sendRate, dropShare }) => sendRate * dropShare);
    return milliseconds(2 * this.journey + meanInterval(perSecond(boxReplies * Math.min(...drops))));
  }

  #poll(): Milliseconds {
    return meanInterval(this.#profile().pollRate);
  }
}

/** Whole milliseconds: what a store keeps and reads back is the same. */
export const later = (at: Milliseconds, wait: Milliseconds): Milliseconds => milliseconds(Math.ceil(at + wait));

export const earlier = (a: Milliseconds, b: Milliseconds): Milliseconds => milliseconds(Math.min(a, b));

const most = (mean: number): Milliseconds => milliseconds(WAIT_MEANS_MAX * mean);
