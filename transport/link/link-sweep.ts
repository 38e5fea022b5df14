/** One timer that looks after all links of a dialer or listener, and stands still while there are none. */

import type { Cancel, Clock } from "../core/clock.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import { SWEEP_INTERVAL } from "./limits.ts";

/** A link that is asked now and then whether it has waited too long. */
export interface Swept {
  /** `now` is the sweep's own time, as `LinkSweep.now` is. */
  sweep(now: Milliseconds): void;
  destroy(): void;
}

export class LinkSweep {
  readonly #clock: Clock;
  readonly #links = new Set<Swept>();
  #passed = 0;
  #cancel: Cancel | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Time by looks, which no setting of the clock changes and no sleep of the machine: for what begins now. It is that of the next
   * look, so that no wait is cut short.
   */
  get now(): Milliseconds {
    return milliseconds(this.#passed + SWEEP_INTERVAL);
  }

  get size(): number {
    return this.#links.size;
  }

  add(link: Swept): void {
    this.#links.add(link);
    if (this.#cancel === undefined) this.#arm();
  }

  /** When its socket is gone. */
  delete(link: Swept): void {
    this.#links.delete(link);
    if (this.#links.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  destroyAll(): void {
    for (const link of this.#links) link.destroy();
  }

  #arm(): void {
    this.#cancel = this.#clock.at(milliseconds(this.#clock.now() + SWEEP_INTERVAL), () => {
      this.#passed += SWEEP_INTERVAL;
      for (const link of this.#links) link.sweep(milliseconds(this.#passed));
      this.#arm();
    });
  }
}
