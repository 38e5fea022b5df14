/** What a node can say of itself at one moment, for whoever runs it: no peer, no user, no packet is named. docs/operating.md §7 */

import { equalBytes } from "#transport/core/bytes.ts";
import type { Epoch, KeyPeriod, Milliseconds, NodeId } from "#transport/core/units.ts";
import type { Directory } from "#transport/directory/directory.ts";
import { epochAt, keyPeriodAt } from "#transport/directory/epochs.ts";
import type { Consensus, Network } from "#transport/directory/model.ts";
import type { PeriodKeys } from "../mix/period-keys.ts";
import { UNWRAP_SLOTS } from "../mix/unwrapping/limits.ts";
import type { Gauges } from "../observe/figures.ts";
import { newestConsensus } from "./consensus-in-use.ts";
import type { NodeLimits } from "./dependencies.ts";
import type { DirectoryDuty } from "./directory-duty.ts";

export interface NodeState {
  readonly network: Network;
  readonly nodeId: NodeId;
  readonly now: Milliseconds;
  readonly consensuses: Directory;
  readonly keys: PeriodKeys;
  readonly limits: NodeLimits;
  readonly held: number;
  /** Undefined where no other thread unwraps. */
  readonly waiting: number | undefined;
  readonly links: { readonly up: number; readonly wanted: number };
  readonly duty: DirectoryDuty["state"];
}

export function nodeFigures(state: NodeState): Gauges {
  const { network, nodeId, now, consensuses, keys, limits, held, waiting, links, duty } = state;
  const epoch = epochAt(network, now);
  const list = newestConsensus(consensuses, now);
  const { clockDifference, clockDifferenceMax, failing } = duty;
  return {
    packets_held: held,
    packets_held_max: limits.delayQueuePackets,
    ...(waiting === undefined ? {} : { unwrap_waiting: waiting, unwrap_waiting_max: UNWRAP_SLOTS }),
    links_up: links.up,
    links_wanted: links.wanted,
    epoch,
    replay_tags: tagsByKey(keys, keyPeriodAt(network, now)),
    replay_tags_max: limits.replayCapacity,
    listed: list !== undefined && isListed(list, nodeId) ? 1 : 0,
    ...(list === undefined ? {} : listFigures(list, { now, wanted: consensuses.listEpoch(now) })),
    avoided: (list?.demotions ?? []).filter(
      ({ node, to, effect }) =>
        effect !== "probation" && (equalBytes(node, nodeId) || (to !== undefined && equalBytes(to, nodeId))),
    ).length,
    ...(clockDifference === undefined ? {} : { clock_difference_seconds: clockDifference }),
    clock_difference_max_seconds: clockDifferenceMax,
    directory_failing: failing,
  };
}

/** Of the list that a daemon uses, or has last agreed on. */
export function listFigures(list: Consensus, { now, wanted }: { now: Milliseconds; wanted: Epoch }): Gauges {
  return {
    list_epoch: list.epoch,
    list_epochs_behind: Math.max(0, wanted - list.epoch),
    list_age_seconds: Math.max(0, Math.floor((now - list.validFrom) / 1000)),
    list_signatures: list.signatures.size,
    list_mixes: list.layers.flat().length,
    list_layer_least: Math.min(...list.layers.map((layer) => layer.length)),
    list_providers: list.providers.length,
    list_avoided: list.demotions.filter(({ effect }) => effect === "avoided").length,
  };
}

function isListed({ layers, providers }: Consensus, nodeId: NodeId): boolean {
  return [...layers.flat(), ...providers].some((node) => equalBytes(node.nodeId, nodeId));
}

/** Of several keys with one name that which has opened most. */
function tagsByKey(keys: PeriodKeys, now: KeyPeriod): Record<string, number> {
  const tags: Record<string, number> = {};
  for (const period of keys.periods()) {
    const name = nameOfKey(period, now);
    tags[name] = Math.max(tags[name] ?? 0, keys.recorded(period));
  }
  return tags;
}

/** Names that stay when periods go on: a collector keeps one row for each name it has ever seen. */
function nameOfKey(of: KeyPeriod, now: KeyPeriod): string {
  if (of < now) return "kept";
  return of === now ? "current" : of === now + 1 ? "next" : "later";
}
