/**
 * Which nodes and links lose packets, by what nodes report of their own loops (after Leibowitz, Piotrowska, Danezis and Herzberg,
 * "No right to remain silent: isolating malicious mixes", USENIX Security 2019). Pure: the same reports give the same findings on
 * every machine. Spec: docs/spec/08-directory.md §12
 */

import type { Parameters } from "#transport/core/parameters.ts";
import type { Epoch } from "#transport/core/units.ts";
import type { LoopReport } from "#transport/directory/loop-report.ts";
import type { Consensus, NodeDescriptor } from "#transport/directory/model.ts";
import {
  ACCUSERS_MIN,
  CUT_LINKS_MIN,
  FALSE_FINDINGS_MAX,
  FINDING_WORK_MAX,
  FINDINGS_MAX,
  LOOPS_SPREAD_MAX,
  NODE_WORK,
} from "./limits.ts";
import type { Removed, Ring, Target } from "./loop-law.ts";
import { accuses, gain, poissonTail } from "./loss-test.ts";
import { neighboursOf, type Side, SIDES } from "./neighbours.ts";
import { type Claim, Testimony } from "./testimony.ts";

export interface Finding {
  /** Places in the ring; `to` is undefined for a node. */
  readonly node: number;
  readonly to: number | undefined;
  /** "majority": of the operators' loops; "one end": a node's own loops over its own link; "its links": too many of them. */
  readonly by: "majority" | "one end" | "its links";
  readonly lost: number;
  /** How many an honest target would have lost. */
  readonly expected: number;
}

/** What was found in the reports on one epoch; `previous` is the consensus after that epoch's, to which their places refer. */
export function findLosses(o: {
  ring: Ring;
  reports: ReadonlyMap<number, LoopReport>;
  /** Targets that were found before and still serve. */
  inForce: ReadonlySet<Target>;
  /** How much is looked for, one after the other; `roomFor` unless given. */
  room?: number;
}): Finding[] {
  const { ring } = o;
  const testimony = new Testimony(ring, o.reports);
  const findings: Finding[] = [];
  const room = o.room ?? roomFor(o.reports.size, ring.targets);
  for (let used = 0; findings.length < FINDINGS_MAX && (used === 0 || used < room); ) {
    const found = worst(ring, testimony);
    if (found === undefined) break;
    findings.push(found);
    used += found.to === undefined ? NODE_WORK : 1;
    // Loops that passed it say nothing more of others.
    testimony.remove(targetOf(ring, found));
  }
  return [...findings, ...byTheirLinks(ring, o.inForce, testimony.removed)];
}

/** How many links may be found before what is left waits for another epoch; a node takes the room of `NODE_WORK` links. */
export const roomFor = (witnesses: number, targets: number): number =>
  FINDING_WORK_MAX / Math.max(1, witnesses * targets);

/**
 * More loops than any node sends in an epoch, but by a chance in a hundred million where there are hundreds: whole numbers, so that
 * all authorities have the same. A report is never on more than one epoch.
 */
export function loopsAtMost({ nodeLoopRate, epoch }: Pick<Parameters, "nodeLoopRate" | "epoch">): number {
  const mean = Math.ceil((nodeLoopRate * epoch.duration) / 1000);
  let spread = 0;
  // Whoever asks for more than a report can say has no bound to find.
  while (spread <= LOOPS_SPREAD_MAX * 256 && spread ** 2 < LOOPS_SPREAD_MAX ** 2 * mean) spread++;
  return mean + spread;
}

/**
 * The reports that count in the agreement on `epoch`: on the epoch before the last, by nodes that were in the last consensus. Who
 * says it sent more than it can have is not heard: what it says came back would hide what others lost.
 */
export function reportsFor(o: {
  epoch: Epoch;
  previous: Consensus;
  ring: Ring;
  nodes: readonly NodeDescriptor[];
}): ReadonlyMap<number, LoopReport> {
  const reports = new Map<number, LoopReport>();
  if (o.previous.epoch !== o.epoch - 1) return reports;
  const most = loopsAtMost(o.previous.parameters);
  for (const { nodeId, loopReport } of o.nodes) {
    const place = o.ring.place(nodeId);
    if (place === undefined || loopReport?.epoch !== o.epoch - 2 || loopReport.sent > most) continue;
    reports.set(place, loopReport);
  }
  return reports;
}

export const targetOf = (ring: Ring, { node, to }: Pick<Finding, "node" | "to">): Target =>
  to === undefined ? node : ring.link(node, to);

/** The largest gain; of equal ones that of the lowest places, nodes before their links. */
function byGain(a: Candidate, b: Candidate): number {
  return b.gain - a.gain || a.node - b.node || (a.to ?? -1) - (b.to ?? -1);
}

type Candidate = Finding & { readonly gain: number };

