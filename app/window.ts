/** The one window: sandboxed, its page in a world without Node. */

import { fileURLToPath } from "node:url";
import { app, BrowserWindow } from "electron";
import { PAGE } from "./address.ts";

export function createWindow(): BrowserWindow {
  const window = new BrowserWindow({
    title: "Starling",
    width: 1180,
    height: 780,
    minWidth: 720,
    minHeight: 480,
    // Shown once there is something to see.
    show: false,
    webPreferences: {
      preload: fileURLToPath(new URL("preload.cjs", import.meta.url)),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      spellcheck: false, // would fetch dictionaries, past the mixes
      devTools: !app.isPackaged,
    },
  });
  window.once("ready-to-show", () => window.show());
  return window;
}

export async function showPage(window: BrowserWindow): Promise<void> {
  await window.loadURL(PAGE);
}
