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
