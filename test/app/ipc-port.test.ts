/** Who may speak on Electron's port: the window's own main frame while it shows our page. */

import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { beforeEach, describe, test } from "node:test";
import type { BrowserWindow, IpcMain } from "electron";
import { servePages } from "#app/ipc-port.ts";
import type { Port } from "#main/contract/port.ts";

describe("the port over Electron's messages", () => {
  let ipcMain: EventEmitter;
  let window: EventEmitter & { webContents: EventEmitter; mainFrame: { url: string } };
  let sent: string[];
  let ports: { port: Port; heard: string[]; closed: boolean }[];

  beforeEach(() => {
    ipcMain = new EventEmitter();
    sent = [];
    ports = [];
    const mainFrame = { url: "app://starling/index.html" };
    const send = (_channel: string, json: string): number => sent.push(json);
    const webContents = Object.assign(new EventEmitter(), { send, mainFrame });
    window = Object.assign(new EventEmitter(), { webContents, mainFrame, isDestroyed: () => false });
    servePages(window as unknown as BrowserWindow, ipcMain as unknown as IpcMain, (port) => {
      const entry = { port, heard: [] as string[], closed: false };
      port.onMessage((json) => entry.heard.push(json));
      port.onClose(() => {
        entry.closed = true;
      });
      ports.push(entry);
    });
    window.webContents.emit("did-navigate");
  });

  const say = (text: unknown, senderFrame: unknown = window.mainFrame, sender: unknown = window.webContents): boolean =>
    ipcMain.emit("port", { sender, senderFrame }, text);

  test("messages of our page arrive and are answered", () => {
    say("one");
    say("two");
    ports[0]?.port.send("answer");
    assert.deepEqual([ports[0]?.heard, sent], [["one", "two"], ["answer"]]);
  });

  test("a frame inside the page closes the port by speaking", () => {
    say("from a mail", { url: "app://starling/index.html" });
    assert.deepEqual([ports[0]?.heard, ports[0]?.closed], [[], true]);
  });

  test("a page that is not ours closes the port by speaking", () => {
    window.mainFrame.url = "https://example.org/";
    say("from elsewhere");
    assert.deepEqual([ports[0]?.heard, ports[0]?.closed], [[], true]);
  });

  test("a frame that is gone closes the port", () => {
    say("from nowhere", null);
    assert.equal(ports[0]?.closed, true);
  });

  test("anything but text closes the port", () => {
    say({ id: 1 });
    assert.equal(ports[0]?.closed, true);
  });

  test("another window's messages are another's", () => {
    say("theirs", window.mainFrame, new EventEmitter());
    assert.deepEqual([ports[0]?.heard, ports[0]?.closed], [[], false]);
  });

  test("a page loaded anew has a new port, and the old one is closed", () => {
    window.webContents.emit("did-navigate");
    say("again");
    ports[0]?.port.send("late answer to the page before");
    assert.deepEqual([ports.length, ports[0]?.closed, ports[0]?.heard, ports[1]?.heard], [2, true, [], ["again"]]);
    assert.deepEqual(sent, []);
  });

  test("the port ends with its window", () => {
    window.emit("closed");
    say("too late");
    assert.deepEqual([ports[0]?.closed, ports[0]?.heard, ipcMain.listenerCount("port")], [true, [], 0]);
  });
});
