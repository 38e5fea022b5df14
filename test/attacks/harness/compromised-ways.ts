/**
 * How often a packet goes a way all of whose mixes are the adversary's: production's layers (`assignLayers`), guards (`keepGuards`)
 * and paths (`choosePath`), and an adversary to whom each mix belongs with a given chance, under names of operators that differ.
 * Which mixes are bad moves no choice of honest programs, so each choice is looked at under many draws of them.
 */

import { assignLayers } from "#provider-server/authority/layers.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { toHex } from "#transport/core/bytes.ts";
import { type Milliseconds, milliseconds, type NodeId } from "#transport/core/units.ts";
import { type Guard, guardsInUse, keepGuards } from "#transport/directory/guards.ts";
import type { Consensus, Layers, NodeDescriptor } from "#transport/directory/model.ts";
import { choosePath, chooseReplyPath } from "#transport/directory/path.ts";
import { KEYS_OF, NO_DELAYS, paperConsensus, paperNetwork, paperNode, paperSuite } from "./paper-network.ts";

/** Three mixes, by number. */
export type Way = readonly number[];
export type Packet = "guarded" | "fresh" | "reply";

const PROVIDERS = ["p0", "p1", "p2"].map((name) => paperNode(name, "provider", operatorOf));
const MEAN_DELAY: Milliseconds = milliseconds(1);
/** Between two lists that matter to guards: a period of layers. */
export const FORTNIGHT = 14 * 24 * 3_600_000;

function operatorOf(name: string): string {
  return `operator of ${name}`;
}

/** A network whose mixes come and go, by the fortnight. */
export class CompromisedNetwork {
  readonly width: number;
  /** Share of the mixes that somebody else's take the place of in a fortnight. */
  readonly #leaving: number;
  readonly #random: SeededRandom;
  readonly #numbers = new Map<string, number>();
  #mixes: NodeDescriptor[];
  #layers: Layers | undefined;
  #fortnight = 0;

  constructor(o: { readonly seed: string; readonly width: number; readonly leaving?: number }) {
    this.width = o.width;
    this.#leaving = o.leaving ?? 0;
    this.#random = new SeededRandom(o.seed);
    this.#mixes = Array.from({ length: 3 * o.width }, () => this.#newMix());
    this.#assign(undefined);
  }

  /** All there ever were. */
  get count(): number {
    return this.#numbers.size;
  }

  get now(): Milliseconds {
    return milliseconds(this.#fortnight * FORTNIGHT);
  }

  get consensus(): Consensus {
    return { ...paperConsensus(paperNetwork, this.#layers as Layers, PROVIDERS) };
  }

  /** Some leave and others come; then layers are drawn as at the end of a period: but for the first, or all. */
  nextFortnight(drawn: "but the first" | "all"): void {
    this.#fortnight++;
    this.#mixes = this.#mixes.map((mix) =>
      (this.#random.bytes(1)[0] as number) / 256 < this.#leaving ? this.#newMix() : mix,
    );
    const [first] = this.#layers as Layers;
    const left = new Set(this.#mixes);
    this.#assign(drawn === "all" ? undefined : [first.filter((mix) => left.has(mix)), [], []]);
  }

  number(id: NodeId): number {
    return this.#numbers.get(toHex(id)) as number;
  }

  #assign(previous: Layers | undefined): void {
    const sharedRandom = this.#random.bytes(32);
    this.#layers = assignLayers({ mixes: this.#mixes, previous, sharedRandom, suite: paperSuite });
  }

  #newMix(): NodeDescriptor {
    const number = this.#numbers.size;
    const mix = paperNode(`mix ${this.width} ${number}`, "mix", operatorOf);
    this.#numbers.set(toHex(mix.nodeId), number);
    return mix;
  }
}

/** One person's program, as far as it chooses. */
export class Chooser {
  readonly #network: CompromisedNetwork;
  readonly #random: SeededRandom;
  readonly #met = new Set<string>();
  #held: readonly Guard[] = [];
  #consensus: Consensus;

  constructor(network: CompromisedNetwork, seed: string) {
    this.#network = network;
    this.#random = new SeededRandom(seed);
    this.#consensus = network.consensus;
    this.see();
  }

  /** There is a new list. */
  see(): void {
    this.#consensus = this.#network.consensus;
    const entry = this.#provider(0);
    const { now } = this.#network;
    this.#held = keepGuards({ consensus: this.#consensus, held: this.#held, entry, now, random: this.#random });
    for (const id of guardsInUse(this.#consensus, this.#held)) this.#met.add(toHex(id));
  }

  /** Guards that were ever in use. */
  get met(): number {
    return this.#met.size;
  }

  ways(packet: Packet, count: number): Way[] {
    return Array.from({ length: count }, () => this.#way(packet));
  }

  #way(packet: Packet): Way {
    const common = {
      consensus: this.#consensus,
      period: KEYS_OF,
      meanDelay: MEAN_DELAY,
      paths: this.#random,
      delays: NO_DELAYS,
    };
    const [own, readers] = [this.#provider(0), this.#provider(1)];
    const guards = packet === "guarded" ? guardsInUse(this.#consensus, this.#held) : [];
    const path =
      packet === "reply"
        ? chooseReplyPath({ ...common, from: readers, to: own })
        : choosePath({ ...common, from: own, destination: readers, guards });
    return path.hops.slice(0, -1).map(({ nodeId }) => this.#network.number(nodeId));
  }

  #provider(number: number): NodeId {
    return (this.#consensus.providers[number] as NodeDescriptor).nodeId;
  }
}

/** Draws of who is bad: one byte for each mix, 1 for bad. */
export function adversaries(o: { seed: string; count: number; mixes: number; share: number }): Uint8Array[] {
  const random = new SeededRandom(o.seed);
  return Array.from({ length: o.count }, () => {
    const drawn = random.bytes(2 * o.mixes);
    return Uint8Array.from({ length: o.mixes }, (_, mix) => {
      const number = ((drawn[2 * mix] as number) << 8) | (drawn[2 * mix + 1] as number);
      return Number(number < o.share * 65_536);
    });
  });
}

/** The place of the first way whose mixes are all bad; the number of ways when there is none. */
export function firstAllBad(ways: readonly Way[], bad: Uint8Array): number {
  const place = ways.findIndex((way) => way.every((mix) => bad[mix] === 1));
  return place < 0 ? ways.length : place;
}

/**
 * Exactly, for one mail of n packets: the bad mixes among `first` mixes where paths begin and among `width` of each other layer are binomial,
 * and each packet goes through bad ones alone with the product of their shares.
 */
export function exactShare(o: {
  readonly packets: number;
  readonly first: number;
  readonly width: number;
  readonly share: number;
}): number {
  let sum = 0;
  const first = binomial(o.first, o.share);
  const others = binomial(o.width, o.share);
  for (const [a, chanceA] of first.entries()) {
    for (const [b, chanceB] of others.entries()) {
      for (const [c, chanceC] of others.entries()) {
        const way = (a / o.first) * (b / o.width) * (c / o.width);
        sum += chanceA * chanceB * chanceC * (1 - (1 - way) ** o.packets);
      }
    }
  }
  return sum;
}

function binomial(n: number, p: number): number[] {
  const chances = [(1 - p) ** n];
  for (let k = 1; k <= n; k++) chances.push(((chances[k - 1] as number) * (n - k + 1) * p) / (k * (1 - p)));
  return chances;
}
