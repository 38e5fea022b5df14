/** Who stands beside a node of the ring, and over which links. Spec: docs/spec/08-directory.md §12 */

import { type Ring, STAGES, type Target } from "./loop-law.ts";

export type Side = "before" | "behind";
export const SIDES: readonly Side[] = ["before", "behind"];

/** Nodes of other operators on one side, and the links with them. */
export function neighboursOf(ring: Ring, node: number, side: Side): [number, Target][] {
  const stage = ring.stageOf[node] as number;
  const neighbours = ring.stage(stage + (side === "behind" ? 1 : STAGES - 1));
  return neighbours
    .filter((neighbour) => ring.operators[neighbour] !== ring.operators[node])
    .map((neighbour) => [neighbour, side === "behind" ? ring.link(node, neighbour) : ring.link(neighbour, node)]);
}

/** Its links with nodes of other operators, in the direction of packets. */
export function ownLinksOf(ring: Ring, place: number): { node: number; to: number; link: Target }[] {
  return SIDES.flatMap((side) =>
    neighboursOf(ring, place, side).map(([neighbour, link]) =>
      side === "behind" ? { node: place, to: neighbour, link } : { node: neighbour, to: place, link },
    ),
  );
}
