/** A program that dies at a step of its work, as `kill -9` would have it: nothing it calls afterwards has any effect. */

export class Died extends Error {}

export class Life {
  readonly #deathAt: number;
  readonly #when: "before" | "after";
  #steps = 0;
  #isOver = false;

  /** It dies `before` or `after` its step number `deathAt`, counted from 1. */
  constructor(deathAt: number, when: "before" | "after") {
    this.#deathAt = deathAt;
    this.#when = when;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The same object as long as it lives. Each call of a method that is named counts as a step. */
  of<T extends object>(target: T, methods: readonly (keyof T)[]): T {
    return new Proxy(target, {
      get: (object, name) => {
        const value: unknown = Reflect.get(object, name);
        if (typeof value !== "function") return value;
        const call = (...input: unknown[]): unknown => Reflect.apply(value, object, input);
        return methods.includes(name as keyof T) ? (...input: unknown[]) => this.#step(() => call(...input)) : call;
      },
    });
  }

  async #step(work: () => unknown): Promise<unknown> {
    const isLast = ++this.#steps === this.#deathAt;
    if (this.#isOver || (isLast && this.#when === "before")) return this.#die();
    const result = await work();
    return isLast ? this.#die() : result;
  }

  #die(): never {
    this.#isOver = true;
    throw new Died("it died");
  }
}

/** Runs `attempt` once for each death it can die, until it lives to its end. */
export async function atEveryStep(attempt: (life: Life) => Promise<void>): Promise<number> {
  for (const when of ["before", "after"] as const) {
    for (let step = 1; ; step++) {
      const life = new Life(step, when);
      await attempt(life);
      if (!life.isOver) {
        if (when === "after") return step - 1;
        break;
      }
    }
  }
  return 0;
}
