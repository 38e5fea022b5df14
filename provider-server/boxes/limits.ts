/** Every bound of boxes, with its reason. */

import { type Milliseconds, milliseconds } from "#transport/core/units.ts";

/**
 * An account has four at a time and opens one in a week, so these serve some 10,000 accounts of other providers. Nobody can be
 * asked to pay for the room: who fills all of it pays 50,000 tokens.
 */
export const BOXES_MAX = 50_000;

/** In the mail profile what one sender can send in 18 hours, and its owner collects in 20; 49 MB. */
export const ENTRIES_PER_BOX_MAX = 2048;

/** Three devices of an account, and as many again that took the place of others while the box lives. */
export const READERS_PER_BOX_MAX = 8;

/** Each holds a SURB and a timer, 6 KB: 197 MB. In the mail profile with four answers of a collect, 16,000 programs that run all day. */
export const COLLECT_ANSWERS_WAITING_MAX = 32_768;

/**
 * Of these, answers to readers of no box. Anybody can ask with secrets that are made up, and 15 devices at the fastest pace take as
 * many: those of boxes that exist find room all the same. Of ours only who has no box asks so, for minutes after it joined.
 */
export const STRANGE_COLLECT_ANSWERS_WAITING_MAX = COLLECT_ANSWERS_WAITING_MAX / 4;

/**
 * Collects of one reader whose answers wait. It makes one in the time that the answers to one are spread over, on average and by
 * chance: a ninth comes so once in a hundred thousand times (Poisson's law of mean 1).
 */
export const COLLECTS_PER_READER_WAITING_MAX = 8;

/** Before an answer leaves: reading the disk and making the reply packet take some milliseconds, and those of others come between. */
export const ANSWER_MADE_BEFORE: Milliseconds = milliseconds(50);

/** What the figures tell is rounded up to these: one box more, or one program that collects, does not show. docs/operating.md §7 */
export const BOXES_STEP = 100;
export const COLLECT_ANSWERS_STEP = 256;
