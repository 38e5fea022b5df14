/** What should not happen, said on standard error: seldom, since a program that tries again and again must not fill a disk with it. */

import type { Clock } from "../core/clock.ts";
import { FAULT_SAID_INTERVAL } from "./limits.ts";

export class Faults {
  readonly #clock: Clock;
  readonly #write: (line: string) => void;
  #saidAt = Number.NEGATIVE_INFINITY;
  #unsaid = 0;

  /** A line that `write` does not take is lost. */
  constructor(o: { clock: Clock; write: (line: string) => void }) {
    this.#clock = o.clock;
    this.#write = o.write;
  }

  say(error: unknown): void {
    const now = this.#clock.now();
    if (Math.abs(now - this.#saidAt) < FAULT_SAID_INTERVAL) {
      this.#unsaid++;
      return;
    }
    const before = this.#unsaid === 0 ? "" : ` (${this.#unsaid} more before it)`;
    this.#saidAt = now;
    this.#unsaid = 0;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    try {
      this.#write(`Something failed; what was taken before is safe${before}: ${text}\n`);
    } catch {
      // There is nowhere to say so, and the client goes on.
    }
  }
}
