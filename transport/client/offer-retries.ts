/** What a disk did not give is asked of it again, after waits that double. Spec: docs/spec/01-message.md §3 */

import type { Cancel, Clock } from "../core/clock.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import { OFFER_RETRY, OFFER_RETRY_MAX } from "./limits.ts";

export class OfferRetries {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Cancel>();
  #isStopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `again` is told how long to wait should it fail once more. Does nothing while one of this name waits. */
  later(name: string, wait: Milliseconds | undefined, again: (next: Milliseconds) => void): void {
    if (this.#isStopped || this.#waiting.has(name)) return;
    const now = wait ?? OFFER_RETRY;
    const cancel = this.#clock.at(milliseconds(this.#clock.now() + now), () => {
      this.#waiting.delete(name);
      again(milliseconds(Math.min(2 * now, OFFER_RETRY_MAX)));
    });
    this.#waiting.set(name, cancel);
  }

  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#waiting.values()) cancel();
  }
}
