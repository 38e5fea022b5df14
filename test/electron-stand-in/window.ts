/** Electron's `BrowserWindow`, `webContents` and `ipcMain`: one Chromium target for each window. */

import { randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import { type App, VetoableEvent } from "./app.ts";
import type { Browser, Message } from "./browser.ts";
import { record } from "./journal.ts";
import { mainWorld, preloadWorld } from "./page.ts";
import { decideRequest, fromWeb, session, toWeb } from "./session.ts";

/** The name of the preload's world in Chromium; Electron's own. */
const PRELOAD_WORLD = "Electron Isolated Context";

export const ipcMain = new EventEmitter();

interface WindowOptions {
  readonly title?: string;
  readonly width?: number;
  readonly height?: number;
  readonly show?: boolean;
  readonly webPreferences?: Readonly<Record<string, unknown>>;
}

const windows: BrowserWindow[] = [];
/** Chromium says that a target is there, and in which session, before or after the call that made it returns. */
const attached = new Map<string, (sessionId: string) => void>();
const early = new Map<string, string>();

export class BrowserWindow extends EventEmitter {
  static app: App;
  readonly webContents: WebContents;
  #visible: boolean;
  #closed = false;

  constructor(options: WindowOptions = {}) {
    super();
    if (!BrowserWindow.app.isReady()) throw new Error("Cannot create BrowserWindow before app is ready");
    this.#visible = options.show !== false;
    this.webContents = new WebContents(this, options, BrowserWindow.app);
    windows.push(this);
    record("window", { preferences: options.webPreferences });
    setImmediate(() => BrowserWindow.app.emit("web-contents-created", new VetoableEvent(), this.webContents));
  }

  static getAllWindows(): BrowserWindow[] {
    return [...windows];
  }

  static fromWebContents(contents: WebContents): BrowserWindow | undefined {
    return windows.find((window) => window.webContents === contents);
  }

  loadURL(url: string): Promise<void> {
    return this.webContents.loadURL(url);
  }

  show(): void {
    this.#visible = true;
    this.emit("show");
  }

  hide(): void {
    this.#visible = false;
    this.emit("hide");
  }

  focus(): void {
    this.emit("focus");
  }

  restore(): void {}

  isMinimized(): boolean {
    return false;
  }

  isVisible(): boolean {
    return this.#visible;
  }

  isDestroyed(): boolean {
    return this.#closed;
  }

  close(): void {
    const event = new VetoableEvent();
    this.emit("close", event);
    if (!event.defaultPrevented) this.destroy();
  }

  destroy(): void {
    if (this.#closed) return;
    this.webContents.closeTarget();
    this.gone();
  }

  /** The target is no more, whoever closed it. */
  gone(): void {
    if (this.#closed) return;
    this.#closed = true;
    windows.splice(windows.indexOf(this), 1);
    this.emit("closed");
    const { app } = BrowserWindow;
    if (windows.length > 0 || app.isQuitting) return;
    if (app.listenerCount("window-all-closed") > 0) app.emit("window-all-closed");
    else app.quit();
  }
}

class Frame {
  readonly #url: () => string;

  constructor(url: () => string) {
    this.#url = url;
  }

  get url(): string {
    return this.#url();
  }
}

export class WebContents extends EventEmitter {
  readonly session = session.defaultSession;
  /** What `event.senderFrame` is compared with. */
  readonly mainFrame: Frame;
  readonly #window: BrowserWindow;
  readonly #ready: Promise<void>;
  #browser: Browser | undefined;
  #targetId = "";
  #sessionId = "";
  #preloadContext: number | undefined;
  #url = "";
  /** The address that `loadURL` asked for: no navigation of the page's, so nothing is asked. */
  #expected: string | undefined;
  readonly #opening: string[] = [];
  #openHandler: (details: { url: string }) => { action: string } = () => ({ action: "allow" });

  constructor(window: BrowserWindow, options: WindowOptions, app: App) {
    super();
    const preferences = options.webPreferences ?? {};
    const { sandbox, contextIsolation, nodeIntegration } = preferences;
    const confined = (sandbox ?? app.isSandboxEnabled) && contextIsolation !== false && nodeIntegration !== true;
    if (!confined) throw new Error("The stand-in has only sandboxed windows with an isolated preload.");
    this.#window = window;
    this.mainFrame = new Frame(() => this.getURL());
    this.#ready = app.browser.then((browser) => this.#attach(browser, options));
    this.#ready.catch((error: unknown) => console.error("The stand-in's window failed:", error));
  }

  static fromDevToolsTargetId(targetId: string): WebContents | undefined {
    return windows.map(({ webContents }) => webContents).find((contents) => contents.#targetId === targetId);
  }

  async #attach(browser: Browser, options: WindowOptions): Promise<void> {
    this.#browser = browser;
    browser.onTarget = (message) => announceTarget(browser, message);
    const size = { width: options.width ?? 800, height: options.height ?? 600 };
    const { targetId } = await browser.call("Target.createTarget", { url: "about:blank", newWindow: true, ...size });
    this.#targetId = targetId;
    this.#sessionId = early.get(targetId) ?? (await new Promise<string>((resolve) => attached.set(targetId, resolve)));
    browser.listen(this.#sessionId, (message) => this.#hear(message));

    const secret = randomBytes(16).toString("hex");
    const file = options.webPreferences?.["preload"];
    const preload = typeof file === "string" ? readFileSync(file, "utf8") : "";
    const call = (method: string, params?: object): Promise<unknown> => browser.call(method, params, this.#sessionId);
    await Promise.all([
      call("Page.enable"),
      call("Runtime.enable"),
      call("Network.enable"),
      call("Fetch.enable", { patterns: [{ urlPattern: "*" }] }),
      call("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: true, flatten: true }),
      call("Runtime.addBinding", { name: "standInSend", executionContextName: PRELOAD_WORLD }),
      call("Page.addScriptToEvaluateOnNewDocument", { source: `(${mainWorld.toString()})("${secret}")` }),
      call("Page.addScriptToEvaluateOnNewDocument", {
        worldName: PRELOAD_WORLD,
        source: `(${preloadWorld.toString()})("${secret}", function (require, module, exports) {${preload}\n})`,
      }),
    ]);
    await call("Runtime.runIfWaitingForDebugger");
  }

  #hear(message: Message): void {
    const { params } = message;
    switch (message.method) {
      case "Fetch.requestPaused":
        void this.#request(message);
        break;
      case "Target.attachedToTarget":
        this.#adoptFrame(params.sessionId, params.targetInfo.type);
        break;
      case "Runtime.executionContextCreated":
        if (params.context.name === PRELOAD_WORLD && params.context.auxData.frameId === this.#targetId) {
          this.#preloadContext = params.context.id;
        }
        break;
      case "Runtime.bindingCalled":
        this.#receive(JSON.parse(params.payload));
        break;
      case "Page.windowOpen":
        this.#opening.push(params.url);
        break;
      case "Page.frameNavigated":
        if (params.frame.parentId !== undefined) break;
        this.#url = params.frame.url;
        this.emit("did-navigate", new VetoableEvent(), this.getURL());
        break;
      case "Page.loadEventFired":
        this.emit("did-finish-load");
        this.#window.emit("ready-to-show");
        break;
      case "Inspector.detached":
        this.#window.gone();
        break;
    }
  }

  /** Frames in processes of their own and workers ask through sessions of their own. */
  #adoptFrame(sessionId: string, type: string): void {
    const browser = this.#browser as Browser;
    browser.listen(sessionId, (message) => {
      if (message.method === "Fetch.requestPaused") void this.#request(message);
    });
    if (type === "iframe" || type.includes("worker")) {
      browser.tell("Fetch.enable", { patterns: [{ urlPattern: "*" }] }, sessionId);
    }
    browser.tell("Runtime.runIfWaitingForDebugger", {}, sessionId);
  }

  async #request(message: Message): Promise<void> {
    const browser = this.#browser as Browser;
    const { request, resourceType, frameId, requestId } = message.params;
    const isMainFrame = frameId === this.#targetId;
    if (resourceType === "Document" && !this.#mayNavigate(request.url, isMainFrame)) {
      record("navigation-vetoed", { url: fromWeb(request.url) });
      browser.tell("Fetch.failRequest", { requestId, errorReason: "Aborted" }, message.sessionId);
      return;
    }
    await decideRequest(browser, message, isMainFrame ? "mainFrame" : "subFrame").catch((error: unknown) => {
      // A window that closes takes its requests along.
      if (!this.#window.isDestroyed()) console.error("The stand-in could not answer a request:", error);
      browser.tell("Fetch.failRequest", { requestId, errorReason: "Failed" }, message.sessionId);
    });
  }

  #mayNavigate(web: string, isMainFrame: boolean): boolean {
    if (isMainFrame && this.#expected === web) {
      this.#expected = undefined;
      return true;
    }
    const event = Object.assign(new VetoableEvent(), { url: fromWeb(web), isMainFrame });
    if (isMainFrame) this.emit("will-navigate", event, event.url);
    this.emit("will-frame-navigate", event);
    return !event.defaultPrevented;
  }

  #receive({ channel, args }: { channel: string; args: unknown[] }): void {
    ipcMain.emit(channel, { sender: this, senderFrame: this.mainFrame }, ...args);
  }

  send(channel: string, ...args: unknown[]): void {
    if (this.#preloadContext === undefined) return;
    this.#browser?.tell(
      "Runtime.callFunctionOn",
      {
        functionDeclaration: "(text) => standInDeliver(text)",
        executionContextId: this.#preloadContext,
        arguments: [{ value: JSON.stringify({ channel, args }) }],
      },
      this.#sessionId,
    );
  }

  /**
   * A second window was asked for. Chromium has made it, stopped before its first request, in the opener's own process:
   * closed while it stands still it can take its opener with it, so it goes on first, with every request held back.
   */
  popup(targetId: string, sessionId: string): void {
    const url = fromWeb(this.#opening.shift() ?? "");
    const { action } = this.#openHandler({ url });
    record("window-open", { url, action });
    if (action !== "deny") throw new Error("The stand-in only knows windows that are denied.");
    this.#browser?.tell("Fetch.enable", { patterns: [{ urlPattern: "*" }] }, sessionId);
    this.#browser?.tell("Runtime.runIfWaitingForDebugger", {}, sessionId);
    this.#browser?.tell("Target.closeTarget", { targetId });
  }

  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void {
    this.#openHandler = handler;
  }

  async loadURL(url: string): Promise<void> {
    await this.#ready;
    this.#expected = toWeb(url);
    const loaded = new Promise((resolve) => this.once("did-finish-load", resolve));
    const browser = this.#browser as Browser;
    const { errorText } = await browser.call("Page.navigate", { url: toWeb(url) }, this.#sessionId);
    if (errorText) throw new Error(`${errorText} loading '${url}'`);
    await loaded;
  }

  getURL(): string {
    return fromWeb(this.#url);
  }

  isDestroyed(): boolean {
    return this.#window.isDestroyed();
  }

  close(): void {
    this.#window.close();
  }

  closeTarget(): void {
    void this.#ready.then(() => this.#browser?.tell("Target.closeTarget", { targetId: this.#targetId }));
  }

  get targetId(): string {
    return this.#targetId;
  }
}

function announceTarget(browser: Browser, { method, params }: Message): void {
  if (method !== "Target.attachedToTarget") return;
  const { sessionId, targetInfo } = params;
  if (targetInfo.type !== "page") {
    browser.tell("Runtime.runIfWaitingForDebugger", {}, sessionId);
    return;
  }
  const opener = windows.find(({ webContents }) => webContents.targetId === targetInfo.openerId);
  if (opener !== undefined) return opener.webContents.popup(targetInfo.targetId, sessionId);
  const waiting = attached.get(targetInfo.targetId);
  if (waiting === undefined) early.set(targetInfo.targetId, sessionId);
  else waiting(sessionId);
}
