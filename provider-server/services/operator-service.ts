/**
 * A service of the operator's own, from a module that the configuration names. It runs in a process of its own, which may
 * touch the files that it was given and no others: what it computes delays no packet, what it breaks ends with it, and it opens
 * neither the daemon's files nor its debugger. Spec: docs/spec/07-mailbox.md §7.5
 */

import { type ChildProcess, fork } from "node:child_process";
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Cancel, Clock } from "#transport/core/clock.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";
import { ServerError } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import {
  OPERATOR_ANSWER_BYTES_MAX,
  OPERATOR_ANSWER_TIME,
  OPERATOR_ANSWERS_WAITING_MAX,
  OPERATOR_HEAP_MEBIBYTES_MAX,
  OPERATOR_RESTART_WAIT,
  OPERATOR_SILENCE_MAX,
} from "./limits.ts";
import type { Answer, Service } from "./service.ts";

export interface OperatorServiceOptions {
  readonly name: string;
  /** Absolute path of a module that exports `createService`. */
  readonly module: string;
  /** Handed to `createService`. */
  readonly options: unknown;
  /** Absolute path of a folder in which it may read and write. */
  readonly folder?: string | undefined;
  /** Absolute paths of files and folders that it may read. */
  readonly reads?: readonly string[] | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export type FromProcess =
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly detail: string }
  | { readonly kind: "answer"; readonly id: number; readonly answer: Answer };

export type ToProcess =
  | { readonly kind: "begin"; readonly module: string; readonly options: unknown }
  | { readonly kind: "request"; readonly id: number; readonly request: Uint8Array };

export class OperatorService implements Service {
  readonly name: string;
  readonly answerTime = OPERATOR_ANSWER_TIME;
  readonly waitingMax = OPERATOR_ANSWERS_WAITING_MAX;
  readonly #options: OperatorServiceOptions;
  /** Oldest first. */
  readonly #waiting = new Map<number, { readonly since: Milliseconds; readonly done: (answer: Answer) => void }>();
  #process: ChildProcess | undefined;
  #nextId = 0;
  #cancel: Cancel = () => undefined;
  #stopped = false;

  /** Resolves when the module is loaded. Throws CONFIG with a sentence when it cannot be. */
  static async start(options: OperatorServiceOptions): Promise<OperatorService> {
    const service = new OperatorService(options);
    try {
      await service.#begin();
    } catch (error) {
      await service.stop();
      const detail = error instanceof Error ? error.message : "it ended";
      throw new ServerError("CONFIG", `services: ${options.name}: ${options.module} does not start (${detail}).`);
    }
    service.#watch();
    return service;
  }

  private constructor(options: OperatorServiceOptions) {
    this.name = options.name;
    this.#options = options;
    refuseDebugger();
  }

