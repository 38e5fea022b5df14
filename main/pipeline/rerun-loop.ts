/** Work over a list that may grow while it runs: one run at a time, and one more when somebody asked in between. */

import { type MainError, toMainError } from "../error.ts";

export class RerunLoop<T> {
  readonly #list: () => Promise<readonly T[]>;
  readonly #work: (item: T) => Promise<void>;
  #running: Promise<void> | undefined;
  #again = false;

  constructor(options: { list: () => Promise<readonly T[]>; work: (item: T) => Promise<void> }) {
    this.#list = options.list;
    this.#work = options.work;
  }

  /** Resolves when everything that is on the list now was tried. Rejects with the first failure, after the rest. */
  run(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#runAll();
    return this.#running;
  }

  async #runAll(): Promise<void> {
    let failure: MainError | undefined;
    try {
      while (this.#again) {
        this.#again = false;
        for (const item of await this.#list()) {
          // One that fails does not hold the others up.
          await this.#work(item).catch((error: unknown) => {
            failure ??= toMainError(error);
          });
        }
      }
    } finally {
      // With the last look at `#again`, not a turn later: who asks in between would be told that all is done.
      this.#running = undefined;
    }
    if (failure !== undefined) throw failure;
  }
}
