/** Epoch keys and replay logs of a node in a simulation: they survive the node object, as files survive a process. */

import type { EpochLog, EpochStore, StoredEpoch } from "#provider-server/mix/epoch-store.ts";
import { concat } from "#transport/core/bytes.ts";
import type { Epoch, ReplayTag } from "#transport/core/units.ts";

export class MemoryEpochStore implements EpochStore {
  readonly #epochs = new Map<Epoch, { privateKey: Uint8Array; tags: Uint8Array[] }>();

  load(): StoredEpoch[] {
    return [...this.#epochs].map(([epoch, { privateKey, tags }]) => ({
      epoch,
      privateKey: privateKey.slice(),
      tags: concat(...tags),
      log: this.#log(epoch, tags),
    }));
  }

  create(epoch: Epoch, privateKey: Uint8Array): EpochLog {
    const tags: Uint8Array[] = [];
    this.#epochs.set(epoch, { privateKey: privateKey.slice(), tags });
    return this.#log(epoch, tags);
  }

  /** Loss of power. */
  lose(): void {
    this.#epochs.clear();
  }

  #log(epoch: Epoch, tags: Uint8Array[]): EpochLog {
    return {
      append: (tag: ReplayTag) => void tags.push(tag.slice()),
      erase: () => void this.#epochs.delete(epoch),
      close: () => undefined,
    };
  }
}
