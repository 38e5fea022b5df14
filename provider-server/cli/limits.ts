/** Bounds of the program that an operator runs, each with its reason. */

import type { Network } from "#transport/directory/model.ts";

/**
 * For so many users' packets for each mix of a layer a machine should be fast enough, when all of them send in the same part of a
 * slot. Live: the smallest network has two mixes a layer and is planned for 10,000 (`npm run params`). Demonstration: those
 * who watch.
 */
export const USERS_PER_MIX_LEAST: Readonly<Record<Network["kind"], number>> = { live: 5_000, demo: 10 };

/** Unwraps whose median is told: 10 ms, once the engine has seen enough of them to compile. */
export const UNWRAPS_MEASURED = 51;
export const UNWRAPS_BEFORE = 50;

/** What `status` and docs/alerts.yml call trouble. */
export const TROUBLE = {
  /** More than this part of the packets left more than so many milliseconds late: a healthy node has none. */
  late: { share: 0.01, milliseconds: 100 },
  /** More than this part of the packets were dropped because the machine could not take them. */
  overload: 0.001,
  /** More than this part could not be passed on: links fail for moments, and a packet a thousand is repeated unnoticed. */
  unsent: 0.01,
  /** More than this part was malformed or seen before. */
  bad: 0.01,
  /** A queue, or the memory of one key, is nearly full. */
  full: 0.8,
  /** Of a node's loops: honest nodes lose one in a hundred (docs/spec/08-directory.md §12). */
  loopsLost: 0.05,
  /** Loops fewer than these say nothing: live there are 900 in an epoch. */
  loopsLeast: 50,
  /** Entries of a day of 10,000 users who get 9 mails each, 24 KB an entry. */
  diskFreeBytes: 2 ** 31,
  /** Replay logs at 3,000 packets a second: 58 MB. */
  memoryDirectoryFreeBytes: 64 * 2 ** 20,
  /** Of what is still accepted of a clock, or of a vote's way. */
  clock: 0.5,
} as const;

/** A daemon on this machine that answers does so at once; one that is busy with a burst within a second. */
export const STATUS_WAIT_MILLISECONDS = 5_000;

/** Of a program whose database was found damaged, at its start or later: units do not start it again, for it would only end again (build/units). */
export const EXIT_DAMAGED = 3;
