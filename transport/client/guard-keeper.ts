/** The client's sticky first mixes: chosen for a list of nodes, remembered for weeks. Spec: docs/spec/08-directory.md §8 */

import type { Clock } from "../core/clock.ts";
import type { RandomSource } from "../core/random.ts";
import type { NodeId } from "../core/units.ts";
import { chooseGuards } from "../directory/guards.ts";
import type { Consensus } from "../directory/model.ts";
import type { Account } from "./account.ts";

/** Two months: long against the weeks over which an observer would have to watch, short against a network's life. */
const GUARD_LIFETIME = 60 * 24 * 3600 * 1000;

export class GuardKeeper {
  readonly #deps: { readonly clock: Clock; readonly paths: RandomSource; readonly account: Account };

  constructor(deps: { clock: Clock; paths: RandomSource; account: Account }) {
    this.#deps = deps;
  }

  get ids(): readonly NodeId[] {
    return (this.#deps.account.stored?.guards ?? []).map((guard) => guard.nodeId);
  }

  /** There is a new list of nodes. */
  update(consensus: Consensus | undefined): void {
    const { account, clock, paths } = this.#deps;
    const previous = account.stored?.guards;
    if (consensus === undefined || previous === undefined) return;
    const now = clock.now();
    const fresh = previous.filter(({ since }) => now - since < GUARD_LIFETIME);
    const chosen = chooseGuards({ consensus, previous: fresh.map((guard) => guard.nodeId), paths });
    const guards = chosen.map((nodeId) => fresh.find((guard) => guard.nodeId === nodeId) ?? { nodeId, since: now });
    if (guards.length === previous.length && guards.every((guard) => previous.includes(guard))) return;
    // If this is not written, the next start draws new ones.
    void account.save({ guards }).catch(() => undefined);
  }
}
