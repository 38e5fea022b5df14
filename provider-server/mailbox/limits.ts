/** Every bound of the mailbox store, with its reason. */

import { type Milliseconds, milliseconds } from "#transport/core/units.ts";

/**
 * About 195 MB at 23,830 bytes: seven large mails, or a month of loops of a client that dies while its clock runs on. And more than a
 * reader collects in an hour, for which places stay taken that were read: 6,000 in the chat profile.
 */
export const FRAGMENTS_PER_MAILBOX_MAX = 8192;

/** A client asks a few questions a minute, and up to four answers of boxes for each drop slot; it reads them within seconds. */
export const REPLIES_PER_DEVICE_MAX = 64;

/** Nobody removes so many devices before the others have heard of it; without a bound an account could fill the disk. 1.5 MB. */
export const NOTICES_PER_MAILBOX_MAX = 64;

/** Entries per commit: 128 bodies are 3 MB, some 10 ms of writing. */
export const BATCH_ENTRIES_MAX = 128;

/** How long an entry waits for company before it is committed. A sync costs 1 to 5 ms, so a tenth of the time goes into it. */
export const BATCH_WAIT: Milliseconds = milliseconds(20);

/** Entries that wait for the disk: a second of the highest rate at which one provider is meant to run. */
export const PENDING_ENTRIES_MAX = 4096;

/** A device that has not polled for this long no longer keeps entries from being deleted. */
export const DEVICE_INACTIVE_DAYS = 14;

/** Rows that one sweep, or one commit of cursors, deletes at a time, so that no packet waits behind a long transaction. */
export const SWEEP_ROWS_MAX = 512;

export const SWEEP_INTERVAL: Milliseconds = milliseconds(60_000);

/** `have` asks for at most this many fragments at once: 8 KiB of hashes. */
export const HAVE_HASHES_MAX = 512;
