/**
 * Runs what a user's mail sets off (splitting, hashing, SURBs) between ticks, never across one: on one thread a piece of
 * work that began just before a tick would delay it, and the delay would tell of the mail. Spec: docs/spec/04-traffic.md §6
 */

import type { Clock } from "../core/clock.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import { BYTES_PER_QUIET_MILLISECOND, QUIET_MARGIN, QUIET_MARGIN_PORTABLE, QUIET_WAIT_MAX } from "./limits.ts";

interface Job {
  readonly margin: Milliseconds;
  readonly since: Milliseconds;
  readonly run: () => void;
}

export class QuietTime {
  readonly #clock: Clock;
  readonly #nextTick: () => Milliseconds | undefined;
  readonly #margin: Milliseconds;
  readonly #jobs: Job[] = [];
  #isArmed = false;

  /** `nextTick` is when a clock next has something to do: the earliest of all. */
  constructor(options: {
    clock: Clock;
    nextTick: () => Milliseconds | undefined;
    /** Whose cryptography the work is done with; the portable one takes longer. */
    implementation?: "native" | "portable";
  }) {
    this.#clock = options.clock;
    this.#nextTick = options.nextTick;
    this.#margin = options.implementation === "portable" ? QUIET_MARGIN_PORTABLE : QUIET_MARGIN;
  }

  /** Runs `job` in the next quiet moment long enough for work over `bytes`; jobs run in order. Rejects with what it throws. */
  run<T>(job: () => T, bytes = 0): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#jobs.push({
        margin: milliseconds(this.#margin + bytes / BYTES_PER_QUIET_MILLISECOND),
        since: this.#clock.now(),
        run: () => {
          try {
            resolve(job());
          } catch (error) {
            reject(error);
          }
        },
      });
      this.#arm(this.#clock.now());
    });
  }

  #arm(time: Milliseconds): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#clock.at(time, () => {
      this.#isArmed = false;
      this.#work();
    });
  }

  /** One job a turn: after it, the next tick is looked at again. */
  #work(): void {
    const job = this.#jobs[0];
    if (job === undefined) return;
    const now = this.#clock.now();
    const tick = this.#nextTick();
    const quiet = tick === undefined || tick - now >= job.margin || now - job.since > QUIET_WAIT_MAX;
    if (!quiet) return this.#arm(milliseconds(Math.max(tick, now) + 1));
    this.#jobs.shift();
    job.run();
    if (this.#jobs.length > 0) this.#arm(this.#clock.now());
  }
}
