/**
 * Every epoch's list is made when enough authorities are well, and every node and client that runs and is not disturbed holds it
 * within its known time. Looked at once a minute: a list is known to be there, or it is late.
 */

import { epochInForce, scheduleOf } from "#transport/directory/epochs.ts";
import type { Network } from "#transport/directory/model.ts";
import { type Epoch, epochNumber, milliseconds } from "#transport/core/units.ts";
import type { Calm } from "./calm.ts";
import type { Invariants } from "./invariants.ts";
import type { Times } from "./recovery-times.ts";

export interface ListLedgerOptions {
  readonly invariants: Invariants;
  readonly calm: Calm;
  readonly times: Times;
  readonly network: Network;
  readonly begin: number;
  readonly now: () => number;
  readonly authorities: readonly string[];
  readonly nodes: readonly string[];
  /** And the provider of each. */
  readonly clients: ReadonlyMap<string, string>;
  /** The newest list's epoch, of a machine that runs; undefined when it has none. */
  readonly authorityEpochs: () => ReadonlyMap<string, number | undefined>;
  /** Whether a node's process runs. */
  readonly isUp: (node: string) => boolean;
  readonly nodeEpoch: (name: string) => number | undefined;
  readonly clientEpoch: (name: string) => number | undefined;
}

/** A clock that was set leaves a plan for the next epoch at a wrong time: the epoch after it is right again. */
const EPOCHS_DISTURBED = 2;

export class ListLedger {
  readonly #options: ListLedgerOptions;
  /** The first epoch that was not looked at, by machine. */
  readonly #next = new Map<string, number>();
  /** When a node was last seen not to run. */
  readonly #downAt = new Map<string, number>();
  /** When the list of an epoch was first seen at as many authorities as must sign it. */
  readonly #existsSince = new Map<number, number>();
  #agreed = 1;

  constructor(options: ListLedgerOptions) {
    this.#options = options;
  }

  look(): void {
    const { now, network, nodes, clients, times, calm, begin } = this.#options;
    const epochs = this.#options.authorityEpochs();
    this.#lookAtAuthorities(epochs);
    for (const name of nodes) {
      if (!this.#options.isUp(name)) this.#downAt.set(name, now());
      const since = Math.max(this.#quietSince(name), this.#downAt.get(name) ?? Number.NEGATIVE_INFINITY);
      this.#lookAt(
        name,
        (epoch) => Math.max(epochInForce(network, epoch), since) + times.nodeHasList,
        this.#options.nodeEpoch,
      );
    }
    for (const [name, provider] of clients) {
      const since = Math.max(this.#quietSince(name), this.#quietSince(provider));
      const redial = calm.since(name, now() - begin) > 0 || calm.since(provider, now() - begin) > 0 ? times.redial : 0;
      const from = (epoch: Epoch): number => Math.max(epochInForce(network, epoch), since);
      this.#lookAt(name, (epoch) => from(epoch) + times.clientHasList + redial, this.#options.clientEpoch);
    }
  }

  /** With enough authorities well from its vote on, the list is there when it is published, and a round later at all of these. */
  #lookAtAuthorities(held: ReadonlyMap<string, number | undefined>): void {
    const { network, authorities, calm, begin, now, invariants } = this.#options;
    const newest = [...held.values()].map((epoch) => epoch ?? -1).toSorted((a, b) => b - a);
    const common = newest[network.threshold - 1] ?? -1;
    for (let epoch = 0; epoch <= common; epoch++)
      if (!this.#existsSince.has(epoch)) this.#existsSince.set(epoch, now());
    for (;;) {
      const epoch = epochNumber(this.#agreed);
      const { vote, publish, step } = scheduleOf(network, epoch);
      if (now() <= publish + step) return;
      this.#agreed++;
      // Who was away before must first hear of the lists that it missed.
      const from = vote - 2 * step - begin;
      const well = authorities.filter((name) => !calm.isHit([name], from, publish + step - begin));
      if (well.length < network.threshold) continue;
      const without = well.filter((name) => (held.get(name) ?? -1) < epoch);
      invariants.check(
        "consensus progresses",
        without.length === 0,
        () => `${without.join(", ")}: no list of epoch ${epoch}`,
      );
    }
  }

  #lookAt(name: string, latest: (epoch: Epoch) => number, held: (name: string) => number | undefined): void {
    const { now, invariants, begin, network, calm } = this.#options;
    for (;;) {
      const epoch = epochNumber(this.#next.get(name) ?? 0);
      const existed = this.#existsSince.get(epoch);
      if (existed === undefined) return;
      const wait = latest(epoch) - epochInForce(network, epoch);
      // Without the first list nobody could sign up before the beginning.
      const isFirst =
        epoch === 0 && calm.since(name, now() - begin) === Number.NEGATIVE_INFINITY && !this.#downAt.has(name);
      const due = isFirst ? begin : Math.max(latest(epoch), existed + wait);
      if (now() < due || !Number.isFinite(due)) return;
      this.#next.set(name, epoch + 1);
      const has = held(name);
      invariants.check("consensus progresses", has !== undefined && has >= epoch, () => {
        return `${name}: no list of epoch ${epoch} at ${now() - begin} ms, but ${has ?? "none"}`;
      });
    }
  }

  /** In true time; Infinity while it is disturbed, the time of the last disturbance and what follows from it after that. */
  #quietSince(name: string): number {
    const { calm, begin, now, network } = this.#options;
    const since = calm.since(name, now() - begin);
    const after = calm.setsClock(name) ? EPOCHS_DISTURBED * network.parameters.epoch.duration : 0;
    return milliseconds(begin + since + (since > Number.NEGATIVE_INFINITY ? after : 0));
  }
}
