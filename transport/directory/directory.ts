/**
 * The consensuses that a client or node holds: only forward in time, one for an epoch, each the successor of the one
 * before. Spec: docs/spec/08-directory.md §7
 */

import { equalBytes } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import type { Epoch, KeyPeriod, Milliseconds } from "../core/units.ts";
import type { Suite } from "../crypto/suite.ts";
import { verifyConsensus } from "./consensus.ts";
import { keyPeriodInUse, listEpochAt, senderEpochAt } from "./epochs.ts";
import type { Consensus, Network } from "./model.ts";

export class Directory {
  readonly network: Network;
  readonly #suite: Suite;
  /** At most `KEPT`, in ascending order of epochs. */
  #held: readonly Consensus[] = [];

  constructor(o: { network: Network; suite: Suite }) {
    this.network = o.network;
    this.#suite = o.suite;
  }

  /**
   * Takes a consensus in. `isNew` is false when it was known.
   * Throws MALFORMED and CONSENSUS_FORGED; CONSENSUS_STALE for one that is older than what is held; CONSENSUS_SPLIT when it
   * contradicts what is held: somebody shows different lists to different people.
   */
  accept(bytes: Uint8Array): { consensus: Consensus; isNew: boolean } {
    const consensus = verifyConsensus(this.network, bytes, this.#suite);
    const known = this.#held.find((held) => held.epoch === consensus.epoch);
    if (known !== undefined) {
      if (!equalBytes(known.hash, consensus.hash)) throw split(consensus.epoch);
      return { consensus: known, isNew: false };
    }
    this.#assertFits(consensus);
    this.#held = [...this.#held, consensus].toSorted((a, b) => a.epoch - b.epoch).slice(-KEPT);
    return { consensus, isNew: true };
  }

  /**
   * The one that a sender uses at `time`: that of all others, or the newest before it; without these the newest there is.
   * Throws NO_CONSENSUS when there is none, CONSENSUS_STALE when it is over.
   */
  at(time: Milliseconds): Consensus {
    const common = senderEpochAt(this.network, time);
    return this.#held.findLast((held) => held.epoch <= common && time < held.validUntil) ?? this.newestAt(time);
  }

  /** The newest one in force at `time`, which others may be given. Throws as `at`. */
  newestAt(time: Milliseconds): Consensus {
    const newest = this.listEpoch(time);
    const consensus = this.#held.findLast((held) => held.epoch <= newest);
    if (consensus === undefined) throw new TransportError("NO_CONSENSUS");
    if (time >= consensus.validUntil) throw new TransportError("CONSENSUS_STALE");
    return consensus;
  }

  /** The epoch of the newest list that is in force at `time`, if it is held. */
  listEpoch(time: Milliseconds): Epoch {
    return listEpochAt(this.network, time);
  }

  /** Whose keys a sender uses at `time`. */
  keyPeriod(time: Milliseconds): KeyPeriod {
    return keyPeriodInUse(this.network, time);
  }

  get newest(): Consensus | undefined {
    return this.#held.at(-1);
  }

  /** All that are held, oldest first. */
  get held(): readonly Consensus[] {
    return this.#held;
  }

  /** What to keep on disk, and give to `restore`: who forgets it can be led back in time. */
  saved(): readonly Uint8Array[] {
    return this.#held.map((consensus) => consensus.bytes);
  }

  /** Takes saved consensuses back, oldest first. Throws as `accept`. */
  restore(saved: readonly Uint8Array[]): void {
    for (const bytes of saved) this.accept(bytes);
  }

  #assertFits(consensus: Consensus): void {
    const { newest } = this;
    if (newest === undefined) return;
    // One epoch back only fills a gap: who came in the tail of an epoch first got the next one.
    if (consensus.epoch < newest.epoch - 1) throw new TransportError("CONSENSUS_STALE");
    const row = [...this.#held, consensus].toSorted((a, b) => a.epoch - b.epoch);
    for (const [index, after] of row.entries()) {
      const before = row[index - 1];
      const areNeighbours = after.epoch - 1 === before?.epoch;
      if (areNeighbours && !equalBytes(after.previous, before.hash)) throw split(after.epoch);
    }
  }
}

/** The one in use, the one after it, and the one before for packets still on their way. */
const KEPT = 3;

function split(epoch: Epoch): TransportError {
  return new TransportError("CONSENSUS_SPLIT", `Epoch ${epoch}.`);
}
