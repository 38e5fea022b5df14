/**
 * Electron's `session` and `protocol`: who may load what. Chromium refuses schemes that it does not know before anyone can
 * intercept them, so `app://host/path` travels as `https://host.app.stand-in/path`; the app sees only its own scheme.
 */

import type { Browser, Message } from "./browser.ts";
import { record } from "./journal.ts";

type Handler = (request: Request) => Response | Promise<Response>;
type Ask = (details: { url: string; resourceType: string }, answer: (answer: { cancel?: boolean }) => void) => void;

const SUFFIX = "stand-in";
const schemes = new Set<string>();
const handlers = new Map<string, Handler>();
let ask: Ask | undefined;

export const protocol = {
  registerSchemesAsPrivileged(list: readonly { scheme: string }[]): void {
    for (const { scheme } of list) schemes.add(scheme);
  },
  handle(scheme: string, handler: Handler): void {
    schemes.add(scheme);
    handlers.set(scheme, handler);
  },
};

export const session = {
  defaultSession: {
    protocol,
    webRequest: {
      onBeforeRequest(listener: Ask): void {
        ask = listener;
      },
    },
    // Stored nowhere: Chromium in this mode grants nothing, so these show only that the shell sets them.
    setPermissionRequestHandler: (): void => record("permission-request-handler"),
    setPermissionCheckHandler: (): void => record("permission-check-handler"),
    setDevicePermissionHandler: (): void => record("device-permission-handler"),
    setDisplayMediaRequestHandler: (): void => record("display-media-handler"),
  },
};

export function toWeb(url: string): string {
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/i.exec(url);
  if (parts?.[1] === undefined || !schemes.has(parts[1])) return url;
  return `https://${parts[2]}.${parts[1]}.${SUFFIX}${parts[3] || "/"}`;
}

export function fromWeb(url: string): string {
  const parts = new RegExp(`^https://([^/?#]*)\\.([a-z][a-z0-9+-]*)\\.${SUFFIX}(?=[/?#]|$)(.*)$`, "i").exec(url);
  return parts?.[2] !== undefined && schemes.has(parts[2]) ? `${parts[2]}://${parts[1]}${parts[3]}` : url;
}

const RESOURCE_TYPES: Readonly<Record<string, string>> = {
  Stylesheet: "stylesheet",
  Script: "script",
  Image: "image",
  XHR: "xhr",
  Fetch: "xhr",
  Font: "font",
  WebSocket: "webSocket",
};

/** Answers one request that Chromium holds: by the app's rules, then by its protocol handler, else by the network. */
export async function decideRequest(browser: Browser, message: Message, resourceType: string): Promise<void> {
  const { requestId, request, resourceType: kind } = message.params;
  const url = fromWeb(request.url);
  const fail = (errorReason: string): Promise<void> =>
    browser.call("Fetch.failRequest", { requestId, errorReason }, message.sessionId);

  const details = { url, resourceType: RESOURCE_TYPES[kind] ?? resourceType };
  const { cancel = false } = await new Promise<{ cancel?: boolean }>((answer) =>
    ask === undefined ? answer({}) : ask(details, answer),
  );
  record("request", { url, cancelled: cancel });
  if (cancel) return fail("BlockedByClient");

  const scheme = url.slice(0, url.indexOf(":"));
  const handler = handlers.get(scheme);
  if (handler === undefined) {
    return schemes.has(scheme)
      ? fail("AddressUnreachable")
      : browser.call("Fetch.continueRequest", { requestId }, message.sessionId);
  }
  const response = await handler(await requestOf(browser, message, url));
  const headers = [...response.headers].map(([name, value]) => ({ name, value }));
  const body = Buffer.from(await response.arrayBuffer()).toString("base64");
  const answer = { requestId, responseCode: response.status, responseHeaders: headers, body };
  return browser.call("Fetch.fulfillRequest", answer, message.sessionId);
}

async function requestOf(browser: Browser, message: Message, url: string): Promise<Request> {
  const { request, networkId } = message.params;
  const init: RequestInit = { method: request.method, headers: request.headers };
  if (request.hasPostData) {
    // Bodies with bytes that are no text come as entries; a fetch's Blob only through Network.getRequestPostData.
    const entries = request.postDataEntries as { bytes?: string }[] | undefined;
    const complete = entries?.every(({ bytes }) => bytes !== undefined) ?? false;
    init.body = complete
      ? Buffer.concat((entries ?? []).map(({ bytes }) => Buffer.from(bytes ?? "", "base64")))
      : await browser
          .call("Network.getRequestPostData", { requestId: networkId }, message.sessionId)
          .then(({ postData }: { postData: string }) => postData);
  }
  return new Request(url, init);
}
