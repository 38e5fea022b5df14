/** KeyPeriod keys and replay logs of a node in a simulation: they survive the node object, as files survive a process. */

import type { PeriodLog, PeriodStore, StoredPeriod } from "#provider-server/mix/period-store.ts";
import { concat } from "#transport/core/bytes.ts";
import type { KeyPeriod, ReplayTag } from "#transport/core/units.ts";

export class MemoryPeriodStore implements PeriodStore {
  readonly #periods = new Map<KeyPeriod, { privateKey: Uint8Array; tags: Uint8Array[] }>();

  load(): StoredPeriod[] {
    return [...this.#periods].map(([period, { privateKey, tags }]) => ({
      period,
      privateKey: privateKey.slice(),
      tags: concat(...tags),
      log: this.#log(period, tags),
    }));
  }

  create(period: KeyPeriod, privateKey: Uint8Array): PeriodLog {
    const tags: Uint8Array[] = [];
    this.#periods.set(period, { privateKey: privateKey.slice(), tags });
    return this.#log(period, tags);
  }

  /** Loss of power. */
  lose(): void {
    this.#periods.clear();
  }

  #log(period: KeyPeriod, tags: Uint8Array[]): PeriodLog {
    return {
      append: (tag: ReplayTag) => void tags.push(tag.slice()),
      erase: () => void this.#periods.delete(period),
      close: () => undefined,
    };
  }
}
