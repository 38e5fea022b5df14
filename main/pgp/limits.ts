/** Limits on OpenPGP input, with their reasons. */

/** The largest mail is 25 MiB sealed; its text cannot honestly be larger than this after decompression. */
export const DECOMPRESSED_BYTES_MAX = 64 * 2 ** 20;

/** What a mailbox record carries (docs/spec/07-mailbox.md §3). */
export const CERTIFICATE_BYTES_MAX = 8192;

/** Certificates of people whose clock is ahead by this much are accepted, in milliseconds: ten minutes, as for records. */
export const CLOCK_SLACK_MS = 10 * 60 * 1000;

/** A certificate says for how long senders may use it, in seconds: two years, extended at every start in the last half year. */
export const CERTIFICATE_SECONDS = 2 * 365 * 24 * 3600;
export const EXTEND_BEFORE_SECONDS = 182 * 24 * 3600;
