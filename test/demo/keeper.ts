/**
 * Starts a process of the demo again when it ends by itself or is killed, as an operator's service manager would, and says in one line
 * what that means meanwhile.
 */

/** As systemd does unless told otherwise: who ends so often within the time is left alone. */
const STARTS_MAX = 5;
const STARTS_WITHIN_MS = 60_000;
const WAIT_MS = 1_000;

export interface Kept {
  readonly name: string;
  /** Resolves with how the present process ended, or with undefined when it was asked to. */
  ended(): Promise<string | undefined>;
  /** Resolves when the new process is ready. */
  restart(): Promise<unknown>;
  /** What its end means for mail, in a sentence. */
  readonly meanwhile: string;
  /** What there is to do when it runs again, in a sentence. */
  readonly todo?: string;
}

export class Keeper {
  readonly #say: (line: string) => void;
  readonly #waitMs: number;
  readonly #withinMs: number;
  readonly #waiting = new Set<() => void>();
  #isClosed = false;

  /** Milliseconds. `wait`: before a process is started again; `within`: how long a start counts against it. */
  constructor(o: { readonly say: (line: string) => void; readonly wait?: number; readonly within?: number }) {
    this.#say = o.say;
    this.#waitMs = o.wait ?? WAIT_MS;
    this.#withinMs = o.within ?? STARTS_WITHIN_MS;
  }

  /** Resolves when the process was asked to end, the keeper closed, or the process given up. */
  async keep(kept: Kept): Promise<void> {
    const { name, meanwhile } = kept;
    const starts: number[] = [];
    let how = await kept.ended();
    while (how !== undefined && !this.#isClosed) {
      while ((starts[0] ?? Infinity) < Date.now() - this.#withinMs) starts.shift();
      if (starts.length >= STARTS_MAX) {
        this.#say(`${name} ended again (${how}) and is left alone: press Ctrl+C and start the demo anew. ${meanwhile}`);
        return;
      }
      starts.push(Date.now());
      const calm = kept.todo === undefined ? "; there is nothing to do" : "";
      this.#say(`${name} ended (${how}) and is started again${calm}. ${meanwhile}`);
      await this.#wait();
      if (this.#isClosed) return;
      how = await this.#start(kept);
    }
  }

  /** Nothing is started any more. */
  close(): void {
    this.#isClosed = true;
    for (const end of this.#waiting) end();
  }

  /** How the new process ended. */
  async #start(kept: Kept): Promise<string | undefined> {
    try {
      await kept.restart();
      const { name, todo } = kept;
      if (!this.#isClosed) this.#say(`${name} runs again.${todo === undefined ? "" : ` ${todo}`}`);
    } catch {
      // It ended, or ends now, before it was ready: its end is awaited like any other.
    }
    return kept.ended();
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, this.#waitMs);
      this.#waiting.add(end);
    });
  }
}
