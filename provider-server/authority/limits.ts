/** Bounds of an authority, with their reasons. */

/** Consensuses kept for those who come late: newcomers need the newest two. */
export const CONSENSUSES_KEPT = 8;

/** Nodes ask in turn and close; authorities are few. With messages of 8 MiB from them alone, memory stays bounded. */
export const AUTHORITY_LINKS_MAX = 1024;
/** Of these links those that are not authorities': one more ends the oldest, so that nobody can take all places and stay. */
export const AUTHORITY_STRANGERS_MAX = 768;
export const AUTHORITY_HANDSHAKES_MAX = 64;

/** A message to another authority is tried again this often within a round. */
export const TRIES_PER_STEP = 4;
