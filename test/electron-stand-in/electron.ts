/** The `electron` module of the main process, as far as Starling's shell uses it. */

import type { App } from "./app.ts";
import { createSafeStorage, dialog, Menu, nativeImage, shell, Tray } from "./desktop.ts";
import { protocol, session } from "./session.ts";
import { BrowserWindow, ipcMain, WebContents } from "./window.ts";

export function createElectron(app: App): Record<string, unknown> {
  BrowserWindow.app = app;
  app.closeWindows = () => {
    for (const window of BrowserWindow.getAllWindows()) window.close();
  };
  return {
    app,
    BrowserWindow,
    dialog,
    ipcMain,
    Menu,
    nativeImage,
    protocol,
    safeStorage: createSafeStorage(app),
    session,
    shell,
    Tray,
    webContents: WebContents,
  };
}
