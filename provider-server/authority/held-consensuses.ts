/** The signed consensuses that an authority has and gives out: one for each epoch, on the disk, the old ones forgotten. */

import { toHex } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import { type Epoch, epochNumber } from "#transport/core/units.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { verifyConsensus } from "#transport/directory/consensus.ts";
import type { Consensus, Network } from "#transport/directory/model.ts";
import type { Log } from "../observe/log.ts";
import type { AuthorityStore } from "./authority-store.ts";
import { CONSENSUSES_KEPT } from "./limits.ts";

export interface HeldConsensusesDeps {
  readonly network: Network;
  readonly suite: Suite;
  readonly store: AuthorityStore;
  readonly log: Log;
}

export class HeldConsensuses {
  readonly #deps: HeldConsensusesDeps;
  readonly #byHash = new Map<string, Consensus>();
  /** Those of the nodes in `#keysOf`, in hexadecimal. */
  #linkKeys: ReadonlySet<string> = new Set();
  #keysOf: Consensus | undefined;

  /** Takes over what is on the disk. */
  constructor(deps: HeldConsensusesDeps) {
    this.#deps = deps;
    for (const bytes of deps.store.consensuses()) this.#restore(bytes);
  }

  /** By hexadecimal hash. */
  get byHash(): ReadonlyMap<string, Consensus> {
    return this.#byHash;
  }

  get newest(): Consensus | undefined {
    return [...this.#byHash.values()].toSorted((a, b) => b.epoch - a.epoch)[0];
  }

  /** Whether a node of the newest list has this link key. */
  hasLinkKey(linkKey: Uint8Array): boolean {
    const { newest } = this;
    if (newest !== this.#keysOf) {
      this.#keysOf = newest;
      const nodes = newest === undefined ? [] : [...newest.layers.flat(), ...newest.providers];
      this.#linkKeys = new Set(nodes.map((node) => toHex(node.linkKey)));
    }
    return this.#linkKeys.has(toHex(linkKey));
  }

  of(epoch: Epoch): Consensus | undefined {
    return [...this.#byHash.values()].find((consensus) => consensus.epoch === epoch);
  }

  /** Keeps one that is verified, or that has more signatures than it had. The first of an epoch stays the only one. */
  hold(consensus: Consensus): void {
    const { store, log } = this.#deps;
    const { epoch } = consensus;
    const key = toHex(consensus.hash);
    const known = this.#byHash.get(key);
    if (known !== undefined && known.signatures.size >= consensus.signatures.size) return;
    const other = [...this.#byHash.values()].find((held) => held.epoch === epoch && held !== known);
    if (other !== undefined) return log.event("two signed consensuses for one epoch: keeping the first", { epoch });
    store.putConsensus(epoch, consensus.bytes);
    this.#byHash.set(key, consensus);
    const signatures = consensus.signatures.size;
    const mixes = consensus.layers.flat().length;
    log.event("consensus", { epoch, signatures, mixes, providers: consensus.providers.length });
    this.#forgetBefore(epochNumber(Math.max(0, epoch - CONSENSUSES_KEPT)));
  }

  #forgetBefore(oldest: Epoch): void {
    this.#deps.store.forgetBefore(oldest);
    for (const [key, consensus] of this.#byHash) if (consensus.epoch < oldest) this.#byHash.delete(key);
  }

  #restore(bytes: Uint8Array): void {
    const { network, suite, log } = this.#deps;
    try {
      const consensus = verifyConsensus(network, bytes, suite);
      this.#byHash.set(toHex(consensus.hash), consensus);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      log.event(`dropped a stored consensus: ${error.message}`);
    }
  }
}
