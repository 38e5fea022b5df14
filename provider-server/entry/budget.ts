/** A token bucket: how many frames of one kind a device may still send. Spec: docs/spec/07-mailbox.md §1.3 */

import type { Milliseconds, PerSecond } from "#transport/core/units.ts";

export class Budget {
  readonly #rate: PerSecond;
  readonly #burst: number;
  #tokens: number;
  #updated: Milliseconds;

  constructor(options: { rate: PerSecond; burst: number; now: Milliseconds }) {
    this.#rate = options.rate;
    this.#burst = options.burst;
    this.#tokens = options.burst;
    this.#updated = options.now;
  }

  /** Takes one, if there is one. */
  take(now: Milliseconds): boolean {
    this.#refill(now);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Whether nothing would be forgotten by forgetting this budget. */
  isFull(now: Milliseconds): boolean {
    this.#refill(now);
    return this.#tokens >= this.#burst;
  }

  #refill(now: Milliseconds): void {
    // A clock that was set back adds nothing.
    const elapsed = Math.max(0, now - this.#updated);
    this.#updated = now;
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsed * this.#rate) / 1000);
  }
}
