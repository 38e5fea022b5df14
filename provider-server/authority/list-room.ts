/**
 * Which nodes a list leaves out when all of them do not fit into what readers take. Pure: the same on every machine.
 * Spec: docs/spec/08-directory.md §6
 */

import { toHex } from "#transport/core/bytes.ts";
import type { Primitives } from "#transport/crypto/suite.ts";
import { MIXES_PER_LAYER_MIN } from "#transport/directory/alive.ts";
import { NODES_MAX } from "#transport/directory/limits.ts";
import type { Consensus, Network, NodeDescriptor, SignedDescriptor } from "#transport/directory/model.ts";
import { VOTE_BYTES_MAX } from "#transport/link/limits.ts";
import { rankOf } from "./layers.ts";

export interface ListRoom<T extends NodeDescriptor> {
  readonly mixes: readonly T[];
  readonly providers: readonly T[];
  /** Nodes that have their place from the list before: mixes in their layer, and all its providers. */
  readonly kept: readonly NodeDescriptor[];
  readonly sharedRandom: Uint8Array;
  readonly suite: Primitives;
  /** For all nodes together; of each as many as `bytesOf` says, unless given those in a list. */
  readonly bytesMax: number;
  readonly bytesOf?: (node: T) => number;
}

/** `mixes` and `providers` are in the order in which they came. `leftOut`: the rest. Without more than is needed nothing is left out. */
export function withinList<T extends NodeDescriptor>(
  o: ListRoom<T>,
): {
  mixes: T[];
  providers: T[];
  leftOut: T[];
} {
  const { bytesOf = listedBytes } = o;
  const places = new Set(o.kept.map((node) => toHex(node.nodeId)));
  const [mixes, providers] = [o.mixes, o.providers].map((nodes) => new Crowd(nodes, places, o)) as [Crowd<T>, Crowd<T>];
  const leftOut: T[] = [];
  let bytes = [...o.mixes, ...o.providers].reduce((sum, node) => sum + bytesOf(node), 0);
  while (bytes > o.bytesMax || mixes.size + providers.size > NODES_MAX) {
    // A network needs mixes for what its providers send, and people lose their mail with a provider: the larger part gives way.
    const isMix = mixes.size > Math.max(MIXES_MIN, providers.size) || providers.size <= PROVIDERS_MIN;
    if (isMix && mixes.size <= MIXES_MIN) break;
    const node = (isMix ? mixes : providers).takeOne();
    leftOut.push(node);
    bytes -= bytesOf(node);
  }
  const gone = new Set<NodeDescriptor>(leftOut);
  const left = (nodes: readonly T[]): T[] => nodes.filter((node) => !gone.has(node));
  return { mixes: left(o.mixes), providers: left(o.providers), leftOut };
}

/** The same for an authority's own vote, for which it has the newest list and nothing that is drawn later. */
export function withinVote(o: {
  nodes: readonly SignedDescriptor[];
  newest: Consensus | undefined;
  network: Network;
  suite: Primitives;
}): { nodes: SignedDescriptor[]; leftOut: SignedDescriptor[] } {
  const { newest, network, suite } = o;
  const { mixes, providers, leftOut } = withinList({
    mixes: o.nodes.filter(({ role }) => role === "mix"),
    providers: o.nodes.filter(({ role }) => role === "provider"),
    kept: newest === undefined ? [] : [...newest.layers.flat(), ...newest.providers],
    sharedRandom: newest?.sharedRandom ?? network.hash,
    suite,
    bytesMax: VOTE_BYTES_MAX - VOTE_REST_BYTES_MAX,
    bytesOf: ({ bytes }) => 2 + bytes.length,
  });
  return { nodes: [...mixes, ...providers], leftOut };
}

/** Mixes, or providers, by their operators. */
class Crowd<T extends NodeDescriptor> {
  /** Of each operator, the next to go last. */
  readonly #families: Ranked<T>[][];
  #size: number;

  constructor(nodes: readonly T[], places: ReadonlySet<string>, { suite, sharedRandom }: ListRoom<T>) {
    const ranked = nodes.map((node): Ranked<T> => {
      // What has no place goes before what has one: whoever comes and goes with each list is of no use to anybody.
      const isNew = places.has(toHex(node.nodeId)) ? 0 : 1;
      return { node, rank: `${isNew}${rankOf(suite, sharedRandom, node)}` };
    });
    const families = Map.groupBy(ranked, ({ node }) => node.operator);
    this.#families = [...families.values()].map((family) => family.toSorted((a, b) => (a.rank < b.rank ? -1 : 1)));
    this.#size = nodes.length;
  }

  get size(): number {
    return this.#size;
  }

  /** Of the operator that has most of them: nobody fills a list with nodes of its own. */
  takeOne(): T {
    const largest = this.#families.reduce((best, family) => (isBefore(family, best) ? family : best));
    this.#size--;
    return (largest.pop() as Ranked<T>).node;
  }
}

interface Ranked<T> {
  readonly node: T;
  readonly rank: string;
}

function isBefore(family: readonly Ranked<unknown>[], other: readonly Ranked<unknown>[]): boolean {
  if (family.length !== other.length) return family.length > other.length;
  return (family.at(-1)?.rank ?? "") > (other.at(-1)?.rank ?? "");
}

/** Behind a length of 16 bits. */
const listedBytes = (node: NodeDescriptor): number => 2 + node.listed.length;

/** With so many each layer has what it needs (layers.ts never leaves one with fewer than half of another's). */
const MIXES_MIN = 3 * MIXES_PER_LAYER_MIN;
const PROVIDERS_MIN = 2;

/** Of a relayed vote all but its nodes: signatures of nine authorities, 3.4 KB each, and its head. */
const VOTE_REST_BYTES_MAX = 64 * 1024;
