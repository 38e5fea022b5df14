/** Questions from the bench to its processes, one at a time for each kind, over Node's own channel between parent and child. */

import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";

export type Answers = Readonly<Record<string, (input: never) => unknown>>;

/** In a child: answers until the parent closes the channel, then ends. Says "ready" with what the parent must know first. */
export function answer(answers: Answers, ready: unknown): void {
  process.on("message", (raw) => {
    const { id, what, input } = raw as { id: number; what: string; input: never };
    void Promise.resolve((answers[what] as (input: never) => unknown)(input)).then((value) =>
      process.send?.({ id, value }),
    );
  });
  process.on("disconnect", () => process.exit());
  process.send?.({ id: 0, value: ready });
}

/** In the parent: one child and what it is asked. */
export class Asked<Ready> {
  readonly ready: Promise<Ready>;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #next = 1;

  constructor(file: URL, args: readonly string[]) {
    // Binary values cross as they are.
    this.#child = fork(file, args, { serialization: "advanced" });
    this.ready = new Promise((resolve, reject) => this.#waiting.set(0, { resolve: resolve as () => void, reject }));
    this.#child.on("message", (raw) => {
      const { id, value } = raw as { id: number; value: unknown };
      this.#waiting.get(id)?.resolve(value);
      this.#waiting.delete(id);
    });
    this.#child.on("exit", (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${file.pathname} ended with ${code}`));
      this.#waiting.clear();
    });
  }

  /** As Linux counts it (proc(5), statm), without a question that would hold up the child. */
  get residentBytes(): number {
    return Number(readFileSync(`/proc/${this.#child.pid}/statm`, "utf8").split(" ")[1]) * PAGE_BYTES;
  }

  ask<T>(what: string, input?: unknown): Promise<T> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#child.send({ id, what, input });
    });
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.disconnect();
    await ended;
  }
}

const PAGE_BYTES = 4096;
