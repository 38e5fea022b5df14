/**
 * What a node, and its next run, knows of the time without a clock: when this machine was started, by the clock that the authorities
 * last agreed with, and how long it has run. A clock that still says so has not been set meanwhile. Spec: docs/spec/06-mix.md §5
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";

export interface ClockMemory {
  /** The authorities agree with the clock, which shows `now`. */
  agreed(now: Milliseconds): void;
  /** What the clock would show had nobody set it since they last agreed; undefined when nobody knows. */
  time(): Milliseconds | undefined;
}

/** Beside the keys, in memory: it ends with the machine's run, as they do. */
export class FileClockMemory implements ClockMemory {
  readonly #path: string;
  readonly #uptime: () => Milliseconds;
  #startedAt: number | undefined;

  /** `uptime`: how long this machine has run, sleep included; nobody can set it. */
  constructor(directory: string, uptime: () => Milliseconds) {
    this.#path = join(directory, "agreed.clock");
    this.#uptime = uptime;
  }

  agreed(now: Milliseconds): void {
    this.#startedAt = Math.round(now - this.#uptime());
    try {
      writeFileSync(this.#path, `${this.#startedAt}\n`, { mode: 0o600 });
    } catch {
      // A full directory: the next run asks an authority first.
    }
  }

  time(): Milliseconds | undefined {
    this.#startedAt ??= this.#read();
    return this.#startedAt === undefined ? undefined : milliseconds(this.#startedAt + this.#uptime());
  }

  #read(): number | undefined {
    try {
      const [, startedAt] = WHOLE.exec(readFileSync(this.#path, "latin1")) ?? [];
      return startedAt === undefined ? undefined : Number(startedAt);
    } catch {
      return undefined;
    }
  }
}

/** What was cut short has no end of line. */
const WHOLE = /^(-?\d{1,15})\n$/;
