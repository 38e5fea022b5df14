/** The contract's port over Electron's messages: one port for each page that the window loads. Spec: docs/spec/10-contract.md */

import type { BrowserWindow, IpcMain, IpcMainEvent } from "electron";
import type { Port } from "#main/contract/port.ts";
import { EarlyMessages } from "#main/rpc/early-messages.ts";
import { isOurs } from "./address.ts";

const CHANNEL = "port";

/** Calls `open` with a new port whenever the window has loaded our page; the port of the page before it closes. */
export function servePages(window: BrowserWindow, ipcMain: IpcMain, open: (port: Port) => void): void {
  let current: IpcPort | undefined;
  const receive = (event: IpcMainEvent, json: unknown): void => {
    if (event.sender !== window.webContents) return;
    if (fromOurPage(event, window) && typeof json === "string") current?.receive(json);
    else current?.close();
  };
  ipcMain.on(CHANNEL, receive);
  window.webContents.on("did-navigate", () => {
    current?.close();
    const port = new IpcPort((json) => {
      if (!window.isDestroyed()) window.webContents.send(CHANNEL, json);
    });
    current = port;
    open(port);
  });
  window.on("closed", () => {
    ipcMain.off(CHANNEL, receive);
    current?.close();
  });
}

/** Only the window's own main frame, and only while it shows our page: a frame with a mail in it is neither. */
function fromOurPage(event: IpcMainEvent, window: BrowserWindow): boolean {
  const frame = event.senderFrame;
  return frame !== null && frame === window.webContents.mainFrame && isOurs(frame.url);
}

class IpcPort implements Port {
  readonly #transmit: (json: string) => void;
  readonly #incoming = new EarlyMessages();
  readonly #closeListeners: (() => void)[] = [];
  #closed = false;

  constructor(transmit: (json: string) => void) {
    this.#transmit = transmit;
  }

  send(json: string): void {
    if (!this.#closed) this.#transmit(json);
  }

  receive(json: string): void {
    if (!this.#closed) this.#incoming.receive(json);
  }

  onMessage(listener: (json: string) => void): void {
    this.#incoming.listen(listener);
  }

  onClose(listener: () => void): void {
    this.#closeListeners.push(listener);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const listener of this.#closeListeners) listener();
  }
}
