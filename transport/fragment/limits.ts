/** Bounds of the fragment layer, each with its reason. */

/**
 * 65,536: 1.4 GB in packets of 28 KiB, far over any message a network carries, and small enough that a list of indices
 * costs a reader nothing.
 */
export const FRAGMENTS_MAX = 2 ** 16;
