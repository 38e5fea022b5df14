/**
 * After the last fault every message is read or reported within a time that follows from the parameters, and what lies before it in
 * queues. Looked at once a minute; not while a fault lasts, nor ever when one has no end.
 */

import { scheduleOf } from "#transport/directory/epochs.ts";
import type { Network } from "#transport/directory/model.ts";
import { epochNumber } from "#transport/core/units.ts";
import type { Calm } from "./calm.ts";
import type { Invariants } from "./invariants.ts";
import type { Times } from "./recovery-times.ts";
import type { Fate } from "./users.ts";

export interface RecoveryLedgerOptions {
  readonly invariants: Invariants;
  readonly calm: Calm;
  readonly times: Times;
  readonly network: Network;
  readonly nodes: readonly string[];
  readonly begin: number;
  readonly now: () => number;
}

/** A mail of k fragments has left after 2k payload slots; chance gives half as many again. */
const SLOTS_FOR_FRAGMENT = 3;
/** Each fragment may come twice, and chance gives half as many polls again. */
const POLLS_FOR_FRAGMENT = 3;

export class RecoveryLedger {
  readonly #options: RecoveryLedgerOptions;

  constructor(options: RecoveryLedgerOptions) {
    this.#options = options;
  }

  /** Without queues, from the end of the last fault. */
  get longest(): number {
    return this.#options.times.recovery + this.#missedVote();
  }

  look(fates: Iterable<Fate>): void {
    const { calm, begin, now, invariants } = this.#options;
    const quiet = calm.sinceAll(now() - begin);
    if (quiet === Number.POSITIVE_INFINITY) return;
    const all = [...fates];
    for (const fate of all) {
      if (fate.readAt !== undefined || fate.failedAt !== undefined) continue;
      const since = Math.max(fate.acceptedAt, begin + quiet);
      const most = this.longest + this.#queues(fate, all);
      const { from, to } = fate.writing;
      invariants.check("recovery bounded", now() - since <= most, () => {
        const what = `from u${from} to u${to}, taken at ${fate.acceptedAt - begin} ms`;
        return `${what}: neither read nor reported ${now() - since} ms after faults and writing, ${Math.round(most)} at most`;
      });
    }
  }

  /** What its writer sends, and what its reader fetches, before it or beside it. */
  #queues({ writing, acceptedAt }: Fate, all: readonly Fate[]): number {
    const { times } = this.#options;
    let written = 0;
    let fetched = 0;
    for (const other of all) {
      if (other.readAt !== undefined && other.readAt < acceptedAt) continue;
      if (other.writing.from === writing.from) written += other.fragments;
      if (other.writing.to === writing.to) fetched += other.fragments;
    }
    return SLOTS_FOR_FRAGMENT * times.slot * written + POLLS_FOR_FRAGMENT * times.poll * fetched;
  }

  /** A node that nobody could hear at a vote is in no list for an epoch. */
  #missedVote(): number {
    const { calm, network, nodes, begin, now } = this.#options;
    for (let epoch = 1; ; epoch++) {
      const { vote, step } = scheduleOf(network, epochNumber(epoch));
      if (vote > now()) return 0;
      if (calm.isHit(nodes, vote - step - begin, vote + step - begin)) return network.parameters.epoch.duration;
    }
  }
}
