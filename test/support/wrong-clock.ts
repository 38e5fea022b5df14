/** The clock of a machine that is set wrong, and can be put right while it runs: waits that have begun stay as long as they were. */

import type { Cancel, Clock } from "#transport/core/clock.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";

export class WrongClock implements Clock {
  readonly #truth: Clock;
  /** In milliseconds; positive when it is ahead. */
  error = 0;

  constructor(truth: Clock) {
    this.#truth = truth;
  }

  now(): Milliseconds {
    return milliseconds(this.#truth.now() + this.error);
  }

  at(time: Milliseconds, task: () => void): Cancel {
    return this.#truth.at(milliseconds(time - this.error), task);
  }
}