/** The target that explains most of what is lost beyond chance, if one passes its test. */
function worst(ring: Ring, testimony: Testimony): Finding | undefined {
  const candidates = [...byMajority(ring, testimony), ...byOneEnd(ring, testimony)];
  // Its neighbours are asked last: that costs more than all else, and matters only where nothing explains more.
  const best = candidates.toSorted(byGain).find((one) => one.by === "one end" || isAccusedByNeighbours(testimony, one));
  if (best === undefined) return undefined;
  const { node, to, by, lost, expected } = best;
  return { node, to, by, lost, expected };
}

/**
 * Nodes and links that the operators accuse whose loops pass them, by more voices than chance and the others have, and whose
 * losses together are beyond chance. Operators who say nothing count as not accusing, and nobody is heard on nodes and links of
 * its own.
 */
function byMajority(ring: Ring, testimony: Testimony): Candidate[] {
  // As many tests as there are targets may be wrong by chance.
  const chance = (FALSE_FINDINGS_MAX * ring.nodes.length) / ring.targets;
  const accusersOf = testimony.accusers();
  const test = (found: Pick<Finding, "node" | "to">): Candidate[] => {
    const target = targetOf(ring, found);
    const accusers = accusersOf[target] as number;
    if (accusers < ACCUSERS_MIN) return [];
    const ends = found.to === undefined ? [found.node] : [found.node, found.to];
    const jury = ring.strangersTo(ends);
    // No voice weighs more than that of who does not accuse: less than half are never enough, and are not weighed.
    if (accusers <= jury / 2 || testimony.voices(target, jury) <= 0) return [];
    const { lost, expected } = testimony.sums(target);
    if (poissonTail(lost, expected) > chance) return [];
    return [{ ...found, by: "majority", lost, expected, gain: gain(lost, expected) }];
  };
  return [
    ...ring.nodes.flatMap((_, node) => test({ node, to: undefined })),
    ...ring.links.flatMap(([node, to]) => test({ node, to })),
  ];
}

/** A node also needs most of its neighbours' operators on either side, or a few could lose packets on their own links to it. */
const isAccusedByNeighbours = (testimony: Testimony, { node, to }: Candidate): boolean =>
  to !== undefined || SIDES.every((side) => isAccusedBySide(testimony, node, side));

/** Whether its links with more than half of the operators on that side lose more than others. */
function isAccusedBySide(testimony: Testimony, node: number, side: Side): boolean {
  const { ring } = testimony;
  const sums = new Map<number, { lost: number; sent: number; expected: number }>();
  for (const [neighbour, link] of neighboursOf(ring, node, side)) {
    const operator = ring.operators[neighbour] as number;
    const sum = sums.get(operator) ?? { lost: 0, sent: 0, expected: 0 };
    const over = testimony.sums(link);
    sum.lost += over.lost;
    sum.sent += over.sent;
    sum.expected += over.expected;
    sums.set(operator, sum);
  }
  // Neighbours whose links nobody has had a loop over, because they were removed, have nothing to say.
  const heard = [...sums.values()].filter(({ sent }) => sent > 0);
  const accusing = heard.filter(({ lost, sent, expected }) => accuses({ lost, sent, base: expected / sent }));
  return accusing.length > heard.length / 2;
}

/**
 * Links that the node at one end finds bad by its own loops: it may give up a link of its own, and no more than that. One node's
 * loops are few, so that what it sees elsewhere may be little by chance: what most operators see counts if it is more.
 */
function byOneEnd(ring: Ring, testimony: Testimony): Candidate[] {
  const chance = (FALSE_FINDINGS_MAX * ring.nodes.length) / (2 * ring.links.length);
  const usual = testimony.usual();
  return testimony.claims().flatMap(({ node, to, lost, sent, base: own }: Claim): Candidate[] => {
    const base = Math.max(own, usual);
    const expected = sent * base;
    if (!accuses({ lost, sent, base }) || poissonTail(lost, expected) > chance) return [];
    return [{ node, to, by: "one end", lost, expected, gain: gain(lost, expected) }];
  });
}

/** Mixes whose links with more than half of the operators of a neighbouring stage, and at least three, are bad. */
function byTheirLinks(ring: Ring, inForce: ReadonlySet<Target>, found: Removed): Finding[] {
  const isBad = (target: Target): boolean => found[target] === 1 || inForce.has(target);
  return ring.nodes.flatMap((_, node): Finding[] => {
    if (found[node] === 1) return [];
    const isCut = SIDES.some((side) => {
      const neighbours = neighboursOf(ring, node, side);
      const all = new Set(neighbours.map(([neighbour]) => ring.operators[neighbour]));
      const cut = new Set(neighbours.filter(([, link]) => isBad(link)).map(([neighbour]) => ring.operators[neighbour]));
      return cut.size >= CUT_LINKS_MIN && cut.size > all.size / 2;
    });
    return isCut ? [{ node, to: undefined, by: "its links", lost: 0, expected: 0 }] : [];
  });
}
