/**
 * From the reports that a majority agreed on, and the demotions of the consensus before, to those of the next: who is avoided, for
 * how long, and how much must be left. Pure. Spec: docs/spec/08-directory.md §12
 */

import { type Epoch, epochNumber } from "#transport/core/units.ts";
import { MIXES_PER_LAYER_MIN, OPERATORS_MIN } from "#transport/directory/alive.ts";
import { byTarget, type Demotion, type DemotionEffect, targetOf } from "#transport/directory/demotions.ts";
import { DEMOTIONS_MAX } from "#transport/directory/limits.ts";
import type { Consensus, Layers, NodeDescriptor } from "#transport/directory/model.ts";
import { type Finding, findLosses, reportsFor, targetOf as placeOf } from "./evidence.ts";
import { DEMOTION_EPOCHS, DEMOTION_EPOCHS_MAX, PROBATION_EPOCHS } from "./limits.ts";
import { countWays, Ring, type Target } from "./loop-law.ts";

export interface Judgement {
  readonly demotions: readonly Demotion[];
  /** What was found in this epoch's reports, for the log. */
  readonly findings: readonly (Pick<Demotion, "node" | "to"> & Pick<Finding, "by" | "lost" | "expected">)[];
}

/** `layers` and `providers` are those of the consensus for `epoch`, its nodes' reports included; `previous` is the one before. */
export function judge(o: {
  epoch: Epoch;
  layers: Layers;
  providers: readonly NodeDescriptor[];
  previous: Consensus | undefined;
}): Judgement {
  const { epoch, previous } = o;
  if (previous === undefined) return { demotions: [], findings: [] };
  const before = new Ring(previous);
  const reports = reportsFor({ epoch, previous, ring: before, nodes: [...o.layers.flat(), ...o.providers] });
  const inForce = previous.demotions.filter(({ until }) => until > epoch);
  const found = findLosses({ ring: before, reports, inForce: placesOf(before, inForce) });
  const nodeAt = (place: number) => (before.nodes[place] as NodeDescriptor).nodeId;
  const findings = found.map(({ node, to, by, lost, expected }) => {
    return { node: nodeAt(node), to: to === undefined ? undefined : nodeAt(to), by, lost, expected };
  });
  const terms = nextTerms(epoch, previous.demotions, findings);
  return { demotions: withEffects(epoch, terms, new Ring(o)), findings };
}

type Term = Omit<Demotion, "effect">;

/**
 * Found: out for a term, counted from now as long as it is found. Found again within the probation that follows: out for twice
 * as long. A node that has served its time and the probation is forgotten.
 */
function nextTerms(
  epoch: Epoch,
  previous: readonly Demotion[],
  findings: readonly Pick<Demotion, "node" | "to">[],
): readonly Term[] {
  const terms = new Map<string, Term>();
  for (const { node, to, until, strikes } of previous) {
    if (epoch < until + PROBATION_EPOCHS) terms.set(targetOf({ node, to }), { node, to, until, strikes });
  }
  for (const { node, to } of findings) {
    const known = terms.get(targetOf({ node, to }));
    const isServing = known !== undefined && epoch < known.until;
    const strikes = Math.min(STRIKES_MAX, (known?.strikes ?? 0) + (isServing ? 0 : 1));
    const length = Math.min(DEMOTION_EPOCHS_MAX, DEMOTION_EPOCHS * 2 ** (strikes - 1));
    terms.set(targetOf({ node, to }), { node, to, until: epochNumber(epoch + length), strikes });
  }
  // The gravest first, should there be too many.
  return [...terms.values()].toSorted(byGravity).slice(0, DEMOTIONS_MAX);
}

/** What a byte holds. */
const STRIKES_MAX = 255;

/** Nodes before links, then by strikes and by how long they are still out; at last by name, so that all agree. */
function byGravity(a: Term, b: Term): number {
  const ofKind = (term: Term): number => (term.to === undefined ? 0 : 1);
  return ofKind(a) - ofKind(b) || b.strikes - a.strikes || b.until - a.until || (targetOf(a) < targetOf(b) ? -1 : 1);
}

