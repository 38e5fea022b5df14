/** Bounds of the packet layer, each with its reason. */

/** A service's name is a short word such as `keys`; the recipient id hashes it. */
export const SERVICE_NAME_BYTES_MAX = 64;
