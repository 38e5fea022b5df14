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
/** Mean wait before the first box, or before one in place of those that were lost. */
export const BOX_FIRST_WAIT: Milliseconds = seconds(60);
/** After a request for a box that failed; doubles up to the longest. */
export const BOX_RETRY_WAIT: Milliseconds = milliseconds(3_600_000);
export const BOX_RETRY_WAIT_MAX: Milliseconds = milliseconds(24 * 3_600_000);
/** What a provider, or somebody who was told of a box, says of its end may differ by so much from our own reckoning: clocks, and the time that an answer took. */
export const BOX_LIFE_TOLERANCE: Milliseconds = milliseconds(3_600_000);
/** Nobody is told of a box in its last hour, and nobody writes to it any more: it takes nothing that comes late out of queues and mixes. */
export const PLACE_REST_MIN: Milliseconds = milliseconds(3_600_000);
/** So many collects in a row whose answers say that there is no such box: one answer may be of before a restart. */
export const UNKNOWN_MAX = 2;
/** A provider that is in no list for so many epochs does not come back soon. */
export const ABSENT_EPOCHS_MAX = 2;
/** Cursors are written down so long after they moved: what was dealt with since the last time is given again, and is here. */
export const PROGRESS_WAIT: Milliseconds = seconds(60);
/** An announcement that is not back after so many mean times in mixes goes again. */
export const ANNOUNCEMENT_PATIENCE = 5;
/** Reply blocks whose answers are awaited, a few hundred bytes each: more than the fastest pace of the demo makes in their life. */
export const REPLY_BLOCKS_MAX = 8192;
/** An answer that has not come by then is awaited no more: its entry is given again to another block. */
export const REPLY_BLOCK_LIFE: Milliseconds = milliseconds(1_800_000);
