/** The clock of the machine: built in composition roots only. */

import type { Cancel, Clock } from "./clock.ts";
import { type Milliseconds, milliseconds } from "./units.ts";

/** Node's timers fire at once when asked to wait longer than this. */
const TIMER_MAX = 2 ** 31 - 1;

export class SystemClock implements Clock {
  now(): Milliseconds {
    return milliseconds(Date.now());
  }

  at(time: Milliseconds, task: () => void): Cancel {
    let timer: ReturnType<typeof setTimeout>;
    const arm = (): void => {
      const wait = Math.max(0, time - Date.now());
      timer = wait > TIMER_MAX ? setTimeout(arm, TIMER_MAX) : setTimeout(task, wait);
    };
    arm();
    return () => clearTimeout(timer);
  }
}
