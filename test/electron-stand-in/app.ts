/** Electron's `app`: the program's life, from ready to quit. */

import { EventEmitter } from "node:events";
import { homedir } from "node:os";
import { join } from "node:path";
import { Browser } from "./browser.ts";
import { record } from "./journal.ts";

export interface AppOptions {
  readonly manifest: Readonly<Record<string, string>>;
  readonly packaged: boolean;
  readonly switches: ReadonlyMap<string, string>;
}

/** An event that a listener may veto. */
export class VetoableEvent {
  defaultPrevented = false;
  preventDefault(): void {
    this.defaultPrevented = true;
  }
}

export class App extends EventEmitter {
  readonly #options: AppOptions;
  readonly #ready = Promise.withResolvers<void>();
  readonly #browser = Promise.withResolvers<Browser>();
  #started: Browser | undefined;
  #quitting = false;
  #sandboxed = false;
  /** Set by the window class: closes all windows, one after another. */
  closeWindows: () => void = () => {};

  constructor(options: AppOptions) {
    super();
    this.#options = options;
  }

  /** Electron's own timing: `ready` comes after the main module. */
  async start(): Promise<void> {
    const browser = await Browser.start(join(this.getPath("userData"), "stand-in-chromium"));
    this.#started = browser;
    browser.onExit(() => this.exit(1));
    process.on("exit", () => browser.kill("SIGKILL"));
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => this.quit());
    this.#browser.resolve(browser);
    // Playwright waits for this line, as Electron prints it.
    process.stderr.write(`\nDevTools listening on ${browser.address}\n`);
    this.#ready.resolve();
    this.emit("ready");
  }

  get browser(): Promise<Browser> {
    return this.#browser.promise;
  }

  get isPackaged(): boolean {
    return this.#options.packaged;
  }

  get isQuitting(): boolean {
    return this.#quitting;
  }

  get isSandboxEnabled(): boolean {
    return this.#sandboxed;
  }

  isReady(): boolean {
    return this.#started !== undefined;
  }

  whenReady(): Promise<void> {
    return this.#ready.promise;
  }

  enableSandbox(): void {
    if (this.isReady()) throw new Error("app.enableSandbox() can only be called before app is ready");
    this.#sandboxed = true;
  }

  requestSingleInstanceLock(): boolean {
    return true;
  }

  getName(): string {
    return this.#options.manifest["productName"] ?? this.#options.manifest["name"] ?? "Electron";
  }

  getVersion(): string {
    return this.#options.manifest["version"] ?? "0.0.0";
  }

  getPath(name: string): string {
    const config = process.env["XDG_CONFIG_HOME"] ?? join(homedir(), ".config");
    if (name === "userData") return this.#options.switches.get("user-data-dir") ?? join(config, this.getName());
    throw new Error(`Failed to get '${name}' path`);
  }

  focus(): void {}

  quit(): void {
    if (this.#quitting) return;
    const event = new VetoableEvent();
    this.emit("before-quit", event);
    if (event.defaultPrevented) return;
    this.#quitting = true;
    this.closeWindows();
    const last = new VetoableEvent();
    this.emit("will-quit", last);
    this.#quitting = !last.defaultPrevented;
    if (this.#quitting) this.exit(0);
  }

  exit(code = 0): void {
    record("exit", { code });
    this.emit("quit", new VetoableEvent(), code);
    this.#started?.kill("SIGTERM");
    process.exit(code);
  }
}