/** One after the other, the gravest first, each only if enough is left without it. */
function withEffects(epoch: Epoch, terms: readonly Term[], ring: Ring): Demotion[] {
  const avoided = new Set<Target>();
  const decided = terms.map((term): Demotion => {
    const effect = effectOf(epoch, term, ring, avoided);
    const place = placeIn(ring, term);
    if (effect === "avoided" && place !== undefined) avoided.add(place);
    return { ...term, effect };
  });
  return byTarget(decided);
}

function effectOf(epoch: Epoch, term: Term, ring: Ring, avoided: ReadonlySet<Target>): DemotionEffect {
  if (epoch >= term.until) return "probation";
  const place = placeIn(ring, term);
  // Not in the network, or no link any more: nothing is lost by avoiding it.
  if (place === undefined) return "avoided";
  return leavesEnough(ring, term, new Set([...avoided, place])) ? "avoided" : "kept";
}

/**
 * At least two mixes of two operators in each layer, a path without a repeated operator, and for each node as much behind and
 * before it, and half of the layer's operators. Providers stay: their people chose them, and cover that avoided one would show
 * which packets are mail for it.
 */
function leavesEnough(ring: Ring, term: Term, avoided: ReadonlySet<Target>): boolean {
  const remaining = (stage: number): number[] => ring.stage(stage).filter((node) => !avoided.has(node));
  const layers = [remaining(1), remaining(2), remaining(3)] as const;
  const removed = ring.nothing;
  for (const target of avoided) removed[target] = 1;
  if (term.to === undefined) {
    const stage = ring.stageOf[ring.place(term.node) as number] as number;
    return stage !== PROVIDERS && isChoice(ring, remaining(stage)) && countWays(ring, layers, removed) > 0;
  }
  const [from, to] = [ring.place(term.node) as number, ring.place(term.to) as number];
  const [fromStage, toStage] = [ring.stageOf[from] as number, ring.stageOf[to] as number];
  const behind = remaining(toStage).filter((node) => !avoided.has(ring.link(from, node)));
  const before = remaining(fromStage).filter((node) => !avoided.has(ring.link(node, to)));
  // Its own word is enough to give up a link: it must not be enough to send all who pass it to a few friends.
  const isMost = (stage: number, nodes: readonly number[]): boolean =>
    2 * operatorsOf(ring, nodes).size >= operatorsOf(ring, remaining(stage)).size;
  const isEnough = (stage: number, nodes: readonly number[]): boolean =>
    stage === PROVIDERS || (isChoice(ring, nodes) && isMost(stage, nodes));
  return isEnough(toStage, behind) && isEnough(fromStage, before) && countWays(ring, layers, removed) > 0;
}

const PROVIDERS = 0;

function isChoice(ring: Ring, nodes: readonly number[]): boolean {
  return nodes.length >= MIXES_PER_LAYER_MIN && operatorsOf(ring, nodes).size >= OPERATORS_MIN;
}

const operatorsOf = (ring: Ring, nodes: readonly number[]): ReadonlySet<number | undefined> =>
  new Set(nodes.map((node) => ring.operators[node]));

function placesOf(ring: Ring, demotions: readonly Demotion[]): ReadonlySet<Target> {
  return new Set(demotions.flatMap((demotion) => placeIn(ring, demotion) ?? []));
}

/** Undefined when a node is not in the ring, or the two do not stand one behind the other any more. */
function placeIn(ring: Ring, { node, to }: Pick<Demotion, "node" | "to">): Target | undefined {
  const from = ring.place(node);
  if (from === undefined || to === undefined) return from;
  const end = ring.place(to);
  return end === undefined || !ring.isLink(from, end) ? undefined : placeOf(ring, { node: from, to: end });
}
