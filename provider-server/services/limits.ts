/** Every bound of services, with its reason. */

import { type Milliseconds, milliseconds } from "#transport/core/units.ts";

/** Answers that wait to leave, 28 KiB each: 14 MB. A flood of requests costs its sender as much as it costs us, and no more. */
export const ANSWERS_WAITING_MAX = 512;

/** Mean of the exponential wait before an answer leaves: far above the time that any answer takes to compute. */
export const ANSWER_DELAY_MEAN: Milliseconds = milliseconds(500);

/** e^-16 of waits would be longer. */
export const ANSWER_DELAY_MAX: Milliseconds = milliseconds(8000);
