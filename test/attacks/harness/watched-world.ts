/** The virtual network, wide enough for a mix to be missed, with loops enough in its short epochs, and what its consensuses say. */

import { SIM_PARAMETERS, World, type WorldOptions } from "#test/sim/world.ts";
import { toHex } from "#transport/core/bytes.ts";
import { type Epoch, epochNumber, perSecond, seconds } from "#transport/core/units.ts";
import { epochStart } from "#transport/directory/epochs.ts";
import type { Consensus } from "#transport/directory/model.ts";

/** One epoch has as many loops as a tenth of an hour of a network for people. */
export const WATCHED_PARAMETERS = {
  ...SIM_PARAMETERS,
  epoch: { duration: seconds(60), lead: seconds(10), overlap: seconds(20), keyPeriods: 1, keyLead: seconds(10) },
  nodeLoopRate: perSecond(1.5),
  // Nodes' loops keep up 1.4 packets, decoys of providers the rest: attacks are seen, or not, among cover as in any network.
  minimumPool: 2,
};

export class WatchedWorld {
  readonly world: World;

  static async create(options: Omit<WorldOptions, "parameters">): Promise<WatchedWorld> {
    return new WatchedWorld(
      await World.create({ mixes: 12, providers: ["a", "b", "c"], ...options, parameters: WATCHED_PARAMETERS }),
    );
  }

  private constructor(world: World) {
    this.world = world;
  }

  /** To where senders have begun to use the list for `epoch`. */
  async runTo(epoch: number): Promise<void> {
    const start = epochStart(this.world.network, epochNumber(epoch));
    await this.world.clock.runUntil(start);
  }

  /** The list for an epoch, as a node holds it. */
  consensus(epoch: number): Consensus {
    const held = this.world.provider("a").mix.consensuses.held.find((list) => list.epoch === (epoch as Epoch));
    if (held === undefined) throw new Error(`nobody holds the list of epoch ${epoch}`);
    return held;
  }

  /** Names of the mixes of a layer, from 0, in the list for an epoch. */
  layer(epoch: number, layer: number): string[] {
    return (this.consensus(epoch).layers[layer] ?? []).map((node) => nameOf(node.address));
  }

  /** "mix3" or "mix3>mix7", with what the list does about it. */
  demotions(epoch: number): Record<string, string> {
    const { layers, providers, demotions } = this.consensus(epoch);
    const names = new Map([...layers.flat(), ...providers].map((node) => [toHex(node.nodeId), nameOf(node.address)]));
    const name = (id: Uint8Array): string => names.get(toHex(id)) ?? "?";
    return Object.fromEntries(
      demotions.map(({ node, to, effect }) => [to === undefined ? name(node) : `${name(node)}>${name(to)}`, effect]),
    );
  }
}

const nameOf = (address: string): string => address.slice(0, address.indexOf("."));
