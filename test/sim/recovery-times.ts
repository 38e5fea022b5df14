/**
 * How long things may take at most, computed from a network's parameters by the formulas of docs/spec/04-traffic.md §7-8 and
 * docs/spec/08-directory.md. An exponential wait is longer than 20 of its means once in 500 million times; of several waits one
 * after another the longest is given that, the others their means.
 */

import { CLOCK_LOOK_SHARE, RETRY_SHARE } from "#provider-server/node/limits.ts";
import { REPLY_BLOCK_LIFE } from "#transport/client/boxes/limits.ts";
import { REDIAL_MEAN_MAX, REMINDERS_MAX, REQUEST_ATTEMPTS, WAIT_MEANS_MAX } from "#transport/client/limits.ts";
import type { Parameters, ProfileName } from "#transport/core/parameters.ts";

export interface Times {
  /** F: between two departures of one fragment at least. */
  readonly repeatLeast: number;
  /** From the end of all faults, or from when a message was taken if that was later, until it is read or reported. */
  readonly recovery: number;
  /** Mean time from one payload slot to the next, and from one poll to the next. */
  readonly slot: number;
  readonly poll: number;
  /** From when a list may be used until every node that nothing disturbs has it; after a disturbance as long. */
  readonly nodeHasList: number;
  /** The same for clients, whose first question comes in the first half of the epoch. */
  readonly clientHasList: number;
  /** What a client that lost its link may take in addition. */
  readonly redial: number;
  /** From a request's departure until its reply block is given up at the latest. */
  readonly answer: number;
  /** The same for one that asks a box: it is given up when another is made, which takes a link. */
  readonly boxAnswer: number;
}

/** Copies of one fragment that leave though nobody asked whether it is there. */
export const REMINDERS = REMINDERS_MAX + 1;
const CLIENT_RETRY_SHARE = 0.02;
const CLIENT_RETRY_MIN = 10_000;
/** Calls that nobody answers, to three authorities. */
const DIALS = 30_000;

export function timesOf({ profiles, epoch, boxReplies }: Parameters, profile: ProfileName): Times {
  const { sendRate, payloadShare, dropShare, pollRate, meanDelay } = profiles[profile];
  const journey = 3 * Math.max(profiles.mail.meanDelay, profiles.chat.meanDelay);
  const poll = 1000 / pollRate;
  const slowestPoll = Math.max(...Object.values(profiles).map((one) => 1000 / one.pollRate));
  const slot = 1000 / (sendRate * payloadShare);
  const askFloor = 3 * journey + 4 * poll;
  const answerFloor = 5 * journey + 8 * poll;
  // A question that was lost is given up; the last of several waits before it is asked again; then the answer comes.
  // What a box gave and was lost on its way is given again (docs/spec/17-boxes.md §3).
  const hasBoxes = boxReplies > 0;
  const floors = answerFloor + askFloor + answerFloor + (hasBoxes ? 4 * (journey + slowestPoll) : 0);
  const means = [
    REDIAL_MEAN_MAX,
    answerFloor / 4,
    askFloor,
    slot,
    answerFloor / 4,
    journey,
    slot,
    3 * meanDelay,
    2 * poll,
    ...(hasBoxes ? [1000 / (boxReplies * sendRate * dropShare), 3 * meanDelay] : []),
  ];
  return {
    repeatLeast: 3 * journey + 4 * Math.min(...Object.values(profiles).map((one) => 1000 / one.pollRate)),
    recovery: floors + means.reduce((sum, mean) => sum + mean, 0) + WAIT_MEANS_MAX * Math.max(...means),
    slot,
    poll,
    nodeHasList: 6 * RETRY_SHARE * epoch.duration + 2 * CLOCK_LOOK_SHARE * epoch.duration + DIALS,
    clientHasList:
      epoch.duration / 2 + WAIT_MEANS_MAX * Math.max(CLIENT_RETRY_SHARE * epoch.duration, CLIENT_RETRY_MIN),
    redial: WAIT_MEANS_MAX * REDIAL_MEAN_MAX,
    answer: answerFloor + (WAIT_MEANS_MAX * answerFloor) / 4,
    boxAnswer: REPLY_BLOCK_LIFE + WAIT_MEANS_MAX * (1000 / (sendRate * dropShare) + REDIAL_MEAN_MAX),
  };
}

export const ATTEMPTS = REQUEST_ATTEMPTS;