  /** Undefined when the process ends, fails or is not there. */
  answer(request: Uint8Array): Promise<Answer> {
    const child = this.#process;
    if (child?.connected !== true) return Promise.resolve(undefined);
    return new Promise((done) => {
      const id = this.#nextId++;
      this.#waiting.set(id, { since: this.#options.clock.now(), done });
      // An end on the way is heard as an end.
      child.send({ kind: "request", id, request } satisfies ToProcess, () => undefined);
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    const child = this.#process;
    if (child === undefined || !isRunning(child)) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  /** Rejects when the process ends, or fails, or says nothing, before it is ready. */
  async #begin(): Promise<void> {
    const { module, options, clock } = this.#options;
    const child = fork(PROGRAM, [], {
      // What the daemon was started with is none of a service's business.
      env: {},
      execArgv: this.#rights(),
      serialization: "advanced",
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#process = child;
    const cancel = clock.at(milliseconds(clock.now() + OPERATOR_SILENCE_MAX), () => child.kill("SIGKILL"));
    const ready = new Promise<void>((resolve, reject) => {
      child.on("message", (raw) => {
        const message = messageOf(raw);
        if (message?.kind === "ready") resolve();
        else if (message?.kind === "failed") reject(new Error(message.detail));
        else if (message === undefined || !this.#answered(message)) this.#refuse(child);
      });
      const ended = (error: Error): void => {
        reject(error);
        this.#ended(child);
      };
      // One that could not even begin has no end to be heard.
      child.on("error", (error) => {
        if (child.pid === undefined) ended(error);
      });
      child.once("exit", () => ended(new Error("it ended")));
      child.send({ kind: "begin", module, options } satisfies ToProcess, () => undefined);
    });
    await ready.finally(cancel);
  }

  /** Node's permissions: no file but these, no process, no thread, no native code. */
  #rights(): string[] {
    const { module, folder, reads = [] } = this.#options;
    const own = folder === undefined ? [] : [folder];
    return [
      "--permission",
      ...[...OWN_CODE, module, ...reads, ...own].map((path) => `--allow-fs-read=${path}`),
      ...own.map((path) => `--allow-fs-write=${path}`),
      `--max-old-space-size=${OPERATOR_HEAP_MEBIBYTES_MAX}`,
      "--disable-warning=ExperimentalWarning",
    ];
  }

  /** False for an answer that nobody waits for. */
  #answered({ id, answer }: FromProcess & { kind: "answer" }): boolean {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.done(answer);
    return waiting !== undefined;
  }

  /** The module has the channel too: whatever comes on it that is no answer ends the process, before more of it comes. */
  #refuse(child: ChildProcess): void {
    if (!child.connected) return;
    const { log, name } = this.#options;
    log.event(`the service ${name} said what nobody asked; it is ended`);
    child.disconnect();
    child.kill("SIGKILL");
  }

  #ended(child: ChildProcess): void {
    if (this.#process !== child) return;
    this.#process = undefined;
    for (const { done } of this.#waiting.values()) done(undefined);
    this.#waiting.clear();
    if (this.#stopped) return;
    const { log, name } = this.#options;
    log.event(`the service ${name} ended; it is begun again`);
    this.#beginLater();
  }

  #beginLater(): void {
    const { clock } = this.#options;
    this.#cancel();
    this.#cancel = clock.at(milliseconds(clock.now() + OPERATOR_RESTART_WAIT), () => {
      this.#begin().then(
        () => this.#watch(),
        () => (this.#process === undefined ? this.#waitAgain() : this.#process.kill("SIGKILL")), // its end begins it again
      );
    });
  }

  /** It could not be begun at all, or has ended meanwhile: then its end has planned the next one. */
  #waitAgain(): void {
    if (!this.#stopped) this.#beginLater();
  }

  /** A process that computes for ever says nothing, not even that it has failed. */
  #watch(): void {
    const { clock, log, name } = this.#options;
    this.#cancel();
    if (this.#stopped) return;
    this.#cancel = clock.at(milliseconds(clock.now() + OPERATOR_SILENCE_MAX), () => {
      const [oldest] = this.#waiting.values();
      if (oldest === undefined || clock.now() - oldest.since < OPERATOR_SILENCE_MAX) return this.#watch();
      log.event(`the service ${name} does not answer; it is ended`);
      this.#process?.kill("SIGKILL");
    });
  }
}

/** What a process may say; undefined for anything else. */
function messageOf(raw: unknown): FromProcess | undefined {
  if (typeof raw !== "object" || raw === null || !("kind" in raw)) return undefined;
  if (raw.kind === "ready") return { kind: "ready" };
  if (raw.kind === "failed") return { kind: "failed", detail: "detail" in raw ? String(raw.detail) : "" };
  if (raw.kind !== "answer" || !("id" in raw) || typeof raw.id !== "number") return undefined;
  const answer = "answer" in raw ? raw.answer : undefined;
  if (answer === undefined) return { kind: "answer", id: raw.id, answer };
  if (!(answer instanceof Uint8Array) || answer.length > OPERATOR_ANSWER_BYTES_MAX) return undefined;
  return { kind: "answer", id: raw.id, answer };
}

/** Node opens its debugger at a signal, and a service may send signals: through it, it would read the daemon's memory. */
function refuseDebugger(): void {
  if (process.listenerCount("SIGUSR1") === 0) process.on("SIGUSR1", () => undefined);
}

const isRunning = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null;

const PROGRAM = fileURLToPath(new URL("./service-process.ts", import.meta.url));
const here = (path: string): string => realpathSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)));
/** What a module may import from. */
const OWN_CODE = ["package.json", "node_modules", "transport", "provider-server"].map(here);
