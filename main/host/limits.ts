/** Limits of the browser host, with their reasons. */

/** A draft's text of 2,000,000 characters, as JSON with every character escaped, is below this. */
export const MESSAGE_BYTES_MAX = 16 * 2 ** 20;
/** What may wait for a window that does not read; a reload gets it all again. */
export const UNREAD_BYTES_MAX = 64 * 2 ** 20;
/** A body of a request, in bytes: a mail file of the largest size the network carries, and some. */
export const BODY_BYTES_MAX = 40 * 2 ** 20;
/** Connections at once: a window and its requests. */
export const CONNECTIONS_MAX = 64;
/** A request that takes longer to come is no request of a page on the same machine, in milliseconds. */
export const REQUEST_TIME_MAX = 60_000;
/** Of a large body, what is copied in one go: a tenth of a millisecond's work. */
export const PIECE_BYTES = 256 * 1024;
export const TOKEN_BYTES = 32;
