/** Own loops: how many came back of those that had time to. Few that do mean that somebody drops packets. Spec: docs/spec/04-traffic.md §9 */

import { toHex } from "../core/bytes.ts";
import type { MessageId, Milliseconds } from "../core/units.ts";
import { LOOP_WINDOW } from "./limits.ts";

export class LoopHealth {
  /** By hexadecimal id, oldest first. */
  readonly #loops = new Map<string, { readonly at: Milliseconds; returned: boolean }>();
  readonly #patience: Milliseconds;

  /** `patience`: after this a loop that is not back counts as lost. */
  constructor(patience: Milliseconds) {
    this.#patience = patience;
  }

  sent(id: MessageId, at: Milliseconds): void {
    this.#forget(at);
    this.#loops.set(toHex(id), { at, returned: false });
  }

  returned(id: MessageId): void {
    const loop = this.#loops.get(toHex(id));
    if (loop !== undefined) loop.returned = true;
  }

  count(now: Milliseconds): { sent: number; returned: number } {
    this.#forget(now);
    const due = [...this.#loops.values()].filter((loop) => loop.returned || now - loop.at > this.#patience);
    return { sent: due.length, returned: due.filter((loop) => loop.returned).length };
  }

  #forget(now: Milliseconds): void {
    for (const [id, { at }] of this.#loops) {
      if (now - at <= LOOP_WINDOW) return;
      this.#loops.delete(id);
    }
  }
}
