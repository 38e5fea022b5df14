/** Every bound of the threads that unwrap, with its reason. */

import { type Milliseconds, milliseconds, seconds } from "#transport/core/units.ts";

/** Links and clock take the first thread some 80 µs a packet, unwrapping another 160: with more than four the first is the slowest. */
export const UNWRAP_THREADS_MAX = 4;

/**
 * Packets that wait for a thread or are in one: a third of a second of 3,000 packets a second, longer than a scheduler that
 * is busy elsewhere leaves a thread waiting. 29 MiB at 28 KiB.
 */
export const UNWRAP_SLOTS = 1024;

/** Epochs whose keys threads share: four at a time, and what clocks that were set and reset have left behind. 2.5 KB. */
export const SHARED_KEYS_MAX = 64;

/** How long a packet that is unwrapped may wait to be looked at when no frame comes: the finest that a timer has. */
export const LOOK_INTERVAL: Milliseconds = milliseconds(1);

/** Milliseconds without a packet after which a thread no longer looks by itself: at 50 packets a second it still does. */
export const NAPS_MAX = 20;

/** After a thread has ended: at once would be a loop if it cannot even start. */
export const RESTART_WAIT_MIN: Milliseconds = seconds(1);
export const RESTART_WAIT_MAX: Milliseconds = seconds(60);

/** A thread that is asked to stop finishes one packet; this is a thousand times as long. */
export const STOP_TIME_MAX: Milliseconds = seconds(1);
