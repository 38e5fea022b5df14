/** Bounds of the packet layer, each with its reason. */

/** A service's name is a short word such as `keys`; the recipient id hashes it. */
export const SERVICE_NAME_BYTES_MAX = 64;

/** A request carries one token: period 4, nonce 32, value 32 (docs/spec/13-tokens.md §3). */
export const TOKEN_BYTES = 68;
