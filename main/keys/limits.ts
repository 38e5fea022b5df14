/** How long what is known of people is believed, in milliseconds, with reasons. */

/** A reader's record is asked for again after this, so that a key that changed is noticed within a day of writing. */
export const RECORD_AGE_MAX = 24 * 3600 * 1000;
/** "There is no such reader" is asked again sooner: people sign up after they told their address. */
export const ABSENCE_AGE_MAX = 60 * 1000;
