/**
 * Which nodes a packet passes: one mix of each layer and then a provider, no two mixes of one operator, none that is known to lose
 * packets. Spec: docs/spec/08-directory.md §8
 */

import { TransportError } from "../core/errors.ts";
import { below, exponential, pick, type RandomSource } from "../core/random.ts";
import { type KeyPeriod, type Milliseconds, milliseconds, type NodeId } from "../core/units.ts";
import type { Hop, Path } from "../sphinx/packet.ts";
import { isSame, type Usable, usableNodes } from "./alive.ts";
import type { Consensus, Layers, NodeDescriptor } from "./model.ts";

export interface PathOptions {
  readonly consensus: Consensus;
  /** Whose keys: `keyPeriodInUse(network, now)`. */
  readonly period: KeyPeriod;
  /** Mean of the exponential delay at each mix; a delay is cut at the consensus' `delayCap` means. */
  readonly meanDelay: Milliseconds;
  readonly paths: RandomSource;
  readonly delays: RandomSource;
}

/**
 * Three mixes and the destination provider (whose delay is 0). The operators of the mixes always differ; those of the
 * entry provider `from` and, behind the first mix, of the destination are avoided where other mixes are left. Avoided mixes are
 * never among them, avoided links only where there is no other way.
 * Throws NO_PATH, saying what is missing.
 */
export function choosePath(
  o: PathOptions & {
    readonly destination: NodeId;
    /** The entry provider. */
    readonly from?: NodeId;
    /** Sticky first mixes (`guardsInUse`); ignored when none of them is alive. */
    readonly guards?: readonly NodeId[];
  },
): Path {
  const nodes = usableNodes(o.consensus, o.period);
  const destination = requireProvider(nodes, o.destination);
  const entry = o.from === undefined ? undefined : nodes.providers.find((node) => isSame(node.nodeId, o.from));
  const [first, second, third] = nodes.layers;
  const guarded = first.filter((node) => o.guards?.some((guard) => isSame(guard, node.nodeId)));
  const ends = { entry, destination };
  // Guards first: who changes them for every lossy link shows many mixes what few were meant to see.
  for (const starts of [guarded, first]) {
    for (const isGoodLink of [nodes.isGoodLink, ANY_LINK]) {
      const mixes = chooseMixes([starts, second, third], ends, isGoodLink, o.paths);
      if (mixes !== undefined) return toPath(o, [...mixes, destination]);
    }
  }
  throw noDistinctOperators(nodes);
}

/**
 * The way back of a reply: from the provider that answers to one's own. Guards would tie replies to their reader's mail. Throws
 * NO_PATH, also when the one that answers is not in the list: nothing reaches it.
 */
export function chooseReplyPath(o: PathOptions & { readonly from: NodeId; readonly to: NodeId }): Path {
  requireProvider(usableNodes(o.consensus, o.period), o.from);
  return choosePath({ ...o, from: o.from, destination: o.to });
}

/**
 * A node's own loop over four hops that ends at itself: a mix of layer l through layers l+1 to 3, a provider and layers 1 to
 * l-1; a provider through the three layers. Whoever is avoided is on it as well: it must be seen to lose no more. Throws NO_PATH, also when the node is not in the consensus.
 */
export function chooseLoopPath(o: PathOptions & { readonly node: NodeId }): Path {
  const nodes = usableNodes(o.consensus, o.period);
  const { allLayers, providers } = nodes;
  const all = [...allLayers.flat(), ...providers];
  const self = all.find((node) => isSame(node.nodeId, o.node));
  if (self === undefined) throw new TransportError("NO_PATH", "The node itself is not in the list.");
  const layer = allLayers.findIndex((mixes) => mixes.includes(self));
  const [first, second, third] = allLayers;
  const around = [
    [second, third, providers],
    [third, providers, first],
    [providers, first, second],
  ];
  const ways = around[layer] ?? [first, second, third];
  const hops = chooseDistinct([ways], [self.operator], ANY_LINK, o.paths);
  if (hops === undefined) throw noDistinctOperators(nodes);
  return toPath(o, [...hops, self]);
}

/** Where a drop ends: any provider, each equally likely. */
export function chooseProvider(o: { consensus: Consensus; period: KeyPeriod; paths: RandomSource }): NodeId {
  const { providers } = usableNodes(o.consensus, o.period);
  if (providers.length === 0) throw new TransportError("NO_PATH", "No provider is alive.");
  return pick(o.paths, providers).nodeId;
}

type IsGoodLink = Usable["isGoodLink"];
const ANY_LINK: IsGoodLink = () => true;

/**
 * Three mixes; undefined when every choice repeats an operator. The entry provider sees the first mix of all its clients'
 * packets. Its law must not depend on where a packet goes, or what is rare among them would tell to whom somebody writes.
 */
