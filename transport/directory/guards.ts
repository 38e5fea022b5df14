/**
 * Sticky first mixes: over many packets a fresh choice meets a bad first mix surely, a fixed one only with its share
 * (Ma, Rochet and Elahi, "Stopping silent sneaks: defending against malicious mixes with topological engineering", 2022).
 * Spec: docs/spec/08-directory.md §9
 */

import { type RandomSource, shuffled } from "../core/random.ts";
import type { NodeId } from "../core/units.ts";
import { isSame } from "./alive.ts";
import type { Consensus } from "./model.ts";

/**
 * The guards from now on: those of `previous` that are still in the first layer, filled up at random. None while the layer
 * is narrow: there, two clients with the same guards would be few.
 */
export function chooseGuards(o: {
  readonly consensus: Consensus;
  readonly previous: readonly NodeId[];
  readonly paths: RandomSource;
}): readonly NodeId[] {
  const [first] = o.consensus.layers;
  if (first.length < GUARD_LAYER_WIDTH_MIN) return [];
  const kept = o.previous.filter((guard) => first.some((node) => isSame(node.nodeId, guard))).slice(0, GUARDS);
  const others = first.map((node) => node.nodeId).filter((id) => !kept.some((guard) => isSame(guard, id)));
  return [...kept, ...shuffled(o.paths, others).slice(0, GUARDS - kept.length)];
}

/** Three, so that one that is down does not stop the mail. */
export const GUARDS = 3;
/** With fewer mixes in the layer a choice of three of them says too much about the client. */
export const GUARD_LAYER_WIDTH_MIN = 8;
