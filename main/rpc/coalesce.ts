/** Events that come in bursts, told to the window at most once in a while each. They carry ids only, so none adds to another. */

import { type Cancel, type Clock, milliseconds } from "#transport";
import type { EventData, EventName } from "../contract/contract.ts";
import { EVENT_PAUSE_MS } from "./limits.ts";
import type { Announce } from "./serve.ts";

export class Coalescer {
  readonly #clock: Clock;
  readonly #announce: Announce;
  readonly #waiting = new Map<string, Cancel>();

  constructor(o: { clock: Clock; announce: Announce }) {
    this.#clock = o.clock;
    this.#announce = o.announce;
  }

  tell<E extends EventName>(name: E, data: EventData<E>): void {
    const key = `${name} ${JSON.stringify(data)}`;
    if (this.#waiting.has(key)) return;
    const cancel = this.#clock.at(milliseconds(this.#clock.now() + EVENT_PAUSE_MS), () => {
      this.#waiting.delete(key);
      this.#announce(name, data);
    });
    this.#waiting.set(key, cancel);
  }

  close(): void {
    for (const cancel of this.#waiting.values()) cancel();
    this.#waiting.clear();
  }
}
