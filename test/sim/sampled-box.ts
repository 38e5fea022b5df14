/** A box of a sampled simulation: what its provider holds, and what it gives to the one device that collects. Docs: docs/simulator.md §5 */

import { lostAfter } from "#transport/box/limits.ts";
import { GivenEntries } from "#provider-server/boxes/given-entries.ts";
import { BoxProgress } from "#transport/client/boxes/box-progress.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";
import type { VirtualClock } from "#test/support/virtual-clock.ts";
import type { Destination, SampledNetwork } from "./sampled-network.ts";

interface Entry {
  readonly number: number;
  readonly read: () => void;
}

export interface SampledBoxOptions {
  readonly clock: VirtualClock;
  readonly parameters: Parameters;
  readonly network: SampledNetwork;
  readonly until: Milliseconds;
}

export class SampledBox implements Destination {
  /** When it stops taking entries. */
  readonly until: Milliseconds;
  /** How far its reader has come, as the reader knows it. */
  readonly progress = new BoxProgress();
  readonly #options: SampledBoxOptions;
  readonly #given: GivenEntries;
  /** Those behind the cursor. */
  #entries: Entry[] = [];
  #last = 0;

  constructor(options: SampledBoxOptions) {
    const { clock, parameters, until } = options;
    this.until = until;
    this.#options = options;
    this.#given = new GivenEntries({ clock, lostAfter: lostAfter(parameters) });
  }

  /** Gets its number with the commit. */
  deposit(read: () => void): void {
    const { clock, network } = this.#options;
    clock.at(milliseconds(clock.now() + network.commitWait()), () => {
      this.#entries.push({ number: ++this.#last, read });
    });
  }

  /** A collect came, which says how far its reader was when it was made. */
  asked(progress: { readonly cursor: number; readonly taken: bigint }): void {
    this.#entries = this.#entries.filter(({ number }) => number > progress.cursor);
    this.#given.asked(READER, progress);
  }

  /** What an answer carries that is made now; it counts as given from now on. */
  take(): { readonly next: number; readonly entry: Entry | undefined } {
    const behind = this.#entries.filter(({ number }) => number > this.#given.cursor(READER));
    const next = behind[0]?.number ?? this.#last + 1;
    const entry = behind.find(({ number }) => this.#given.isWanted(READER, number));
    if (entry !== undefined) this.#given.give(READER, entry.number);
    return { next, entry };
  }
}

const READER = "reader";
