/**
 * Decides who may talk to the browser host. Pure, so that every refusal has a test. It keeps out web pages and other users of
 * the machine; it cannot keep out programs that run as the same user. Spec: docs/spec/10-contract.md §4
 */

import { timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

export type Refusal = "BAD_HOST" | "BAD_ORIGIN" | "BAD_TOKEN";

export interface Expected {
  readonly port: number;
  /** Tokens that are let in now, 32 bytes each. */
  readonly tokens: readonly Uint8Array[];
}

export const WEBSOCKET_PROTOCOL = "starling.v1";

/** A WebSocket upgrade: `Sec-WebSocket-Protocol: starling.v1, <token>`. */
export function admitUpgrade(headers: IncomingHttpHeaders, expected: Expected): Refusal | undefined {
  const refusal = admitHost(headers, expected) ?? admitOrigin(headers, expected);
  if (refusal !== undefined) return refusal;
  const [protocol, token, ...more] = (headers["sec-websocket-protocol"] ?? "").split(",").map((part) => part.trim());
  if (protocol !== WEBSOCKET_PROTOCOL || more.length > 0) return "BAD_TOKEN";
  return tokenOf(token, expected) === undefined ? "BAD_TOKEN" : undefined;
}

/** A request for bytes or with bytes: `Authorization: Bearer <session>`. Browsers send no Origin with a GET to their own. */
export function admitRequest(
  o: { method: string; headers: IncomingHttpHeaders },
  expected: Expected,
): Refusal | undefined {
  const { method, headers } = o;
  const host = admitHost(headers, expected);
  if (host !== undefined) return host;
  const isRead = method === "GET" && headers.origin === undefined;
  if (!isRead && admitOrigin(headers, expected) !== undefined) return "BAD_ORIGIN";
  const token = /^Bearer ([\w-]+)$/.exec(headers.authorization ?? "")?.[1];
  return tokenOf(token, expected) === undefined ? "BAD_TOKEN" : undefined;
}

/** The page's own files hold no secret; only the Host matters, against names that point to 127.0.0.1 (DNS rebinding). */
export function admitHost(headers: IncomingHttpHeaders, expected: Pick<Expected, "port">): Refusal | undefined {
  return headers.host === `127.0.0.1:${expected.port}` ? undefined : "BAD_HOST";
}

/** The token of `expected` that was offered, in time that does not depend on where it differs. */
export function tokenOf(offered: string | undefined, expected: Pick<Expected, "tokens">): Uint8Array | undefined {
  const bytes = Buffer.from(offered ?? "", "base64url");
  return expected.tokens.find((token) => token.length === bytes.length && timingSafeEqual(token, bytes));
}

/** Another page's, or none: a program that is no browser, which is refused as well. */
function admitOrigin(headers: IncomingHttpHeaders, expected: Pick<Expected, "port">): Refusal | undefined {
  return headers.origin === `http://127.0.0.1:${expected.port}` ? undefined : "BAD_ORIGIN";
}
