/** Limits on what one device hands to another, with their reasons. */

/** A name of 200 characters (contract.ts), in UTF-8. */
export const NAME_BYTES_MAX = 800;
/** Ours is under 1 KiB; whatever comes must leave room for itself. */
export const PRIVATE_KEY_BYTES_MAX = 3_072;
/** As many as one byte counts; there is room for some twenty. */
export const PEOPLE_HANDED_OVER_MAX = 255;
