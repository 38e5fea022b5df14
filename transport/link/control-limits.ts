/** Bounds of account requests (docs/spec/07-mailbox.md §2). */

/** Ed25519 public keys of devices and accounts. */
export const DEVICE_KEY_BYTES = 32;
/** RFC 5321 §4.5.3.1.1. */
export const LOCAL_PART_BYTES_MAX = 64;
/** Local part, "@", and a domain of RFC 5321 §4.5.3.1.2. */
export const ADDRESS_BYTES_MAX = LOCAL_PART_BYTES_MAX + 1 + 255;
/** Codes are 26 characters; room for an operator's own. */
export const INVITE_CODE_BYTES_MAX = 64;
/** A record with the largest certificate and address is 9,909 bytes; this is what a CONTROL frame of 16 KiB leaves room for with ease. */
export const RECORD_BYTES_MAX = 12_288;
/** Stands for the mailbox id in the SURBs of an account. */
export const REPLY_ID_BYTES = 32;
/** A code's token, and its hash. */
export const DEVICE_TOKEN_BYTES = 32;
/** How long an offer to a new device stands: enough to type a code on it. */
export const DEVICE_OFFER_MINUTES = 15;
/** What a new device needs: keys, guards, a certificate of 8 KiB, and the program's own few kilobytes. */
export const BUNDLE_BYTES_MAX = 14_848;
/** A device's sealed label is 123 bytes: a name of up to 64 and a time, with room for more. */
export const DEVICE_LABEL_BYTES_MAX = 256;
/** What the other devices are told when one is removed: 125 bytes, with room for more. */
export const NOTICE_BYTES_MAX = 512;
/** What an answer's body holds at most: a bundle is the largest. */
export const ANSWER_BODY_BYTES_MAX = 15_360;
/** More devices than any provider allows an account. */
export const DEVICES_LISTED_MAX = 16;
