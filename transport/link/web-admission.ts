/** Which requests may become web links, decided before any cryptography. Pure. Spec: docs/spec/15-web-link.md §2 */

import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

export interface WebAdmission {
  readonly path: string;
  /** Compared exactly; a request without Origin is refused. */
  readonly origins: readonly string[];
  readonly protocol: string;
}

type Request = Pick<IncomingMessage, "headers" | "url">;

/** Why the request is turned away, or undefined. */
export function admitUpgrade(request: Request, admission: WebAdmission): string | undefined {
  if (request.url !== admission.path) return "another path";
  const { origin } = request.headers;
  if (origin === undefined || !admission.origins.includes(origin)) return "another origin";
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  return offered.includes(admission.protocol) ? undefined : "another protocol";
}

/**
 * The client's address, from the connection, or from the reverse proxy that stands before this program and wrote it last. What
 * comes before the last the client may have made up. Where the last is no address, all that come so count as one: the proxy.
 */
export function clientAddress(
  request: Pick<IncomingMessage, "headers"> & { readonly socket: { readonly remoteAddress?: string | undefined } },
  isProxied: boolean,
): string {
  const own = request.socket.remoteAddress ?? "";
  if (!isProxied) return own;
  const forwarded = request.headers["x-forwarded-for"];
  const last = (Array.isArray(forwarded) ? forwarded.at(-1) : forwarded)?.split(",").at(-1)?.trim() ?? "";
  return addressIn(last) ?? own;
}

/** Some proxies write the port too: each link has another. */
function addressIn(text: string): string | undefined {
  if (isIP(text) !== 0) return text;
  const [, four, six] = /^(?:([^:[\]]+):\d+|\[([^[\]]+)\](?::\d+)?)$/.exec(text) ?? [];
  if (four !== undefined && isIP(four) === 4) return four;
  return six !== undefined && isIP(six) === 6 ? six : undefined;
}

/** What counts as one address: an IPv4 address, or the network of 64 bits that one household has in IPv6. */
export function addressGroup(address: string): string {
  if (!address.includes(":")) return address;
  const groups = groupsOf(address);
  const [high = 0, low = 0] = groups.slice(6);
  // Also where it is written in hexadecimal: else all of IPv4 would be one household.
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
  return groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":");
}

/** The eight numbers of an IPv6 address, however it is written (RFC 4291 §2.2), without its zone. */
function groupsOf(address: string): number[] {
  const [bare = ""] = address.split("%");
  const plain = bare.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [left = [], right] = plain.split("::").map((half) => (half === "" ? [] : half.split(":")));
  const zeros = right === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const written = [...left, ...Array.from({ length: zeros }, () => "0"), ...(right ?? [])];
  return written.map((group) => Number.parseInt(group, 16));
}
