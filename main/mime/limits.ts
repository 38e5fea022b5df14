/** Limits on mail as MIME, with their reasons. */

/** Headers of one mail, all parts together: mails with long reference lists have about 20 KiB. */
export const HEADER_BYTES_MAX = 256 * 1024;
/** Parts inside parts: people's mails have 3 or 4 levels; deeper ones are made to exhaust a stack. */
export const DEPTH_MAX = 20;
/** Attachments of one mail that are kept and shown; contract.ts allows as many. */
export const ATTACHMENTS_MAX = 100;
/** Lines that could part two parts. A million empty parts fit into a mail; parsing them would take minutes. */
export const PART_MARKS_MAX = 20_000;
/** As contract.ts: what a person can read. A longer text is cut and comes whole as an attachment. */
export const TEXT_CHARACTERS_MAX = 2_000_000;
export const HTML_CHARACTERS_MAX = 5_000_000;
export const SUBJECT_CHARACTERS_MAX = 998;
export const NAME_CHARACTERS_MAX = 200;
export const FILE_NAME_CHARACTERS_MAX = 255;
export const TYPE_CHARACTERS_MAX = 127;
export const PEOPLE_MAX = 50;
/** References kept in a thread: the first and the last ones name it well enough (RFC 5322 §3.6.4 sets no limit). */
export const REFERENCES_MAX = 20;
