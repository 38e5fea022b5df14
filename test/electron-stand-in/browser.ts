/** Chromium as the windows' engine, over the DevTools protocol. */

import { type ChildProcess, spawn } from "node:child_process";

export interface Message {
  readonly method: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- the protocol's own shapes
  readonly params: any;
  readonly sessionId?: string;
}

const CHROMIUM = process.env["STAND_IN_CHROMIUM"] ?? "/usr/bin/chromium";

const FLAGS = [
  "--headless=new",
  "--no-sandbox", // the tests run as root
  "--disable-gpu",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--no-startup-window",
  // A sandboxed frame would otherwise load in a process of its own before the debugger sees its requests.
  "--disable-features=IsolateSandboxedIframes",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  "--remote-debugging-port=0",
];

export class Browser {
  readonly #process: ChildProcess;
  readonly #socket: WebSocket;
  readonly #open = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  readonly #sessions = new Map<string, (message: Message) => void>();
  readonly address: string;
  #nextId = 0;
  onTarget: (message: Message) => void = () => {};

  private constructor(process: ChildProcess, socket: WebSocket, address: string) {
    this.#process = process;
    this.#socket = socket;
    this.address = address;
    socket.addEventListener("message", ({ data }) => this.#receive(JSON.parse(String(data))));
  }

  static async start(userData: string): Promise<Browser> {
    const child = spawn(CHROMIUM, [...FLAGS, `--user-data-dir=${userData}`], { stdio: ["ignore", "ignore", "pipe"] });
    const address = await new Promise<string>((resolve, reject) => {
      let output = "";
      child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk;
        const found = /DevTools listening on (ws:\S+)/.exec(output);
        if (found?.[1] !== undefined) resolve(found[1]);
      });
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`Chromium ended (${code}):\n${output}`)));
    });
    const socket = new WebSocket(address);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", reject);
    });
    const browser = new Browser(child, socket, address);
    await browser.call("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: true, flatten: true });
    return browser;
  }

  // oxlint-disable-next-line typescript/no-explicit-any -- the protocol's own shapes
  call(method: string, params: object = {}, sessionId?: string): Promise<any> {
    if (this.#socket.readyState !== WebSocket.OPEN) return Promise.reject(new Error("Chromium is gone"));
    const id = ++this.#nextId;
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject: (error) => reject(new Error(`${method}: ${error.message}`)) });
      this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    });
  }

  /** For calls whose target may close meanwhile. */
  tell(method: string, params: object = {}, sessionId?: string): void {
    this.call(method, params, sessionId).catch(() => {});
  }

  listen(sessionId: string, listener: (message: Message) => void): void {
    this.#sessions.set(sessionId, listener);
  }

  onExit(listener: () => void): void {
    this.#process.once("exit", listener);
  }

  kill(signal: "SIGTERM" | "SIGKILL"): void {
    this.#process.kill(signal);
  }

  #receive(message: { id?: number; result?: unknown; error?: Error } & Message): void {
    if (message.id === undefined) {
      const listener = message.sessionId === undefined ? this.onTarget : this.#sessions.get(message.sessionId);
      listener?.(message);
      return;
    }
    const call = this.#open.get(message.id);
    this.#open.delete(message.id);
    if (message.error) call?.reject(message.error);
    else call?.resolve(message.result);
  }
}
