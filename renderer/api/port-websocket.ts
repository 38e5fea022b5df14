/**
 * The contract's port to the browser host: a WebSocket to the page's own origin. Spec: docs/spec/10-contract.md
 *
 * The first token comes in the URL's fragment, which reaches no server, log or Referer, and is taken out of the address bar
 * before anything else happens. It works once; the host answers with a session token that lives in this tab's session
 * storage, so that a reload is let in again.
 */

import type { Port } from "#main/contract/port.ts";

export const PROTOCOL = "starling.v1";
const SESSION_KEY = "starling.session";
/** The host's close code when a newer window took over. */
const REPLACED = 4001;

/** Why there is no connection (any more). */
export type Ending = "not-let-in" | "replaced" | "lost";

export interface WebSocketPort extends Port {
  /** For requests that carry an attachment's bytes. */
  session(): string;
  /** Why the port closed; undefined while it is open. */
  ending(): Ending | undefined;
}

export interface Surroundings {
  readonly location: Pick<Location, "hash" | "host" | "pathname" | "search">;
  readonly history: Pick<History, "replaceState">;
  readonly storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  open(url: string, protocols: string[]): WebSocket;
}

/** Undefined where there is no token at all: the page was opened without the printed address. */
export function openWebSocketPort(around: Surroundings): WebSocketPort | undefined {
  const token = takeToken(around) ?? around.storage.getItem(SESSION_KEY);
  if (token === null || token === "") return undefined;

  const socket = around.open(`ws://${around.location.host}/port`, [PROTOCOL, token]);
  const waiting: string[] = [];
  const kept: string[] = [];
  let session: string | undefined;
  let ending: Ending | undefined;
  let listener: ((json: string) => void) | undefined;
  const closeListeners: (() => void)[] = [];

  socket.addEventListener("message", ({ data }) => {
    const json = String(data);
    if (session === undefined) {
      session = sessionOf(json);
      if (session === undefined) return socket.close();
      around.storage.setItem(SESSION_KEY, session);
      for (const text of waiting.splice(0)) socket.send(text);
    } else if (listener === undefined) kept.push(json);
    else listener(json);
  });
  socket.addEventListener("close", ({ code }) => {
    ending = code === REPLACED ? "replaced" : session === undefined ? "not-let-in" : "lost";
    // A token that was refused is of no use after a reload either.
    if (ending === "not-let-in") around.storage.removeItem(SESSION_KEY);
    for (const hear of closeListeners) hear();
  });

  return {
    send(json) {
      if (ending !== undefined) return;
      if (session === undefined) waiting.push(json);
      else socket.send(json);
    },
    onMessage(hear) {
      listener = hear;
      for (const json of kept.splice(0)) hear(json);
    },
    onClose: (hear) => void closeListeners.push(hear),
    close: () => socket.close(),
    session: () => session ?? "",
    ending: () => ending,
  };
}

/** Moves the token from the address bar into memory. */
function takeToken({ location, history }: Surroundings): string | undefined {
  const token = location.hash.replace(/^#/, "");
  if (token === "") return undefined;
  history.replaceState(null, "", location.pathname + location.search);
  return /^[\w-]{20,128}$/.test(token) ? token : undefined;
}

function sessionOf(json: string): string | undefined {
  try {
    const first: unknown = JSON.parse(json);
    if (typeof first !== "object" || first === null || !("session" in first)) return undefined;
    return typeof first.session === "string" ? first.session : undefined;
  } catch {
    return undefined;
  }
}
