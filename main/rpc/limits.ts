/** Limits of one port, with their reasons. */

/** A window of ours has a handful of calls open; hundreds at once are a fault or an attack on memory. */
export const OPEN_CALLS_MAX = 256;
