/** Where a node listens: host:port, with port 0 for any that is free. */

import { parseAddress } from "#transport/link/address.ts";

/** Throws MALFORMED. */
export function parseListenAddress(text: string): { host: string; port: number } {
  // Port 0 is no address that anyone could be given, so the transport's parser refuses it.
  return text.endsWith(":0") ? { ...parseAddress(text.replace(/0$/, "1")), port: 0 } : parseAddress(text);
}
