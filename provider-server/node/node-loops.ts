/**
 * Packets that a node sends through the network back to itself, so that its neighbours' links never carry users' packets
 * alone and it notices when packets get lost. Spec: docs/spec/06-mix.md §7
 */

import { toHex } from "#transport/core/bytes.ts";
import type { Cancel, Clock } from "#transport/core/clock.ts";
import { exponential, pick } from "#transport/core/random.ts";
import { type Epoch, type Milliseconds, meanInterval, milliseconds, type NodeId } from "#transport/core/units.ts";
import type { Consensus, Network } from "#transport/directory/model.ts";
import { chooseLoopPath } from "#transport/directory/path.ts";
import type { WrappedPacket } from "#transport/sphinx/packet.ts";
import type { Sphinx } from "#transport/sphinx/sphinx.ts";
import type { NodeStreams } from "./dependencies.ts";
import { LOOP_WAIT_FACTOR, LOOPS_OUTSTANDING_MAX } from "./limits.ts";

export interface NodeLoopsDependencies {
  readonly clock: Clock;
  readonly streams: NodeStreams;
  readonly network: Network;
  readonly sphinx: Sphinx;
  readonly nodeId: NodeId;
  /** What to choose a path from now; undefined while there is no consensus. */
  readonly current: () => { consensus: Consensus; epoch: Epoch } | undefined;
  readonly send: (packet: WrappedPacket) => void;
}

export class NodeLoops {
  readonly #deps: NodeLoopsDependencies;
  /** When each loop under way left, by its recipient field in hexadecimal, oldest first. */
  readonly #underWay = new Map<string, Milliseconds>();
  #cancel: Cancel | undefined;
  #returned = 0;
  #lost = 0;

  constructor(deps: NodeLoopsDependencies) {
    this.#deps = deps;
  }

  start(): void {
    this.#schedule();
  }

  stop(): void {
    this.#cancel?.();
  }

  /** Counts a loop that came back; false when this node sent none with that field. */
  returned(recipient: Uint8Array): boolean {
    if (!this.#underWay.delete(toHex(recipient))) return false;
    this.#returned++;
    return true;
  }

  /** Since the last call. */
  takeCounts(): { returned: number; lost: number } {
    const counts = { returned: this.#returned, lost: this.#lost };
    this.#returned = 0;
    this.#lost = 0;
    return counts;
  }

  #schedule(): void {
    const { clock, network, streams } = this.#deps;
    const wait = exponential(streams.schedule, meanInterval(network.parameters.nodeLoopRate));
    this.#cancel = clock.at(milliseconds(clock.now() + wait), () => this.#tick());
  }

  #tick(): void {
    this.#schedule();
    this.#forgetLost();
    const packet = this.#makeLoop();
    if (packet !== undefined) this.#deps.send(packet);
  }

  #makeLoop(): WrappedPacket | undefined {
    const { clock, sphinx, streams, nodeId, network } = this.#deps;
    const current = this.#deps.current();
    if (current === undefined) return undefined;
    const { paths, delays, padding } = streams;
    // Either profile's delays: a node's loops must not be told from clients' packets by how long they stay.
    const { meanDelay } = pick(delays, Object.values(network.parameters.profiles));
    const path = withoutThrow(() => chooseLoopPath({ ...current, node: nodeId, meanDelay, paths, delays }));
    if (path === undefined) return undefined;
    const recipient = padding.bytes(32);
    const payload = padding.bytes(sphinx.geometry.payloadBytes);
    this.#underWay.set(toHex(recipient), clock.now());
    return sphinx.wrap({ path, destination: { command: "loop", recipient }, payload, random: padding });
  }

  #forgetLost(): void {
    const longest = LOOP_WAIT_FACTOR * 3 * longestDelay(this.#deps.network);
    const before = this.#deps.clock.now() - longest;
    for (const [id, left] of this.#underWay) {
      if (left >= before && this.#underWay.size < LOOPS_OUTSTANDING_MAX) return;
      this.#underWay.delete(id);
      this.#lost++;
    }
  }
}

/** The longest delay that a sender may draw at one mix. */
export function longestDelay(network: Network): Milliseconds {
  const { profiles, delayCap } = network.parameters;
  const means = Object.values(profiles).map((profile) => profile.meanDelay);
  return milliseconds(Math.ceil(Math.max(...means) * delayCap));
}

/** Undefined when too few nodes are alive: then there is no loop to send. */
function withoutThrow<T>(choose: () => T): T | undefined {
  try {
    return choose();
  } catch {
    return undefined;
  }
}
