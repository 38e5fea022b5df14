/**
 * The clock of those who keep the times of what they have planned: it says when it was put back, for then all of that lies too
 * far ahead. A reading is compared with those before it, so nothing planned by this clock escapes it.
 */

import type { Cancel, Clock } from "./clock.ts";
import { type Milliseconds, milliseconds } from "./units.ts";

/** Small corrections are waited for. */
const STEP_BACK_MIN = 2_000;

export class PlanningClock implements Clock {
  readonly #clock: Clock;
  readonly #onPutBack: (now: Milliseconds) => void;
  #latest: Milliseconds = milliseconds(Number.NEGATIVE_INFINITY);

  constructor(options: { clock: Clock; onPutBack: (now: Milliseconds) => void }) {
    this.#clock = options.clock;
    this.#onPutBack = options.onPutBack;
  }

  now(): Milliseconds {
    const now = this.#clock.now();
    const wasPutBack = now < this.#latest - STEP_BACK_MIN;
    this.#latest = wasPutBack ? now : milliseconds(Math.max(now, this.#latest));
    if (wasPutBack) this.#onPutBack(now);
    return now;
  }

  at(time: Milliseconds, task: () => void): Cancel {
    return this.#clock.at(time, task);
  }
}
