/**
 * What a node's next run knows of its clock: when this machine was started, by the clock that the authorities last agreed with.
 * A clock that still says so has not been set meanwhile. Spec: docs/spec/06-mix.md §5
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Milliseconds } from "#transport/core/units.ts";

export interface ClockMemory {
  /** The authorities agree with the clock, which shows `now`. */
  agreed(now: Milliseconds): void;
  /** How far a clock that shows `now` has been set since they last agreed, in milliseconds; undefined when nobody knows. */
  setBy(now: Milliseconds): number | undefined;
}

/** Beside the keys, in memory: it ends with the machine's run, as they do. */
export class FileClockMemory implements ClockMemory {
  readonly #path: string;
  readonly #uptime: () => Milliseconds;

  /** `uptime`: how long this machine has run, sleep included; nobody can set it. */
  constructor(directory: string, uptime: () => Milliseconds) {
    this.#path = join(directory, "agreed.clock");
    this.#uptime = uptime;
  }

  agreed(now: Milliseconds): void {
    try {
      writeFileSync(this.#path, `${Math.round(now - this.#uptime())}\n`, { mode: 0o600 });
    } catch {
      // A full directory: the next run asks an authority first.
    }
  }

  setBy(now: Milliseconds): number | undefined {
    try {
      const [, startedAt] = WHOLE.exec(readFileSync(this.#path, "latin1")) ?? [];
      return startedAt === undefined ? undefined : now - this.#uptime() - Number(startedAt);
    } catch {
      return undefined;
    }
  }
}

/** What was cut short has no end of line. */
const WHOLE = /^(-?\d{1,15})\n$/;
