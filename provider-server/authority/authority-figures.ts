/** What an authority can say of itself for whoever runs it; all of it is in lists that everybody gets. docs/operating.md §7 */

import type { Clock } from "#transport/core/clock.ts";
import type { Epoch, Milliseconds } from "#transport/core/units.ts";
import { epochAt, listEpochAt } from "#transport/directory/epochs.ts";
import type { Consensus, Network } from "#transport/directory/model.ts";
import { listFigures } from "../node/node-figures.ts";
import type { Gauges } from "../observe/figures.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Agreement } from "./agreement.ts";

export class AuthorityFigures {
  readonly #deps: { readonly network: Network; readonly clock: Clock; readonly metrics?: Metrics | undefined };
  /** Seconds after the time of the vote by this clock, by the other authority's name. */
  readonly #voteAfter = new Map<string, number>();
  #last: { epoch: Epoch; votes: number; signatures: number } | undefined;
  #step: Milliseconds | undefined;

  constructor(deps: { network: Network; clock: Clock; metrics?: Metrics | undefined }) {
    this.#deps = deps;
  }

  /** A vote was accepted; `time` is when all authorities vote. */
  voteCame(authority: number, time: Milliseconds): void {
    const after = Math.round((this.#deps.clock.now() - time) / 1000);
    this.#voteAfter.set(this.#nameOf(authority), after);
  }

  /** An agreement in which this authority took part is over. */
  over(agreement: Agreement, { hasList }: { hasList: boolean }): void {
    const { absent, epoch, schedule, signatureCounts } = agreement;
    for (const authority of absent) this.#voteAfter.delete(this.#nameOf(authority));
    const votes = this.#deps.network.authorities.length - absent.length;
    this.#last = { epoch, votes, signatures: signatureCounts.same };
    this.#step = schedule.step;
    if (!hasList) this.#deps.metrics?.count("lists_missed");
  }

  read(newest: Consensus | undefined): Gauges {
    const { network, clock } = this.#deps;
    const now = clock.now();
    const last = this.#last;
    return {
      epoch: epochAt(network, now),
      authorities: network.authorities.length,
      authorities_needed: network.threshold,
      vote_after_seconds: Object.fromEntries(this.#voteAfter),
      ...(newest === undefined ? {} : listFigures(newest, { now, wanted: listEpochAt(network, now) })),
      ...(last === undefined
        ? {}
        : { agreed_epoch: last.epoch, agreed_votes: last.votes, agreed_signatures: last.signatures }),
      ...(this.#step === undefined ? {} : { vote_step_seconds: this.#step / 1000 }),
    };
  }

  #nameOf(authority: number): string {
    return this.#deps.network.authorities[authority]?.name ?? "";
  }
}
