/** Time as an argument. Nothing below a composition root reads the system's clock (docs/architecture.md). */

import type { Milliseconds } from "./units.ts";

/** Takes a scheduled task back. Calling it late or twice does nothing. */
export type Cancel = () => void;

export interface Clock {
  now(): Milliseconds;
  /** Runs `task` once, as soon after `time` as the host can; at once (but never synchronously) when `time` has passed. */
  at(time: Milliseconds, task: () => void): Cancel;
}
