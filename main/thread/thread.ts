/** A worker thread as the program sees it: calls are promises, answered in whatever order it answers. */

import type { Worker } from "node:worker_threads";
import { ERROR_CODES } from "../contract/contract.ts";
import { MainError } from "../error.ts";
import { CLOSE, OPENED, type ThreadReply, type ThreadRequest } from "./protocol.ts";
import { largeBuffersIn } from "./transfer.ts";

export interface CallOptions {
  /** Large buffers in the input change hands: the caller must not touch them again, whatever the outcome. */
  readonly handOver: boolean;
}

export class Thread {
  /** Rejects with why it could not begin; the thread has ended by then, and has closed what it opened. */
  readonly opened: Promise<unknown>;
  /** Resolves when the thread has ended, for whatever reason. */
  readonly ended: Promise<void>;
  readonly #worker: Worker;
  readonly #open = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  readonly #exited: () => MainError;
  #nextId = 0;
  #hasEnded = false;
  #tellEnded: () => void = () => undefined;

  /** `exited`: what calls get that the thread did not answer before it ended. */
  constructor(worker: Worker, o: { exited: () => MainError }) {
    this.#worker = worker;
    this.#exited = o.exited;
    this.opened = this.#answer(OPENED);
    this.ended = new Promise((resolve) => {
      this.#tellEnded = resolve;
    });
    worker.on("message", (reply: ThreadReply) => this.#settle(reply));
    worker.on("error", (cause) => this.#end(new MainError("INTERNAL", { cause, detail: "a thread of ours failed" })));
    worker.on("exit", () => this.#end(o.exited()));
  }

  call(name: string, input: readonly unknown[], o: CallOptions = { handOver: false }): Promise<unknown> {
    if (this.#hasEnded) return Promise.reject(this.#exited());
    const id = this.#nextId++;
    const answer = this.#answer(id);
    const request: ThreadRequest = { id, name, input };
    this.#worker.postMessage(request, o.handOver ? largeBuffersIn(input) : []);
    return answer;
  }

  /** After what was asked before; resolves when the thread is gone. */
  async close(): Promise<void> {
    await this.call(CLOSE, []);
    await this.ended;
  }

  #answer(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#open.set(id, { resolve, reject }));
  }

  #settle(reply: ThreadReply): void {
    const call = this.#open.get(reply.id);
    this.#open.delete(reply.id);
    if (!("code" in reply)) return call?.resolve(reply.value);
    const code = ERROR_CODES.find((known) => known === reply.code) ?? "INTERNAL";
    const refuse = (): void => call?.reject(new MainError(code, { detail: reply.detail }));
    if (reply.id !== OPENED) return refuse();
    void this.#worker.terminate().finally(refuse);
  }

  #end(error: MainError): void {
    this.#hasEnded = true;
    this.#tellEnded();
    for (const call of this.#open.values()) call.reject(error);
    this.#open.clear();
  }
}
