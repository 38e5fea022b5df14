/** host:port as descriptors, invites and configurations write it. Spec: docs/spec/08-directory.md §3 */

import { TransportError } from "../core/errors.ts";

export const ADDRESS_TEXT_BYTES_MAX = 255;

/** A name or IPv4 address, or an IPv6 address in brackets, and a decimal port. Throws MALFORMED. */
export function parseAddress(address: string): { host: string; port: number } {
  const match = ADDRESS.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || address.length > ADDRESS_TEXT_BYTES_MAX || port > 65_535) {
    throw new TransportError("MALFORMED", "An address is host:port.");
  }
  return { host, port };
}

export const formatAddress = (host: string, port: number): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

const ADDRESS = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)):([1-9][0-9]{0,4})$/;
