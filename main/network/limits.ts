/** What the network page calls small, and what it measures with. */

/** Below this, whoever watches several operators sees most paths whole; said in words, never hidden. */
export const SMALL_MIXES = 9;
export const SMALL_OPERATORS = 6;
export const SMALL_PROVIDERS = 3;

/** A usual mail, in bytes: what "arrives in about" is said of before anything is written. */
export const USUAL_MAIL_BYTES = 20_000;
