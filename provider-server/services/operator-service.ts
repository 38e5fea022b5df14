/**
 * A service of the operator's own, from a module that the configuration names. It runs in a thread of its own: what it
 * computes delays no packet, and what it breaks ends with it. Spec: docs/spec/07-mailbox.md §7.5
 */

import { Worker } from "node:worker_threads";
import type { Cancel, Clock } from "#transport/core/clock.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";
import { ServerError } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import {
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
  readonly clock: Clock;
  readonly log: Log;
}

/** From the thread. */
export type FromThread =
  | { readonly kind: "ready" }
  | { readonly kind: "answer"; readonly id: number; readonly answer: Answer };

/** To the thread. */
export interface ToThread {
  readonly id: number;
  readonly request: Uint8Array;
}

export class OperatorService implements Service {
  readonly name: string;
  readonly answerTime = OPERATOR_ANSWER_TIME;
  readonly waitingMax = OPERATOR_ANSWERS_WAITING_MAX;
  readonly #options: OperatorServiceOptions;
  /** Oldest first. */
  readonly #waiting = new Map<number, { readonly since: Milliseconds; readonly done: (answer: Answer) => void }>();
  #worker: Worker | undefined;
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
  }

  /** Undefined when the thread ends, fails or is not there. */
  answer(request: Uint8Array): Promise<Answer> {
    const worker = this.#worker;
    if (worker === undefined) return Promise.resolve(undefined);
    return new Promise((done) => {
      const id = this.#nextId++;
      this.#waiting.set(id, { since: this.#options.clock.now(), done });
      worker.postMessage({ id, request } satisfies ToThread, []);
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#worker?.terminate();
  }

  /** Rejects when the thread ends before it is ready. */
  #begin(): Promise<void> {
    const { name, module, options } = this.#options;
    const worker = new Worker(new URL("./service-thread.ts", import.meta.url), {
      name: `service ${name}`,
      workerData: { module, options },
      // What the daemon was started with is none of a service's business.
      env: {},
      argv: [],
      resourceLimits: { maxOldGenerationSizeMb: OPERATOR_HEAP_MEBIBYTES_MAX },
    });
    this.#worker = worker;
    return new Promise((resolve, reject) => {
      worker.on("message", (message: FromThread) => {
        if (message.kind === "ready") resolve();
        else this.#answered(message.id, message.answer);
      });
      worker.on("error", reject);
      worker.once("exit", () => {
        reject(new Error("it ended"));
        this.#ended(worker);
      });
    });
  }

  #answered(id: number, answer: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.done(answer);
  }

  #ended(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const { done } of this.#waiting.values()) done(undefined);
    this.#waiting.clear();
    if (this.#stopped) return;
    const { clock, log, name } = this.#options;
    log.event(`the service ${name} ended; it is begun again`);
    this.#cancel();
    this.#cancel = clock.at(milliseconds(clock.now() + OPERATOR_RESTART_WAIT), () => {
      this.#begin().then(
        () => this.#watch(),
        () => undefined, // its end begins it again
      );
    });
  }

  /** A thread that computes for ever says nothing, not even that it has failed. */
  #watch(): void {
    const { clock, log, name } = this.#options;
    this.#cancel();
    if (this.#stopped) return;
    this.#cancel = clock.at(milliseconds(clock.now() + OPERATOR_SILENCE_MAX), () => {
      const [oldest] = this.#waiting.values();
      if (oldest === undefined || clock.now() - oldest.since < OPERATOR_SILENCE_MAX) return this.#watch();
      log.event(`the service ${name} does not answer; it is ended`);
      void this.#worker?.terminate();
    });
  }
}
