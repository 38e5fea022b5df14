/** Starts the window in whichever host has loaded it. */

import "./api/quiet-zod.ts";
import "./styles/all.css";
import { connect } from "#main/contract/connect.ts";
import { createFiles } from "./api/files.ts";
import { page } from "./api/page.ts";
import { type Bridge, electronPort } from "./api/port-electron.ts";
import { openWebSocketPort } from "./api/port-websocket.ts";
import type { Program } from "./api/program.ts";
import { mount } from "./mount.tsx";

declare global {
  interface Window {
    readonly starling?: Bridge;
  }
}

mount(document.querySelector("#window")!, program());

function program(): Program | undefined {
  if (window.starling !== undefined) {
    return {
      ...page,
      connection: connect(electronPort(window.starling)),
      files: createFiles({ request }),
      ending: () => "lost",
    };
  }
  const port = openWebSocketPort({
    location: window.location,
    history: window.history,
    storage: window.sessionStorage,
    open: (url, protocols) => new WebSocket(url, protocols),
  });
  if (port === undefined) return undefined;
  return {
    ...page,
    connection: connect(port),
    files: createFiles({ request, session: () => port.session() }),
    ending: () => port.ending() ?? "lost",
  };
}

function request(...args: Parameters<typeof fetch>): Promise<Response> {
  return window.fetch(...args);
}
