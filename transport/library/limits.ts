/** Bounds of the library's client, each with its reason. */

/** Of messages that nobody has polled yet: two of the largest and more. Those behind them wait on the store. */
export const READY_BYTES_MAX = 64 * 2 ** 20;
/** Records of addresses that were looked up: some 3 KB each. More people than an application writes to within a record's week. */
export const RECORDS_KEPT_MAX = 1024;
/** What is sealed for a file between two turns of the program's loop: a millisecond's work on a slow machine, as of any work beside the clocks. */
export const PIECE_BYTES = 200_000;
/** Of a damaged file this much is looked through at a time. */
export const WINDOW_BYTES = 2 ** 20;
/**
 * More numbers than writes that a full disk refused, and the one that was torn, have used up. Numbers stay below 2^32 for 256 such starts,
 * and a file that is written anew begins at 0.
 */
export const TORN_NUMBERS_MAX = 2 ** 24;
/** A file below this is not worth rewriting. */
export const COMPACT_BYTES_MIN = 2 ** 20;
