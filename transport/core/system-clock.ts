/** The clock of the machine: built in composition roots only. */

import type { Cancel, Clock } from "./clock.ts";
import { type Milliseconds, milliseconds } from "./units.ts";

/**
 * Longer waits are cut: while a machine sleeps, and when its clock is set, Node's timers go on as if nothing had been. Short
 * enough, too, for timers, which fire at once when asked to wait for more than 24 days.
 */
const LOOK_INTERVAL = 15_000;

export class SystemClock implements Clock {
  now(): Milliseconds {
    return milliseconds(Date.now());
  }

  /**
   * Runs the task when it is that time, or when as much time has passed as there was until then: a clock that is put forward
   * brings what it has passed, a clock that is put back holds up nothing.
   */
  at(time: Milliseconds, task: () => void): Cancel {
    let timer: ReturnType<typeof setTimeout>;
    let left = Math.max(0, time - Date.now());
    const wait = (): void => {
      const step = Math.min(left, LOOK_INTERVAL);
      left -= step;
      timer = setTimeout(() => (left <= 0 || Date.now() >= time ? task() : wait()), step);
    };
    wait();
    return () => clearTimeout(timer);
  }
}
