/** Where a node listens: host:port, with port 0 for any that is free; and where it asks the DNS. */

import { TransportError } from "#transport/core/errors.ts";
import { parseAddress } from "#transport/link/address.ts";

/** Throws MALFORMED. */
export function parseListenAddress(text: string): { host: string; port: number } {
  // Port 0 is no address that anyone could be given, so the transport's parser refuses it.
  return text.endsWith(":0") ? { ...parseAddress(text.replace(/0$/, "1")), port: 0 } : parseAddress(text);
}

/** An address that only this machine reaches, port 0 included. Throws MALFORMED. */
export function parseLoopbackAddress(text: string): { host: string; port: number } {
  const address = parseListenAddress(text);
  if (address.host !== "127.0.0.1" && address.host !== "::1") throw new TransportError("MALFORMED");
  return address;
}

/** Whether it names all addresses of a machine (0.0.0.0, [::]): there nobody can be reached. */
export const isEverywhere = (text: string): boolean => /^[0.:]*$/.test(parseListenAddress(text).host);

/** A DNS resolver: an IP address and its port, for a name would have to be looked up first. Throws MALFORMED. */
export function parseResolverAddress(text: string): { host: string; port: number } {
  const address = parseAddress(text);
  const isNumber = address.host.includes(":") || IPV4.test(address.host);
  if (!isNumber) throw new TransportError("MALFORMED", "A resolver is an IP address and a port.");
  return address;
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
