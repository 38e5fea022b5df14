/**
 * How long after a fault's end a mail may still be felt to be late, from the parameters: by docs/spec/04-traffic.md §7-8,
 * docs/spec/17-boxes.md §3 and §7, and docs/spec/08-directory.md. Exponential waits count with four of their means: one in fifty is longer.
 */

import { REDIAL_MEAN_MAX } from "#transport/client/limits.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import type { Fault, Victim } from "./faults.ts";

/** A link that is dead is noticed, and a program is up again, within this on a machine that has much to do. */
const NOTICED = 30_000;
const MEANS = 4;
/**
 * From a vote until senders leave the list that it made, in epochs (docs/spec/08-directory.md §2): a quarter for the agreement, half
 * until all change to the list, one until they change to the next.
 */
const MISSED_VOTE_EPOCHS = 1.75;

/** In milliseconds. */
export function recoveryBar(role: Victim["role"], fault: Pick<Fault, "lasts">, parameters: Parameters): number {
  const { round, way } = roundOf(parameters);
  // The waits between two dials double while nobody answers: the next one is about as long as the outage was.
  const redial = MEANS * Math.min(fault.lasts, REDIAL_MEAN_MAX);
  switch (role) {
    // What it held is gone, and of what is sent again the next mix may lose something as well.
    case "mix":
      return NOTICED + 2 * round;
    // Mail does not pass it. The one before it in the list of victims may have lost a mail.
    case "authority":
      return round;
    // Its customers dial it again; what it held is gone; who was not heard at a vote is in no list for an epoch.
    case "provider":
      return NOTICED + redial + round + MISSED_VOTE_EPOCHS * parameters.epoch.duration;
    // Mail waits for its reader at the provider, and the reader's own on its disk.
    case "reader":
      return NOTICED + redial + round + way;
  }
}

/**
 * One repetition: the question, one that is lost before it, its answer, the wait of what is missing and its way. Through a box,
 * which gives again what was lost on the way out of it.
 */
function roundOf({ profiles: { mail, chat }, boxReplies }: Parameters): { round: number; way: number } {
  const journey = 3 * Math.max(mail.meanDelay, chat.meanDelay);
  const poll = 1000 / mail.pollRate;
  const ask = 3 * journey + 4 * poll;
  const answer = 5 * journey + 8 * poll;
  const outOfBox = boxReplies === 0 ? 0 : MEANS * (journey + 1000 / (boxReplies * mail.sendRate * mail.dropShare));
  const givenAgain = boxReplies === 0 ? 0 : 4 * (journey + poll) + outOfBox;
  const way = MEANS * (journey + poll) + outOfBox + givenAgain;
  return { way, round: ask + MEANS * ask + (answer + (MEANS * answer) / 4) + answer + MEANS * journey + way };
}
