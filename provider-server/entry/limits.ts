/** Every bound of client links, with its reason. */

import { type Milliseconds, milliseconds, perSecond } from "#transport/core/units.ts";

/**
 * A budget grows by this much more than the fastest profile sends. Ticks are a Poisson process: were the two equal, the random
 * walk of their difference would pass any burst in the end.
 */
export const BUDGET_SLACK = 1.25;

/** With the slack above, honest ticks exceed this once in e^(2 × 0.25 × 64 / 1.25) ≈ 10^11 of them. */
export const BUDGET_BURST = 64;

/** A client asks for a consensus once an epoch, and again when an answer was lost. */
export const CONSENSUS_BUDGET = { rate: perSecond(1 / 5), burst: 8 };

/** Signing up, a record a week, a device now and then. */
export const CONTROL_BUDGET = { rate: perSecond(1 / 5), burst: 16 };

/** Of devices and of accounts each, remembered after the device has gone; those that are full again are forgotten first. */
export const BUDGETS_MAX = 200_000;

/**
 * From a poll to its answer: longer than it takes to read an entry, short against the quickest profile's polls, and over before
 * the commit (`BATCH_WAIT`) that a cursor sets off when it has moved: waiting for the disk would delay just these answers.
 */
export const POLL_ANSWER_WAIT: Milliseconds = milliseconds(10);

/** Answers to polls that wait for it, 24 KB each: 98 MB, a third of a second of 9,000 clients' quickest profile. Only a machine that does not get on has more. */
export const POLL_ANSWERS_WAITING_MAX = 4096;

/** Frames of answers kept for the next ones: those of a burst, in which 9,000 clients ask within two seconds, and they leave within 10 ms. 12 MB. */
export const ANSWER_FRAMES_KEPT = 512;

/** Links of devices without an account, each there for a minute to sign up. The newest 512 of them; accounts have the rest. */
export const STRANGERS_MAX = 512;

/**
 * Entries that a link is given beyond its cursor before they begin again there: 24 s of the chat profile's polls, longer than a live line
 * takes there and back; one that a client could not keep is not further away than so many polls.
 */
export const GIVEN_AHEAD_MAX = 32;

/** Documents that one link waits for: a client asks for one, and again when it thinks that the answer was lost. */
export const DOCUMENTS_WAITING_MAX = 2;

/** Between pieces of a consensus, 32 KiB each: a slow line takes 80 of them in half a minute. */
export const PART_INTERVAL: Milliseconds = milliseconds(100);

/** A client that takes no piece for so long gets no more of that answer. */
export const PART_ATTEMPTS_MAX = 300;
