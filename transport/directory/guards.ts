/**
 * Sticky first mixes: over many packets a fresh choice meets a bad first mix surely, a fixed one only with its share
 * (Ma, Rochet and Elahi, "Stopping silent sneaks: defending against malicious mixes with topological engineering", 2022).
 * Spec: docs/spec/08-directory.md §9
 */

import { toHex } from "../core/bytes.ts";
import { type RandomSource, shuffled } from "../core/random.ts";
import { type Milliseconds, milliseconds, type NodeId } from "../core/units.ts";
import { withoutAvoided } from "./demotions.ts";
import type { Consensus, NodeDescriptor } from "./model.ts";

/** One that a client has drawn. What a client holds is a list in the order in which they were drawn, on its disk. */
export interface Guard {
  readonly nodeId: NodeId;
  readonly since: Milliseconds;
  /** When it was first missed; undefined while it is in the consensus. */
  readonly missingSince?: Milliseconds | undefined;
}

/**
 * The list for a new consensus: without those that are over, filled up at random where too few are left. `entry` is the client's
 * provider, whose operator sees the client anyway and gets no guard if there is another. The same list (by ===) when nothing changed.
 */
export function keepGuards(o: {
  readonly consensus: Consensus;
  readonly held: readonly Guard[];
  readonly entry: NodeId;
  readonly now: Milliseconds;
  readonly random: RandomSource;
}): readonly Guard[] {
  const [first, second, third] = o.consensus.layers;
  // One that is avoided is no use while it is: as if it were down.
  const candidates = byId(withoutAvoided(o.consensus, first));
  const moved = byId([...second, ...third]);
  const kept = o.held
    .map((guard) => seen(guard, candidates.has(toHex(guard.nodeId)), o.now))
    .filter((guard) => !moved.has(toHex(guard.nodeId)) && !isOver(guard, o.now));
  const guards = first.length < GUARD_LAYER_WIDTH_MIN ? kept : filledUp(kept, candidates, o);
  const isSame = guards.length === o.held.length && guards.every((guard, index) => guard === o.held[index]);
  return isSame ? o.held : guards;
}

/** Where paths begin under this consensus: none in a layer of so few mixes that all of them would be guards. */
export function guardsInUse(consensus: Consensus, held: readonly Guard[]): readonly NodeId[] {
  const [first] = consensus.layers;
  if (first.length < GUARD_LAYER_WIDTH_MIN) return [];
  const candidates = byId(withoutAvoided(consensus, first));
  const present = held.map(({ nodeId }) => nodeId).filter((id) => candidates.has(toHex(id)));
  return present.slice(0, GUARDS);
}

/** Three, so that one that is down does not stop the mail. */
export const GUARDS = 3;
/** Of three mixes three guards are all; of four they are fewer already (docs/compromised-mixes.md). */
export const GUARD_LAYER_WIDTH_MIN = 4;
/** Another one is drawn when fewer than so many are there: all first hops through one mix would end with that one. */
export const GUARDS_PRESENT_MIN = 2;
/** So many are remembered at most: who takes nodes down one after the other must not lead a client through the whole layer. */
export const GUARDS_HELD_MAX = 8;
/** A week: one that is repaired or rebuilt by then is the client's again, and no other was drawn for good in its place. */
export const GUARD_ABSENCE_MAX: Milliseconds = milliseconds(7 * 24 * 3600 * 1000);
/**
 * A year: each guard that is met is one more chance to meet a bad one, so that after a year of two months each there is hardly anybody
 * who has not (docs/compromised-mixes.md). Not for ever: who has met one gets rid of it, and new mixes get clients.
 */
export const GUARD_LIFETIME: Milliseconds = milliseconds(365 * 24 * 3600 * 1000);

function seen(guard: Guard, isPresent: boolean, now: Milliseconds): Guard {
  const { nodeId, since, missingSince } = guard;
  if (isPresent) return missingSince === undefined ? guard : { nodeId, since };
  return missingSince === undefined ? { nodeId, since, missingSince: now } : guard;
}

function isOver({ since, missingSince }: Guard, now: Milliseconds): boolean {
  const isAway = missingSince !== undefined && now - missingSince >= GUARD_ABSENCE_MAX;
  return isAway || now - since >= GUARD_LIFETIME;
}

function filledUp(
  kept: readonly Guard[],
  candidates: ReadonlyMap<string, NodeDescriptor>,
  o: {
    readonly consensus: Consensus;
    readonly entry: NodeId;
    readonly now: Milliseconds;
    readonly random: RandomSource;
  },
): readonly Guard[] {
  const guards = [...kept];
  const present = (): Guard[] => guards.filter((guard) => candidates.has(toHex(guard.nodeId)));
  const entry = o.consensus.providers.find((provider) => toHex(provider.nodeId) === toHex(o.entry));
  while (guards.length < GUARDS || present().length < GUARDS_PRESENT_MIN) {
    const held = new Set(guards.map((guard) => toHex(guard.nodeId)));
    const others = shuffled(o.random, [...candidates.values()]).filter((node) => !held.has(toHex(node.nodeId)));
    const families = new Set([entry?.operator, ...present().map((guard) => operatorOf(guard, candidates))]);
    const next = others.find((node) => !families.has(node.operator)) ?? others[0];
    if (next === undefined || guards.length >= GUARDS_HELD_MAX) return guards;
    guards.push({ nodeId: next.nodeId, since: o.now });
  }
  return guards;
}

const operatorOf = (guard: Guard, candidates: ReadonlyMap<string, NodeDescriptor>): string | undefined =>
  candidates.get(toHex(guard.nodeId))?.operator;

const byId = (nodes: readonly NodeDescriptor[]): ReadonlyMap<string, NodeDescriptor> =>
  new Map(nodes.map((node) => [toHex(node.nodeId), node]));
