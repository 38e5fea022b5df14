/** Limits of one port, with their reasons. */

/** A window of ours has a handful of calls open; hundreds at once are a fault or an attack on memory. */
export const OPEN_CALLS_MAX = 256;

/** An event waits this long, in milliseconds, so that a burst of the same becomes one: quicker than an eye can tell. */
export const EVENT_PAUSE_MS = 100;
