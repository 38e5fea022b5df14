/** A process of the demo, spoken to over Node's own channel. It ends with the demo, however the demo ends. */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { type Machine, THIS_MACHINE } from "./machine.ts";

/** From child to parent. */
export type Report =
  | { readonly kind: "ready"; readonly value: unknown }
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "failure"; readonly id: number; readonly code: string; readonly text: string }
  | { readonly kind: "event"; readonly name: string; readonly data: unknown };

/** From parent to child. */
export interface Order {
  readonly id: number;
  readonly method: string;
  readonly input: unknown;
}

/** SQLite in Node is still called experimental; saying so in every process helps nobody. */
export const FLAGS = ["--disable-warning=ExperimentalWarning"];

/** A process that has not said that it is ready by then never will. */
const READY_MILLISECONDS_MAX = 30_000;

export class ChildFailure extends Error {
  readonly code: string;

  constructor(code: string, text: string) {
    super(text);
    this.code = code;
  }
}

export class Child {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #logFile: string;
  readonly #ready = Promise.withResolvers<unknown>();
  readonly #ended = Promise.withResolvers<string | undefined>();
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #listeners: ((name: string, data: unknown) => void)[] = [];
  #nextId = 0;
  #ending = false;

  /** Standard output and error of the process go to `logFile`. */
  constructor({
    name,
    script,
    args,
    logFile,
    machine = THIS_MACHINE,
  }: { name: string; script: string; args: readonly string[]; logFile: string; machine?: Machine }) {
    this.name = name;
    this.#logFile = logFile;
    const log = openSync(logFile, "a");
    // A group of its own: an interrupt at the terminal is the demo's to handle, in its order.
    const [program, ...rest] = [...machine.command, process.execPath, ...FLAGS, ...machine.flags, script, ...args];
    this.#process = spawn(program as string, rest, {
      detached: true,
      stdio: ["ignore", log, log, "ipc"],
      env: { ...process.env, ...machine.env },
    });
    closeSync(log);
    this.#process.on("message", (report) => this.#hear(report as Report));
    this.#process.on("error", (error) => this.#fail(error));
    // Not "exit": what the process had said by then is heard first.
    this.#process.on("close", (code, signal) => {
      const how = signal ?? `exit code ${code}`;
      this.#fail(new Error(`${name} ended (${how}); its words are in ${logFile}`));
      this.#ended.resolve(this.#ending ? undefined : how);
    });
    // Whoever waits hears of a failure; nobody has to.
    this.#ready.promise.catch(() => {});
  }

  /** What the process said when it had started. Rejects when it ends before that, or takes too long. */
  ready(): Promise<unknown> {
    const timer = setTimeout(
      () => this.#fail(new Error(`${this.name} did not start in time; its words are in ${this.#logFile}`)),
      READY_MILLISECONDS_MAX,
    );
    return this.#ready.promise.finally(() => clearTimeout(timer));
  }

  /** Resolves when the process has ended: with how, or with undefined when it was ended here. */
  get ended(): Promise<string | undefined> {
    return this.#ended.promise;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  onEvent(listener: (name: string, data: unknown) => void): void {
    this.#listeners.push(listener);
  }

  /** Rejects with a ChildFailure when the method fails, with an Error when the process ends before it answers. */
  call(method: string, input: unknown = {}): Promise<unknown> {
    const id = this.#nextId++;
    const call = Promise.withResolvers<unknown>();
    if (!this.#process.connected) return Promise.reject(new Error(`${this.name} is gone`));
    this.#calls.set(id, call);
    // It may have been killed, and nobody here told yet.
    this.#process.send({ id, method, input } satisfies Order, (cause) => {
      if (cause !== null && this.#calls.delete(id)) call.reject(new Error(`${this.name} is gone`, { cause }));
    });
    return call.promise;
  }

  /** Asks it to end, and makes it end when it does not. */
  async stop(): Promise<void> {
    if (this.#ending) return void (await this.ended);
    this.#ending = true;
    this.#process.kill("SIGTERM");
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), 3_000);
    await this.ended;
    clearTimeout(timer);
  }

  /** As a crash would: no chance to say or save anything. */
  async crash(): Promise<void> {
    this.#ending = true;
    this.#process.kill("SIGKILL");
    await this.ended;
  }

  /** Stands still, as a machine that is asleep. */
  pause(): void {
    this.#process.kill("SIGSTOP");
  }

  resume(): void {
    this.#process.kill("SIGCONT");
  }

  #hear(report: Report): void {
    switch (report.kind) {
      case "ready":
        return this.#ready.resolve(report.value);
      case "answer":
        this.#calls.get(report.id)?.resolve(report.value);
        this.#calls.delete(report.id);
        return;
      case "failure":
        this.#calls.get(report.id)?.reject(new ChildFailure(report.code, report.text));
        this.#calls.delete(report.id);
        return;
      case "event":
        for (const listener of this.#listeners) listener(report.name, report.data);
    }
  }

  #fail(error: Error): void {
    this.#ready.reject(error);
    for (const call of this.#calls.values()) call.reject(error);
    this.#calls.clear();
  }
}
