/** Bounds of what a daemon tells whoever runs it, each with its reason. */

import { type Milliseconds, seconds } from "#transport/core/units.ts";

/** How long figures stand still: hundreds of packets at the least, with nodes' loops and decoys alone. */
export const TAKE_INTERVAL: Milliseconds = seconds(60);
/** What depends on mail is told by the hour: within one, whoever reads it could match what came to what was sent. */
export const TAKES_PER_HOUR = 60;
export const HOUR: Milliseconds = seconds(3600);
/** What `status` judges: long enough to be no accident, short enough that what was put right is seen to be. */
export const RECENT_TAKES = 10;

/** Free room is told in such steps: a provider's file grows by 24 KB for each waiting entry. */
export const DISK_STEP_BYTES = 64 * 2 ** 20;
