/** All that the page gets from Electron: two functions, text in and text out. Runs sandboxed, in a world of its own. */

import { contextBridge, ipcRenderer } from "electron";

contextBridge.exposeInMainWorld("starling", {
  send: (json: unknown): void => ipcRenderer.send("port", String(json)),
  onMessage: (listener: (json: string) => void): void => {
    ipcRenderer.on("port", (_event, json: string) => listener(json));
  },
});
