/** Bounds of the library's client, each with its reason. */

/** Of messages that nobody has polled yet: two of the largest and more. Those behind them wait on the store. */
export const READY_BYTES_MAX = 64 * 2 ** 20;
/** Records of addresses that were looked up: some 3 KB each. More people than an application writes to within a record's week. */
export const RECORDS_KEPT_MAX = 1024;
/** What is sealed for a file between two turns of the program's loop: a millisecond's work on a slow machine, as of any work beside the clocks. */
export const PIECE_BYTES = 200_000;
