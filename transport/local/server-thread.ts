/** The thread of local programs as the client's thread sees it: calls come in, one at a time and at most a thousand a second. */

import { Worker } from "node:worker_threads";
import type { Clock } from "../core/clock.ts";
import { buffersToHandOver } from "./hand-over.ts";
import { HEAP_MEBIBYTES_MAX } from "./limits.ts";
import type { Call, Outcome } from "./protocol.ts";
import type { FromWorker, ToWorker } from "./worker.ts";

/** Who does what programs ask. */
export interface Answerer {
  /** Never rejects. Undefined where there is nobody left to answer. */
  call(connection: number, call: Call): Promise<Outcome | undefined>;
  /** The program has disconnected, or was killed. */
  gone(connection: number): void;
}

/** How `open` ended when it could not, in the system's words. */
export class SocketUnable extends Error {}

export class ServerThread {
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #ended: Promise<unknown>;
  #answerer: Answerer | undefined;
  #isClosing = false;

  /**
   * Listens at the path, for whoever holds its folder; programs may connect, and wait until `serve`. Rejects with SocketUnable.
   */
  static async open(o: { path: string; clock: Clock; onFault: (error: unknown) => void }): Promise<ServerThread> {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      workerData: { path: o.path },
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEBIBYTES_MAX },
    });
    const thread = new ServerThread(worker, o);
    const said = await new Promise<FromWorker>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    if (said.kind === "listening") return thread;
    await thread.close();
    throw new SocketUnable(said.kind === "unable" ? said.text : said.kind);
  }

  private constructor(worker: Worker, o: { clock: Clock; onFault: (error: unknown) => void }) {
    this.#worker = worker;
    this.#clock = o.clock;
    worker.on("message", (said: FromWorker) => this.#hear(said));
    this.#ended = new Promise((resolve) => worker.once("exit", resolve));
    let isTold = false;
    const end = (error: unknown): void => {
      if (!this.#isClosing && !isTold) o.onFault(error);
      isTold = true;
    };
    worker.once("error", end);
    worker.once("exit", () => end(new Error("the thread of local programs ended")));
  }

  serve(answerer: Answerer): void {
    this.#answerer = answerer;
    this.#more();
  }

  /** No answer leaves any more; every connection ends, and the socket's file is gone when it resolves. */
  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#tell({ kind: "close" });
    await this.#ended;
  }

  #hear(said: FromWorker): void {
    if (said.kind === "gone") this.#answerer?.gone(said.connection);
    if (said.kind !== "call") return;
    const { connection, call } = said;
    void this.#answerer?.call(connection, call).then((outcome) => {
      if (outcome !== undefined && !this.#isClosing) this.#tell({ kind: "answer", connection, id: call.id, outcome });
    });
    this.#more();
  }

  /** Not at once: between any two calls whatever else is due on this thread gets its turn, ticks before all. */
  #more(): void {
    this.#clock.at(this.#clock.now(), () => {
      if (!this.#isClosing) this.#tell({ kind: "more" });
    });
  }

  #tell(said: ToWorker): void {
    this.#worker.postMessage(said, buffersToHandOver(said));
  }
}
