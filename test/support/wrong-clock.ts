/**
 * The clock of a machine that is set wrong, and can be put right while it runs. As with a SystemClock, which sees it within 15 s, and this
 * one at once: put forward, it brings what it has passed; put back, waits that have begun stay as long as they were.
 */

import type { Cancel, Clock } from "#transport/core/clock.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";

interface Wait {
  /** By this clock. */
  readonly time: Milliseconds;
  readonly task: () => void;
  /** By the true one. */
  due: Milliseconds;
  cancel: Cancel;
}

export class WrongClock implements Clock {
  readonly #truth: Clock;
  readonly #waits = new Set<Wait>();
  #error = 0;

  constructor(truth: Clock) {
    this.#truth = truth;
  }

  /** In milliseconds; positive when it is ahead. */
  get error(): number {
    return this.#error;
  }

  set error(error: number) {
    this.#error = error;
    for (const wait of this.#waits) {
      if (this.#dueOf(wait.time) >= wait.due) continue;
      wait.cancel();
      this.#begin(wait);
    }
  }

  now(): Milliseconds {
    return milliseconds(this.#truth.now() + this.#error);
  }

  at(time: Milliseconds, task: () => void): Cancel {
    const wait: Wait = { time, task, due: time, cancel: () => undefined };
    this.#waits.add(wait);
    this.#begin(wait);
    return () => {
      this.#waits.delete(wait);
      wait.cancel();
    };
  }

  #begin(wait: Wait): void {
    wait.due = this.#dueOf(wait.time);
    wait.cancel = this.#truth.at(wait.due, () => {
      this.#waits.delete(wait);
      wait.task();
    });
  }

  #dueOf(time: Milliseconds): Milliseconds {
    return milliseconds(time - this.#error);
  }
}
