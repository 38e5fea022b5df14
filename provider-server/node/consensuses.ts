/** The consensuses that a node holds: the one before, the one in use, the next. Spec: docs/spec/06-mix.md §6 */

import { equalBytes } from "#transport/core/bytes.ts";
import { type Epoch, type Milliseconds, epochNumber } from "#transport/core/units.ts";
import { keyEpochAt } from "#transport/directory/epochs.ts";
import type { Consensus, Network } from "#transport/directory/model.ts";

export class Consensuses {
  readonly #network: Network;
  readonly #held = new Map<Epoch, Consensus>();

  constructor(network: Network) {
    this.#network = network;
  }

  /** "split" when another one is held for its epoch: the first stays. */
  add(consensus: Consensus): "added" | "known" | "split" {
    const known = this.#held.get(consensus.epoch);
    if (known !== undefined) return equalBytes(known.hash, consensus.hash) ? "known" : "split";
    this.#held.set(consensus.epoch, consensus);
    return "added";
  }

  get(epoch: Epoch): Consensus | undefined {
    return this.#held.get(epoch);
  }

  /** What to choose paths from at `now`, and whose keys: the newest in use, for at most one epoch past its own. */
  current(now: Milliseconds): { consensus: Consensus; epoch: Epoch } | undefined {
    const epoch = keyEpochAt(this.#network, now);
    const consensus = this.#held.get(epoch) ?? this.#held.get(epochNumber(epoch - 1));
    return consensus === undefined ? undefined : { consensus, epoch };
  }

  /** Forgets those whose epoch is over, the overlap included, and returns the rest, oldest first. */
  inUse(now: Milliseconds): Consensus[] {
    const oldest = keyEpochAt(this.#network, now) - 2;
    for (const epoch of [...this.#held.keys()]) if (epoch < oldest) this.#held.delete(epoch);
    return [...this.#held.values()].sort((a, b) => a.epoch - b.epoch);
  }
}
