/** The desktop program: Electron's main process. Builds the program once and shows it in one window. */

import { app, type BrowserWindow, dialog, ipcMain, Menu, protocol, safeStorage, session, shell } from "electron";
import { type Composition, compose } from "#main/host/compose.ts";
import { servePages } from "./ipc-port.ts";
import { withKeychain } from "./keychain.ts";
import { menuTemplate } from "./menu.ts";
import { confineContents, confineSession, openOutside } from "./policy.ts";
import { registerScheme, serveProtocol } from "./protocol.ts";
import { createTray } from "./tray.ts";
import { createWindow, showPage } from "./window.ts";

let program: Composition | undefined;
let window: BrowserWindow | undefined;

if (app.requestSingleInstanceLock()) {
  app.enableSandbox();
  registerScheme(protocol);
  app.on("web-contents-created", (_event, contents) => {
    confineContents(contents, (url) => void openOutside(url, { dialog, shell }));
  });
  // Awaited nowhere: Electron becomes ready only after this file has been evaluated.
  void app.whenReady().then(start).catch(giveUp);
} else {
  app.quit(); // the first instance shows its window instead
}

async function start(): Promise<void> {
  confineSession(session.defaultSession);
  program = compose({
    dataDir: app.getPath("userData"),
    keyring: (passphrase) => withKeychain(passphrase, safeStorage, process.platform),
    networks: app.isPackaged ? "live" : "any",
    report: (error) => console.error(error instanceof Error ? error.message : "unknown error"),
  });
  serveProtocol(protocol, program.web);
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(process.platform)));
  createTray({ open, quit: () => app.quit() });
  app.on("second-instance", open);
  app.on("activate", open);
  // Mixing goes on without a window; app/tray.ts says why.
  app.on("window-all-closed", () => {});
  app.on("will-quit", closeFirst);
  open();
}

function open(): void {
  if (window === undefined || window.isDestroyed()) {
    const { services } = program as Composition;
    window = createWindow();
    servePages(window, ipcMain, (port) => services.serve(port));
    showPage(window).catch(giveUp);
  } else {
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
  }
}

/** Lets the store close before the process ends. */
function closeFirst(event: { preventDefault(): void }): void {
  if (program === undefined) return;
  const closing = program;
  program = undefined;
  event.preventDefault();
  void closing.close().finally(() => app.quit());
}

function giveUp(error: unknown): void {
  dialog.showErrorBox("Starling could not start", error instanceof Error ? error.message : String(error));
  app.exit(1);
}
