/** The client's sticky first mixes: drawn once, on disk, the same for a year. Spec: docs/spec/08-directory.md §9 */

import type { Clock } from "../core/clock.ts";
import type { RandomSource } from "../core/random.ts";
import type { NodeId } from "../core/units.ts";
import { type Guard, guardsInUse, keepGuards } from "../directory/guards.ts";
import type { Consensus } from "../directory/model.ts";
import type { Account } from "./account.ts";

export interface GuardKeeperDeps {
  readonly clock: Clock;
  /** A stream of its own: neither mail nor requests move which guards are drawn. */
  readonly random: RandomSource;
  readonly account: Pick<Account, "stored" | "opened" | "save">;
}

export class GuardKeeper {
  readonly #deps: GuardKeeperDeps;
  /** What counts, also while the disk does not take it: drawing anew for every list would show the client to the whole layer. */
  #held: readonly Guard[];
  #consensus: Consensus | undefined;

  constructor(deps: GuardKeeperDeps) {
    this.#deps = deps;
    this.#held = deps.account.stored?.guards ?? [];
  }

  /** The mixes at which paths begin now; none: any. */
  get ids(): readonly NodeId[] {
    return this.#consensus === undefined ? [] : guardsInUse(this.#consensus, this.#held);
  }

  /** There is a new list of nodes. */
  update(consensus: Consensus | undefined): void {
    const { account, clock, random } = this.#deps;
    if (consensus === undefined || account.opened === undefined) return;
    this.#consensus = consensus;
    const entry = account.opened.providerId;
    const guards = keepGuards({ consensus, held: this.#held, entry, now: clock.now(), random });
    if (guards === this.#held && guards === account.stored?.guards) return;
    this.#held = guards;
    // If this is not written, the next list tries again.
    void account.save({ guards }).catch(() => undefined);
  }
}