function chooseMixes(
  [first, second, third]: Layers,
  ends: { readonly entry: NodeDescriptor | undefined; readonly destination: NodeDescriptor },
  isGoodLink: IsGoodLink,
  random: RandomSource,
): NodeDescriptor[] | undefined {
  const { entry, destination } = ends;
  const avoid = [entry?.operator, destination.operator];
  const reached = first.filter((node) => entry === undefined || isGoodLink(entry.nodeId, node.nodeId));
  for (const candidates of [reached.filter((node) => node.operator !== entry?.operator), reached]) {
    while (candidates.length > 0) {
      const [mix] = candidates.splice(below(random, candidates.length), 1) as [NodeDescriptor];
      const others = [
        second.filter((node) => node.operator !== mix.operator && isGoodLink(mix.nodeId, node.nodeId)),
        third.filter((node) => node.operator !== mix.operator),
      ];
      const [seconds, thirds] = others as [NodeDescriptor[], NodeDescriptor[]];
      const wellConnected = thirds.filter((node) => isGoodLink(node.nodeId, destination.nodeId));
      // A lossy link to the destination costs less than its operator on the path, or another first mix for its sake.
      const rest = chooseDistinct([[seconds, wellConnected], others], avoid, isGoodLink, random);
      if (rest !== undefined) return [mix, ...rest];
    }
  }
  return undefined;
}

type Groups = readonly (readonly NodeDescriptor[])[];

/**
 * One node of each group, no operator twice and none of `avoid` if possible; undefined when every choice repeats an operator.
 * What must be avoided is given up from the front: the entry provider's operator sees the least of the path. Before that, the
 * first of `preferences` is given up for the next.
 */
function chooseDistinct(
  preferences: readonly Groups[],
  avoid: readonly (string | undefined)[],
  isGoodLink: IsGoodLink,
  random: RandomSource,
): NodeDescriptor[] | undefined {
  for (let from = 0; from <= avoid.length; from++) {
    const avoided = new Set(avoid.slice(from));
    for (const groups of preferences) {
      const allowed = groups.map((group) => group.filter((node) => !avoided.has(node.operator)));
      const chosen = drawDistinct(allowed, isGoodLink, random);
      if (chosen !== undefined) return chosen;
    }
  }
  return undefined;
}

/** Uniform over all choices without a repeated operator or a bad link: draw and reject, and count them out where rejection is the rule. */
function drawDistinct(groups: Groups, isGoodLink: IsGoodLink, random: RandomSource): NodeDescriptor[] | undefined {
  if (groups.some((group) => group.length === 0)) return undefined;
  for (let attempt = 0; attempt < DRAWS_MAX; attempt++) {
    const drawn = groups.map((group) => pick(random, group));
    if (new Set(drawn.map((node) => node.operator)).size === drawn.length && areLinked(drawn, isGoodLink)) return drawn;
  }
  const choices = allDistinct(groups).filter((nodes) => areLinked(nodes, isGoodLink));
  return choices.length === 0 ? undefined : choices[below(random, choices.length)];
}

function areLinked(nodes: readonly NodeDescriptor[], isGoodLink: IsGoodLink): boolean {
  return nodes.every((node, index) => {
    const before = nodes[index - 1];
    return before === undefined || isGoodLink(before.nodeId, node.nodeId);
  });
}

/** A network where this many draws fail has so few operators that all choices are few. */
const DRAWS_MAX = 64;

function allDistinct(groups: Groups): NodeDescriptor[][] {
  return groups.reduce<NodeDescriptor[][]>(
    (chosen, group) =>
      chosen.flatMap((path) =>
        group
          .filter((node) => path.every((other) => other.operator !== node.operator))
          .map((node) => path.concat(node)),
      ),
    [[]],
  );
}

function toPath(o: PathOptions, nodes: readonly NodeDescriptor[]): Path {
  const hops = nodes.map((node, index): Hop => {
    const isLast = index === nodes.length - 1;
    return {
      nodeId: node.nodeId,
      mixKey: node.mixKeys.get(o.period) as Uint8Array,
      delay: isLast ? milliseconds(0) : drawDelay({ ...o, delayCap: o.consensus.parameters.delayCap }),
    };
  });
  return { period: o.period, hops };
}

/** Exponential, cut at `delayCap` means; whole milliseconds, as the packet carries them (docs/spec/03-sphinx.md). */
export function drawDelay(o: { delays: RandomSource; meanDelay: Milliseconds; delayCap: number }): Milliseconds {
  return milliseconds(Math.round(Math.min(exponential(o.delays, o.meanDelay), o.delayCap * o.meanDelay)));
}

function requireProvider(nodes: Usable, wanted: NodeId): NodeDescriptor {
  const provider = nodes.providers.find((node) => isSame(node.nodeId, wanted));
  if (provider === undefined) throw new TransportError("NO_PATH", "The provider that it is for is not alive.");
  return provider;
}

function noDistinctOperators(nodes: Usable): TransportError {
  const operators = new Set(nodes.layers.flat().map((node) => node.operator)).size;
  const mixes = nodes.layers.flat().length;
  return new TransportError(
    "NO_PATH",
    `${mixes} mixes of ${operators} operators are alive; every path would pass one operator twice.`,
  );
}
