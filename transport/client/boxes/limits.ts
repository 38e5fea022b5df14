/** Bounds of a client's own boxes, each with its reason. */

import { type Milliseconds, milliseconds, seconds } from "../../core/units.ts";

/** Boxes of an account that take entries: two follow one another, two more when devices open at once, or providers are lost. */
export const BOXES_TAKING_MAX = 4;
/** Boxes that are still collected: those of six weeks, one a week, and as many again. One more takes the place of one that is over, or is left out. */
export const BOXES_KEPT_MAX = 16;
/** What a new device is told of: older ones than the last four hold little that others of the account have not got. */
export const BUNDLE_BOXES_MAX = 4;
/** A box lives for so many lifetimes of a mailbox key. */
export const BOX_LIFE_KEYS = 2;
/** Its successor is opened in the second half of its life, within one part of so many of the whole. */
export const BOX_OPENING_PARTS = 14;
/** Mean wait before an account's first box, and after a start before one whose time passed while the program was off. */
export const BOX_FIRST_WAIT: Milliseconds = seconds(60);
/**
 * Mean wait before a box in place of those that were lost, in epochs: an hour in a network for people. When a box is lost its provider can choose,
 * and in a minute few others open one: who sees where boxes are opened would find the next.
 */
export const BOX_REPLACE_EPOCHS = 1;
/** After a request for a box that failed; doubles up to the longest. */
export const BOX_RETRY_WAIT: Milliseconds = milliseconds(3_600_000);
export const BOX_RETRY_WAIT_MAX: Milliseconds = milliseconds(24 * 3_600_000);
/** What a provider, or somebody who was told of a box, says of its end may differ by so much from our own reckoning: clocks, and the time that an answer took. */
export const BOX_LIFE_TOLERANCE: Milliseconds = milliseconds(3_600_000);
/** Nobody is told of a box in its last hour, and nobody writes to it any more: it takes nothing that comes late out of queues and mixes. */
export const PLACE_REST_MIN: Milliseconds = milliseconds(3_600_000);
/** So many collects in a row whose answers say that there is no such box: one answer may be of before a restart. */
export const UNKNOWN_MAX = 2;
/** One loop in so many epochs of time online goes to a box: in a network for people eight a day, of the 2,469 answers that a day's collects bring. */
export const BOX_LOOP_EPOCHS = 3;
/**
 * Page's sum of a box's loops in steps of 0.21, for a provider that drops half against one that drops nothing: ln(0.5 / 0.06) for a lost
 * one, ln(0.5 / 0.94) for one that came. Four in a row reach the bar; at 4 % of loss that is once in 170,000 loops
 * (`test/transport/client/boxes/box-health.test.ts`).
 */
export const SUSPICION_LOST = 10;
export const SUSPICION_RETURNED = -3;
export const SUSPICION_MAX = 40;
/**
 * A box that was lost at the bar is good again at this sum: ten that come in a row reach it, at 4 % of loss twelve do on average. Of a box whose
 * provider drops half it would be thought once in 2,500 loops, ten months of a program that is always on; it lives for two weeks.
 */
export const SUSPICION_FOUND = 10;
/** So many answers that a box gives nothing, each after time for everything given before it to be given again, and a loop is not in it. */
export const EMPTY_ROUNDS = 3;
/** A box that has given so many entries since a loop left has given all that lay before it, a quarter of it twice: it holds 2,048. */
export const ENTRIES_BEFORE_LOOP_MAX = 2560;
/**
 * Nor is it in a box that was asked for so many answers since, however few came: twice what a box holds. A provider that answers now and
 * then, with what it made up, is neither silent nor empty. Of honest answers a tenth are lost, and those of a day lie in a full mailbox.
 */
export const ANSWERS_BEFORE_LOOP_MAX = 4096;
/** Collects in a row without any answer that are a silence, however few leave in an epoch: one is lost for 4 of 100. */
export const SILENT_COLLECTS_MIN = 8;
/** Loops through boxes whose fate is open: far more than leave in the days that one may take. */
export const BOX_LOOPS_OUT_MAX = 256;
/** Loops through boxes that are still to be asked for: eight leave in a day, and a question is there for some minutes. Of more the oldest is not asked for. */
export const LOOP_QUESTIONS_MAX = 8;
/** A provider that is in no list for so many epochs does not come back soon. */
export const ABSENT_EPOCHS_MAX = 2;
/** Cursors are written down so long after they moved: what was dealt with since the last time is given again, and is here. */
export const PROGRESS_WAIT: Milliseconds = seconds(60);
/** An announcement that is not back after so many mean times in mixes goes again, and then after twice as long: it may lie behind a full mailbox. */
export const ANNOUNCEMENT_PATIENCE = 5;
/** By then the waits of a network for people are ten hours. */
export const ANNOUNCEMENT_DOUBLINGS_MAX = 9;
/** A box is announced once more so long after it was first: a code for a new device lasts a quarter of an hour, and what it was given is of before. */
export const TELL_AGAIN_AFTER: Milliseconds = seconds(1200);
/** Reply blocks whose answers are awaited, a few hundred bytes each: three days of the mail profile, five hours of chat. The oldest go first. */
export const REPLY_BLOCKS_MAX = 8192;
/**
 * An answer that has not come by then is awaited no more: its entry is given again to another block. A full mailbox of 8,192 entries is read in 23 hours
 * in the mail profile; of the answers behind them the provider keeps a device's last 64 (docs/spec/07-mailbox.md §4).
 */
export const REPLY_BLOCK_LIFE: Milliseconds = milliseconds(24 * 3_600_000);
/**
 * Entries of one box that are known again when its provider gives them once more: twice what a box holds. 16 bytes of a hash each, as text in a map
 * with a promise: some 200 bytes, so 0.8 MB a box, reached in two days of answers at the pace of the mail profile.
 */
export const FORMS_PER_BOX_MAX = 4096;
