/** How many look-ups each person makes at each provider: what tokens have to last for. Docs: docs/simulator.md §6 */

import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";

export class LookupCount {
  total = 0;
  readonly #providers: number;
  readonly #counts = new Map<string, number>();

  /** User i has an account at provider i modulo their number. */
  constructor(providers: number) {
    this.#providers = providers;
  }

  asked(self: number, of: number): void {
    this.total++;
    const key = `${self} ${of % this.#providers}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** By one person at one provider. */
  get most(): number {
    let most = 0;
    for (const count of this.#counts.values()) most = Math.max(most, count);
    return most;
  }

  /** People who ask one provider more often than a period's tokens of a network for people allow. */
  get beyondTokens(): number {
    const { perProvider } = LIVE_PARAMETERS.tokens;
    const people = [...this.#counts].filter(([, count]) => count > perProvider).map(([key]) => key.split(" ")[0]);
    return new Set(people).size;
  }
}
