/** A token bucket: how many frames of one kind a device may still send, or how much a service may still look up. Spec: docs/spec/07-mailbox.md §1.3 */

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

  /** Takes so many, if there are so many; else none. */
  take(now: Milliseconds, count = 1): boolean {
    this.#refill(now);
    if (this.#tokens < count) return false;
    this.#tokens -= count;
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
