/** Processes that try decoders as they are told. One that a decoder takes with it is told of, and another takes its place. */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { faultText } from "./fault.ts";
import type { Report } from "./fuzz.ts";
import type { Order, Said } from "./serve.ts";

/** Without the flags of this process, which would make a test of it. */
const FLAGS = ["--disable-warning=ExperimentalWarning"];
/** An input of a megabyte, and why. */
const LAST_WORDS_CHARACTERS = 2 ** 21;

export class Workers {
  readonly names: readonly string[];
  readonly #file: string;
  /** Undefined where one has ended. */
  readonly #free: (Worker | undefined)[];

  /** `file`, as an import names it, calls `serve`. */
  static async start(o: { file: string; count: number }): Promise<Workers> {
    const file = fileURLToPath(import.meta.resolve(o.file));
    const workers = Array.from({ length: o.count }, () => new Worker(file));
    const [names = []] = await Promise.all(workers.map((worker) => worker.names()));
    return new Workers(file, { names, workers });
  }

  private constructor(file: string, o: { names: readonly string[]; workers: readonly Worker[] }) {
    this.#file = file;
    this.names = o.names;
    this.#free = [...o.workers];
  }

  /** At most as many at once as there are workers. Rejects with what broke a rule, and the line that reproduces it. */
  async tried(order: Order): Promise<Report> {
    let worker = this.#free.pop();
    try {
      if (worker === undefined) {
        worker = new Worker(this.#file);
        await worker.names();
      }
      return await worker.tried(order, this.names[order.index] as string);
    } finally {
      this.#free.push(worker?.isGone === true ? undefined : worker);
    }
  }

  stop(): void {
    for (const worker of this.#free) worker?.stop();
  }
}

class Worker {
  readonly #process: ChildProcess;
  #lastWords = "";

  constructor(file: string) {
    this.#process = fork(file, [], { execArgv: FLAGS, stdio: ["ignore", "inherit", "pipe", "ipc"] });
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS_CHARACTERS);
    });
  }

  get isGone(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  async names(): Promise<readonly string[]> {
    const said = await this.#answer();
    return "names" in said ? said.names : [];
  }

  async tried({ index, ...options }: Order, name: string): Promise<Report> {
    this.#process.send({ index, ...options });
    const said = await this.#answer().catch((error: Error) => {
      if (this.#lastWords.includes(`${name}: `)) throw new Error(this.#lastWords.trim(), { cause: error });
      // What took the whole process at once, such as too large a heap, told nobody which case it was.
      const circumstances = { name, seed: options.seed, kind: "changed" } as const;
      throw new Error(faultText({ circumstances, number: options.cases - 1, reason: error.message }), { cause: error });
    });
    if ("report" in said) return said.report;
    throw new Error("error" in said ? said.error : "the worker began anew");
  }

  stop(): void {
    this.#process.kill();
  }

  /** The next message. Rejects when the process ends instead, with what it said at last. */
  async #answer(): Promise<Said> {
    const over = new AbortController();
    // Its streams are read to their end before it closes.
    const ended = once(this.#process, "close", { signal: over.signal }).then(([code, signal]) => {
      throw new Error(`the worker ended with ${signal ?? code}: ${this.#lastWords.trim()}`);
    });
    ended.catch(() => undefined);
    const [said] = (await Promise.race([once(this.#process, "message", { signal: over.signal }), ended])) as [Said];
    over.abort();
    return said;
  }
}
