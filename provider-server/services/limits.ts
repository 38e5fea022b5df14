/** Every bound of services, with its reason. */

import { type Milliseconds, milliseconds, perSecond } from "#transport/core/units.ts";

/** Answers that wait to leave, 28 KiB each: 14 MB. A flood of requests costs its sender as much as it costs us, and no more. */
export const ANSWERS_WAITING_MAX = 512;

/**
 * Of them, answers of `have`, which takes no token. An answer waits 0.55 s in the mean: 465 questions a second, three a minute of
 * the writers of 9,000 clients. The other half is enough for the services that take tokens: 100 a second, and a burst of 200.
 */
export const HAVE_WAITING_MAX = 256;

/**
 * Hashes that `have` looks up in a second for long questions: 3.3 µs each in a mailbox of 8,192 fragments on the disk (0.5 in an empty one), so 3 % of
 * the thread that passes packets on. Without it its places would let 465 questions of 512 hashes through in a second, four fifths of the thread.
 */
export const HAVE_BUDGET = { rate: perSecond(10_000), burst: 10_000 };

/**
 * A question of no more hashes is short: mail of a few fragments. The places alone bound those, to 3 % of the thread, so that a flood of
 * long questions puts off the repetition of long mail only.
 */
export const HAVE_SHORT_HASHES_MAX = 16;

/**
 * What a provider's own services have for an answer: reading the disk and making the reply packet take some milliseconds. Every
 * answer waits so long before its random wait begins: else the shortest waits would end with the work, and show it.
 */
export const ANSWER_TIME: Milliseconds = milliseconds(50);

/** The same for services of the operator's own, in their own processes: a database query, not a computation of minutes. */
export const OPERATOR_ANSWER_TIME: Milliseconds = milliseconds(1000);

/** Requests in work at one service of the operator's own: a busy one takes no places from `keys` and `have`. */
export const OPERATOR_ANSWERS_WAITING_MAX = 128;

/** More than any reply holds. */
export const OPERATOR_ANSWER_BYTES_MAX = 65_536;

/** Services of the operator's own; each is a process. */
export const OPERATOR_SERVICES_MAX = 16;

/** Memory of one of their processes: of V8's heap, where what lives longer lies. */
export const OPERATOR_HEAP_MEBIBYTES_MAX = 256;

/** A process that has not answered for so long hangs: it is ended and begun again. */
export const OPERATOR_SILENCE_MAX: Milliseconds = milliseconds(30_000);

/** Before a process that ended is begun again. */
export const OPERATOR_RESTART_WAIT: Milliseconds = milliseconds(5_000);

/** Mean of the exponential wait before an answer leaves: among so many packets of others nobody tells which was asked when. */
export const ANSWER_DELAY_MEAN: Milliseconds = milliseconds(500);

/** e^-16 of waits would be longer. */
export const ANSWER_DELAY_MAX: Milliseconds = milliseconds(8000);
