/** Bounds of boxes that both sides keep, each with its reason. */

import { type Milliseconds, seconds } from "../core/units.ts";

/** Longer than the wait between two drop slots of any profile, in whose parts the delays lie; a reply block lives not much longer. */
export const COLLECT_DELAY_MAX: Milliseconds = seconds(600);

/** Entries ahead of the cursor of which a collect says whether they are taken: bits of a u64, some 70 minutes of answers. */
export const TAKEN_BITS = 64;
