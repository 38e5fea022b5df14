/** Which mix stands in which layer: by shared randomness, and then for weeks. Spec: docs/spec/08-directory.md §6 */

import { concat, toHex } from "#transport/core/bytes.ts";
import type { Primitives } from "#transport/crypto/suite.ts";
import { hashLabelled, LABELS } from "#transport/directory/labels.ts";
import type { Layers, NodeDescriptor } from "#transport/directory/model.ts";
import { byNodeId } from "#transport/directory/node-list.ts";

/** Who is in `previous` keeps the layer; all others are drawn. The same result on every machine. */
export function assignLayers(o: {
  mixes: readonly NodeDescriptor[];
  previous: Layers | undefined;
  sharedRandom: Uint8Array;
  suite: Primitives;
}): Layers {
  const drawn = drawOrder(o);
  const places = new Map(
    (o.previous ?? []).flatMap((layer, index) => layer.map((node) => [toHex(node.nodeId), index])),
  );
  const layers: [NodeDescriptor[], NodeDescriptor[], NodeDescriptor[]] = [[], [], []];
  const newcomers: NodeDescriptor[] = [];
  for (const mix of drawn) {
    const place = places.get(toHex(mix.nodeId));
    if (place === undefined) newcomers.push(mix);
    else layers[place]?.push(mix);
  }
  for (const mix of newcomers) smallestFor(mix, layers).push(mix);
  rebalance(layers);
  return [byNodeId(layers[0]), byNodeId(layers[1]), byNodeId(layers[2])];
}

/** Nobody knows before the reveal where a mix will stand, and no operator can choose keys that lead to a place. */
function drawOrder(o: { mixes: readonly NodeDescriptor[]; sharedRandom: Uint8Array; suite: Primitives }) {
  return o.mixes
    .map((mix) => ({ mix, rank: rankOf(o.suite, o.sharedRandom, mix) }))
    .toSorted((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ mix }) => mix);
}

/** In hexadecimal: where a node stands in the order that is drawn for this list. */
export const rankOf = (suite: Primitives, sharedRandom: Uint8Array, { nodeId }: NodeDescriptor): string =>
  toHex(hashLabelled(suite, LABELS.layer, concat(sharedRandom, nodeId)));

/** Of the smallest layers one that its operator is in already, for a path never passes one operator twice. */
function smallestFor(mix: NodeDescriptor, layers: readonly NodeDescriptor[][]): NodeDescriptor[] {
  const size = Math.min(...layers.map((layer) => layer.length));
  const smallest = layers.filter((layer) => layer.length === size);
  const family = smallest.find((layer) => layer.some((other) => other.operator === mix.operator));
  return family ?? (smallest[0] as NodeDescriptor[]);
}

/** Places are kept for weeks, but not until a layer has fewer than half of another's mixes, or only one where another has more than two. */
function rebalance(layers: readonly NodeDescriptor[][]): void {
  for (;;) {
    const bySize = layers.toSorted((a, b) => a.length - b.length);
    const smallest = bySize[0] as NodeDescriptor[];
    const largest = bySize.at(-1) as NodeDescriptor[];
    const isLopsided = largest.length > 2 * smallest.length && largest.length - smallest.length >= 2;
    if (!isLopsided) return;
    // The last in the drawn order: on every machine the same one.
    smallest.push(largest.pop() as NodeDescriptor);
  }
}
