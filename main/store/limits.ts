/** Limits and costs of the store, with their reasons. */

/** Argon2id for a passphrase that is typed once a day: 256 MiB and three passes take about half a second. */
export const ARGON2_MEMORY_BYTES = 256 * 2 ** 20;
export const ARGON2_PASSES = 3;
/** What a key file may ask for: below it would be a downgrade, above it a way to exhaust memory. */
export const ARGON2_MEMORY_BYTES_MIN = 8 * 2 ** 20;
export const ARGON2_MEMORY_BYTES_MAX = 2 ** 30;
export const ARGON2_PASSES_MAX = 16;

/** A passphrase that a person chooses; eight characters behind Argon2id cost an attacker more than they are worth to most. */
export const PASSPHRASE_CHARACTERS_MIN = 8;

/** Messages of one thread that the window gets at once (contract.ts). */
export const THREAD_MESSAGES_MAX = 1_000;
/** Characters of their texts together, the newest in any case: what one message on the window's port can carry. */
export const THREAD_CHARACTERS_MAX = 2_000_000;
/** Of the newest mail of a conversation, what a list may show of its text: its first line, past blank ones. */
export const FIRST_CHARACTERS = 2_000;
/** Rows a search looks at before they are grouped into conversations. */
export const SEARCH_ROWS_MAX = 500;
/** Attachments that were uploaded for a draft count like mail: as large as the network carries, and not more than a hundred. */
export const DRAFT_ATTACHMENTS_MAX = 100;
