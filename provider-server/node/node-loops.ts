/**
 * Packets that a node sends through the network back to itself, so that its neighbours' links never carry users' packets
 * alone and it notices when packets get lost or held back. Spec: docs/spec/06-mix.md §7
 */

import type { Cancel, Clock } from "#transport/core/clock.ts";
import { equalBytes } from "#transport/core/bytes.ts";
import { exponential } from "#transport/core/random.ts";
import {
  type Epoch,
  epochNumber,
  type KeyPeriod,
  type Milliseconds,
  meanInterval,
  milliseconds,
  type NodeId,
} from "#transport/core/units.ts";
import type { LoopReport } from "#transport/directory/loop-report.ts";
import type { Consensus, Network } from "#transport/directory/model.ts";
import { epochOfKeyPeriod } from "#transport/directory/epochs.ts";
import { chooseLoopPath } from "#transport/directory/path.ts";
import type { Path, WrappedPacket } from "#transport/sphinx/packet.ts";
import type { Sphinx } from "#transport/sphinx/sphinx.ts";
import type { NodeStreams } from "./dependencies.ts";
import { LOOP_SLACK } from "./limits.ts";
import { type LoopCounts, LoopEvidence } from "./loop-evidence.ts";
import { type LoopTime, loopTime } from "./loop-times.ts";

export interface NodeLoopsDependencies {
  readonly clock: Clock;
  readonly streams: NodeStreams;
  readonly network: Network;
  readonly sphinx: Sphinx;
  readonly nodeId: NodeId;
  /** What to choose a path from now; undefined while there is no consensus. */
  readonly current: () => { consensus: Consensus; period: KeyPeriod } | undefined;
  readonly send: (packet: WrappedPacket) => void;
}

export class NodeLoops {
  readonly #deps: NodeLoopsDependencies;
  readonly #evidence = new LoopEvidence();
  #cancel: Cancel | undefined;
  /** Of loops that are drawn and have not left. */
  readonly #waiting = new Set<Cancel>();

  constructor(deps: NodeLoopsDependencies) {
    this.#deps = deps;
  }

  start(): void {
    this.#schedule();
  }

  stop(): void {
    this.#cancel?.();
    for (const cancel of this.#waiting) cancel();
    this.#waiting.clear();
  }

  /** Counts a loop that came back; false when this node is waiting for none with that recipient field. */
  returned(loop: { readonly recipient: Uint8Array; readonly payload: Uint8Array }): boolean {
    return this.#evidence.returned(loop, this.#deps.clock.now());
  }

  /** For the descriptor of the epoch of `consensus`: on the epoch before it. */
  report(consensus: Consensus): LoopReport | undefined {
    const { clock, streams } = this.#deps;
    return this.#evidence.report({ consensus, now: clock.now(), random: streams.paths });
  }

  /** What became of those of `epoch`; of epochs before it nothing is remembered from then on. */
  takeCounts(epoch: Epoch): LoopCounts {
    this.#evidence.forgetBefore(epoch);
    return this.#evidence.counts(epoch);
  }

  #schedule(): void {
    const { clock, network, streams } = this.#deps;
    const wait = exponential(streams.schedule, meanInterval(network.parameters.nodeLoopRate));
    this.#cancel = clock.at(milliseconds(clock.now() + wait), () => this.#tick());
  }

  /** Ticks come by chance alone; when what is drawn at one leaves is another matter. */
  #tick(): void {
    this.#schedule();
    const { clock, network, streams, current } = this.#deps;
    const layer = this.#layer(current()?.consensus);
    if (layer === undefined) return;
    const { schedule, delays } = streams;
    const time = loopTime({ now: clock.now(), layer, parameters: network.parameters, schedule, delays });
    const cancel = clock.at(time.at, () => {
      this.#waiting.delete(cancel);
      const packet = this.#makeLoop(time);
      if (packet !== undefined) this.#deps.send(packet);
    });
    this.#waiting.add(cancel);
  }

  /** 0 for a provider; undefined when this node is in no list. */
  #layer(consensus: Consensus | undefined): number | undefined {
    const isSelf = ({ nodeId }: { nodeId: NodeId }): boolean => equalBytes(nodeId, this.#deps.nodeId);
    const layer = consensus?.layers.findIndex((mixes) => mixes.some(isSelf)) ?? -1;
    if (layer >= 0) return layer + 1;
    return consensus?.providers.some(isSelf) ? 0 : undefined;
  }

  #makeLoop({ meanDelay, firstDelays }: LoopTime): WrappedPacket | undefined {
    const { clock, sphinx, streams, nodeId, network } = this.#deps;
    const current = this.#deps.current();
    if (current === undefined) return undefined;
    const { paths, delays, padding } = streams;
    const chosen = withoutThrow(() => chooseLoopPath({ ...current, node: nodeId, meanDelay, paths, delays }));
    if (chosen === undefined) return undefined;
    const path: Path = {
      period: chosen.period,
      hops: chosen.hops.map((hop, index) => Object.assign(hop, { delay: firstDelays[index] ?? hop.delay })),
    };
    const recipient = padding.bytes(32);
    const payload = padding.bytes(sphinx.geometry.payloadBytes);
    const delay = path.hops.reduce((sum, hop) => sum + hop.delay, 0);
    this.#evidence.sent({
      recipient,
      payload,
      epoch: epochOfKeyPeriod(network, path.period),
      way: path.hops.slice(0, -1).map((hop) => hop.nodeId),
      lateAt: milliseconds(clock.now() + delay + loopSlack(network)),
    });
    return sphinx.wrap({ path, destination: { command: "loop", recipient }, payload, random: padding });
  }
}

/** The longest delay that a sender may draw at one mix. */
export function longestDelay(network: Network): Milliseconds {
  return milliseconds(Math.ceil(slowestMean(network) * network.parameters.delayCap));
}

/** What links and full machines may add to a loop's delays before it is late. */
export function loopSlack(network: Network): Milliseconds {
  return milliseconds(LOOP_SLACK + slowestMean(network));
}

function slowestMean({ parameters }: Network): number {
  return Math.max(...Object.values(parameters.profiles).map((profile) => profile.meanDelay));
}

/** The last epoch whose loops are all settled when `epoch` is the oldest of which all keys are kept. */
export const settledEpoch = (epoch: Epoch): Epoch => epochNumber(Math.max(0, epoch - 1));

/** Undefined when too few nodes are alive: then there is no loop to send. */
function withoutThrow<T>(choose: () => T): T | undefined {
  try {
    return choose();
  } catch {
    return undefined;
  }
}
