/**
 * How far this computer's clock is from the provider's, as answers to requests for the list show it. It is told to the user and
 * moves nothing: a provider could otherwise give one customer a clock of their own, by which to know them. Spec: docs/spec/04-traffic.md §12
 */

import type { Clock } from "../core/clock.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import { CLOCK_DIFFERENCE_TOLD } from "./limits.ts";

export class ClockDifference {
  readonly #clock: Pick<Clock, "now">;
  #asked: Milliseconds | undefined;
  /** At least so far, either way. */
  #atLeast = milliseconds(0);

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Whether it is worth telling. */
  get isTold(): boolean {
    return this.#atLeast > CLOCK_DIFFERENCE_TOLD;
  }

  /** A question left whose answer says what time it is there. */
  asked(): void {
    this.#asked ??= this.#clock.now();
  }

  /** The link on which the answer would come is gone. */
  lost(): void {
    this.#asked = undefined;
  }

  /** `time` was read there between the question and now: what lies outside that is difference, and what lies inside may be the way. */
  answered(time: Milliseconds): void {
    const [asked, now] = [this.#asked, this.#clock.now()];
    this.#asked = undefined;
    // A clock that was put back meanwhile tells nothing.
    if (asked === undefined || now < asked) return;
    this.#atLeast = milliseconds(Math.max(0, asked - time, time - now));
  }
}
