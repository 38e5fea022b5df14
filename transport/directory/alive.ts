/** Which nodes of a consensus can be used in one key period, and whether they suffice. Spec: docs/spec/08-directory.md §8 */

import { equalBytes } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import type { KeyPeriod, NodeId } from "../core/units.ts";
import { avoidedTargets, targetOf, withoutAvoided } from "./demotions.ts";
import type { Consensus, Layers, NodeDescriptor } from "./model.ts";

export interface Usable {
  /** Without the mixes that are avoided. */
  readonly layers: Layers;
  /** With them: a node's loops go on testing them. */
  readonly allLayers: Layers;
  readonly providers: readonly NodeDescriptor[];
  /** Whether no demotion stands against passing from one to the other. */
  readonly isGoodLink: (from: NodeId, to: NodeId) => boolean;
}

/** Throws NO_PATH when a layer or the number of operators is too small to hide a message among others. */
export function usableNodes(consensus: Consensus, period: KeyPeriod): Usable {
  // Asked for every packet; the answer is the same for a whole key period.
  const known = cache.get(consensus);
  if (known?.period === period) return known.usable;
  const usable = findUsable(consensus, period);
  cache.set(consensus, { period, usable });
  return usable;
}

/** A packet shares its mix with others only where there is a choice. */
export const MIXES_PER_LAYER_MIN = 2;
/** With one operator in all, one party sees every path from end to end. */
export const OPERATORS_MIN = 2;

export const isSame = (a: NodeId, b: NodeId | undefined): boolean => b !== undefined && equalBytes(a, b);

const cache = new WeakMap<Consensus, { period: KeyPeriod; usable: Usable }>();

function findUsable(consensus: Consensus, period: KeyPeriod): Usable {
  const alive = (nodes: readonly NodeDescriptor[]): NodeDescriptor[] =>
    nodes.filter((node) => node.mixKeys.has(period));
  const [first, second, third] = consensus.layers;
  const allLayers: Layers = [alive(first), alive(second), alive(third)];
  const avoided = avoidedTargets(consensus.demotions);
  const good = (mixes: readonly NodeDescriptor[]): readonly NodeDescriptor[] => {
    const left = withoutAvoided(consensus, mixes);
    // The authorities leave enough; if some of those have no key for this period, a lossy mix hides more than none.
    return left.length >= MIXES_PER_LAYER_MIN ? left : mixes;
  };
  const layers: Layers = [good(allLayers[0]), good(allLayers[1]), good(allLayers[2])];
  layers.forEach((mixes, index) => {
    if (mixes.length >= MIXES_PER_LAYER_MIN) return;
    throw new TransportError(
      "NO_PATH",
      `Layer ${index + 1} has ${mixes.length} of at least ${MIXES_PER_LAYER_MIN} mixes alive.`,
    );
  });
  const operators = new Set(layers.flat().map((node) => node.operator)).size;
  if (operators < OPERATORS_MIN) {
    throw new TransportError("NO_PATH", `${operators} of at least ${OPERATORS_MIN} operators of mixes are alive.`);
  }
  const hasLinks = consensus.demotions.some(({ to, effect }) => to !== undefined && effect === "avoided");
  const isGoodLink = (from: NodeId, to: NodeId): boolean => !hasLinks || !avoided.has(targetOf({ node: from, to }));
  return { layers, allLayers, providers: alive(consensus.providers), isGoodLink };
}
