/** Serves the window its page and the bytes of attachments on app://starling, the same as the browser host does over HTTP. */

import type { Protocol } from "electron";
import type { Web } from "#main/host/web.ts";
import { isOurs, SCHEME } from "./address.ts";

/** Before the app is ready: tells Electron that the scheme behaves like https. */
export function registerScheme(protocol: Protocol): void {
  const privileges = { standard: true, secure: true, supportFetchAPI: true };
  protocol.registerSchemesAsPrivileged([{ scheme: SCHEME, privileges }]);
}

/** Only our own session has this handler, and only our page can speak in it: there is nobody else to admit. */
export function serveProtocol(protocol: Protocol, web: Web): void {
  protocol.handle(SCHEME, (request) =>
    isOurs(request.url) ? web(request) : Promise.resolve(new Response("", { status: 403 })),
  );
}
