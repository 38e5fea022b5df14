/**
 * Tasks at times of the wall clock, for duties that go by epochs. Looks at the clock on the way: what was planned by a clock
 * that has been set since, or before a sleep, is worth nothing, and is planned anew.
 */

import type { Cancel, Clock } from "./clock.ts";
import { type Milliseconds, milliseconds } from "./units.ts";

export interface AppointmentsDependencies {
  readonly clock: Clock;
  /** No wait is longer than this without a look. */
  readonly lookInterval: Milliseconds;
  /** A look that comes earlier or later than planned by more than this means that the clock was set, or stood still. */
  readonly tolerance: Milliseconds;
  /** Every task has been dropped: plan them anew. */
  readonly onClockSet: () => void;
}

export class Appointments {
  readonly #deps: AppointmentsDependencies;
  readonly #pending = new Set<Cancel>();
  #era = 0;
  #isOver = false;

  constructor(deps: AppointmentsDependencies) {
    this.#deps = deps;
  }

  /** Changes when all tasks are dropped: work that began in another era must plan nothing. */
  get era(): number {
    return this.#era;
  }

  at(time: Milliseconds, task: () => void): void {
    if (this.#isOver) return;
    const { clock, lookInterval, tolerance, onClockSet } = this.#deps;
    // A task whose time is over is due now.
    const now = clock.now();
    const look = milliseconds(Math.min(Math.max(time, now), now + lookInterval));
    const cancel = clock.at(look, () => {
      this.#pending.delete(cancel);
      if (Math.abs(clock.now() - look) > tolerance) {
        this.#drop();
        onClockSet();
      } else if (look < time) this.at(time, task);
      else task();
    });
    this.#pending.add(cancel);
  }

  /** Nothing is done any more. */
  end(): void {
    this.#isOver = true;
    this.#drop();
  }

  #drop(): void {
    for (const cancel of this.#pending) cancel();
    this.#pending.clear();
    this.#era++;
  }
}
