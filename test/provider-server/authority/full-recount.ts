/**
 * The judgement of §12.3 done the long way: for each finding everything is counted anew, every target for every witness. What
 * `evidence.ts` keeps up to date instead must come to the same, bit for bit. Spec: docs/spec/08-directory.md §12
 */

import type { Finding } from "#provider-server/authority/evidence.ts";
import {
  ACCUSERS_MIN,
  CUT_LINKS_MIN,
  FALSE_FINDINGS_MAX,
  FINDINGS_MAX,
  NODE_WORK,
} from "#provider-server/authority/limits.ts";
import { type Removed, type Ring, STAGES, type Target } from "#provider-server/authority/loop-law.ts";
import { accuses, baseLoss, type Cell, gain, poissonTail, voice } from "#provider-server/authority/loss-test.ts";
import type { LoopReport } from "#transport/directory/loop-report.ts";

export function fullRecount(o: {
  ring: Ring;
  reports: ReadonlyMap<number, LoopReport>;
  /** Targets that were found before and still serve. */
  inForce: ReadonlySet<Target>;
  room: number;
}): Finding[] {
  const { ring } = o;
  const witnesses = [...o.reports].map(([place, report]) => new Witness(ring, place, report));
  const removed = ring.nothing;
  const findings: Finding[] = [];
  let used = 0;
  while (findings.length < FINDINGS_MAX && (used === 0 || used < o.room)) {
    const found = worst(ring, witnesses, removed);
    if (found === undefined) break;
    findings.push(found);
    used += found.to === undefined ? NODE_WORK : 1;
    // Loops that passed it say nothing more of others.
    removed[targetOf(ring, found)] = 1;
  }
  return [...findings, ...byTheirLinks(ring, o.inForce, removed)];
}

const targetOf = (ring: Ring, { node, to }: Pick<Finding, "node" | "to">): Target =>
  to === undefined ? node : ring.link(node, to);

/** The largest gain; of equal ones that of the lowest places, nodes before their links. */
function byGain(a: Candidate, b: Candidate): number {
  return b.gain - a.gain || a.node - b.node || (a.to ?? -1) - (b.to ?? -1);
}

/** One node's loops. */
class Witness {
  readonly place: number;
  readonly operator: number;
  readonly #ring: Ring;
  readonly #law: LoopLaw;
  /** Loops for each way, by the law of paths. */
  readonly #perWay: number;
  /** Of each lost loop, what it passed. */
  readonly #lost: readonly (readonly Target[])[];

  constructor(ring: Ring, place: number, report: LoopReport) {
    this.#ring = ring;
    this.place = place;
    this.operator = ring.operators[place] as number;
    this.#law = new LoopLaw(ring, place);
    const ways = this.#law.ways(ring.nothing, () => undefined);
    this.#perWay = ways === 0 ? 0 : report.sent / ways;
    this.#lost = ways === 0 ? [] : report.lost.flatMap((way) => this.#targetsOf(way));
  }

  /** Writes the loops that passed none of `removed`: how many were sent over each target, by the law, and how many lost. */
  count(removed: Removed, cells: Cells): void {
    cells.clear();
    cells.sent =
      this.#perWay *
      this.#law.ways(removed, (target, count) => {
        cells.sentOver[target] = (cells.sentOver[target] as number) + count * this.#perWay;
      });
    for (const targets of this.#lost) {
      if (removed[this.place] === 1 || targets.some((target) => removed[target] === 1)) continue;
      cells.lost++;
      for (const target of targets) cells.lostOver[target] = (cells.lostOver[target] as number) + 1;
    }
  }

  /** Nodes and links, the witness itself left out; none for a way that no loop of this node can take. */
  #targetsOf(way: LoopReport["lost"][number]): (readonly Target[])[] {
    const ring = this.#ring;
    const stops = [this.place, ...way, this.place];
    const steps = stops.slice(1).map((to, index): [number, number] => [stops[index] as number, to]);
    const isStep = ([from, to]: [number, number]): boolean =>
      Math.max(from, to) < ring.nodes.length && ring.isLink(from, to);
    const operators = new Set(way.map((node) => ring.operators[node]));
    const isWay = steps.every(isStep) && operators.size === way.length && this.#law.isAmong(way);
    return isWay ? [[...way, ...steps.map(([from, to]) => ring.link(from, to))]] : [];
  }
}

/** What one witness, or all of one operator, have to say of every target. */
class Cells {
  sent = 0;
  lost = 0;
  readonly sentOver: Float64Array;
  readonly lostOver: Float64Array;

  constructor(targets: number) {
    this.sentOver = new Float64Array(targets);
    this.lostOver = new Float64Array(targets);
  }

  clear(): void {
    this.sent = 0;
    this.lost = 0;
    for (let target = 0; target < this.sentOver.length; target++) {
      this.sentOver[target] = 0;
      this.lostOver[target] = 0;
    }
  }

  add(other: Cells): void {
    this.sent += other.sent;
    this.lost += other.lost;
    for (let target = 0; target < this.sentOver.length; target++) {
      const sent = other.sentOver[target] as number;
      if (sent === 0) continue;
      this.sentOver[target] = (this.sentOver[target] as number) + sent;
      this.lostOver[target] = (this.lostOver[target] as number) + (other.lostOver[target] as number);
    }
  }

  /** The share that is lost where the target is not on the way. */
  base(target: Target): number {
    const lost = this.lost - (this.lostOver[target] as number);
    return baseLoss({ lost, sent: this.sent - (this.sentOver[target] as number) });
  }
}

/** All operators' cells together. */
class Pool {
  readonly lost: Float64Array;
  readonly sent: Float64Array;
  readonly expected: Float64Array;
  /** How many operators accuse each target. */
  readonly accusers: Float64Array;
  /** What operators whose loops pass it say together, and how many they are. */
  readonly voices: Float64Array;
  readonly heard: Float64Array;
  readonly #parties: { readonly first: Int32Array; readonly second: Int32Array };

  constructor(ring: Ring) {
    this.lost = new Float64Array(ring.targets);
    this.sent = new Float64Array(ring.targets);
    this.expected = new Float64Array(ring.targets);
    this.accusers = new Float64Array(ring.targets);
    this.voices = new Float64Array(ring.targets);
    this.heard = new Float64Array(ring.targets);
    this.#parties = partiesOf(ring);
  }

  add(operator: number, cells: Cells): void {
    const { first, second } = this.#parties;
    for (let target = 0; target < cells.sentOver.length; target++) {
      const sent = cells.sentOver[target] as number;
      // Nobody is a witness of a node of its own, or of a link of one.
      if (sent === 0 || first[target] === operator || second[target] === operator) continue;
      const lost = cells.lostOver[target] as number;
      const base = cells.base(target);
      this.lost[target] = (this.lost[target] as number) + lost;
      this.sent[target] = (this.sent[target] as number) + sent;
      this.expected[target] = (this.expected[target] as number) + sent * base;
      this.voices[target] = (this.voices[target] as number) + voice({ lost, sent, base });
      this.heard[target] = (this.heard[target] as number) + 1;
      if (lost > 0 && accuses({ lost, sent, base })) this.accusers[target] = (this.accusers[target] as number) + 1;
    }
  }
}

type Candidate = Finding & { readonly gain: number };

/** Of each target what all operators have to say of it, without the loops over those that are removed. */
export function fullPool(o: { ring: Ring; reports: ReadonlyMap<number, LoopReport>; removed: Removed }): Pool {
  const witnesses = [...o.reports].map(([place, report]) => new Witness(o.ring, place, report));
  return counted(o.ring, witnesses, o.removed).pool;
}

function counted(ring: Ring, witnesses: readonly Witness[], removed: Removed) {
  const pool = new Pool(ring);
  const claims: Claim[] = [];
  const losses: number[] = [];
  // One operator at a time, in the same memory: in a large network there are a hundred thousand links.
  const cells = new Cells(ring.targets);
  const together = new Cells(ring.targets);
  for (let operator = 0; operator < ring.operatorCount; operator++) {
    together.clear();
    for (const witness of witnesses.filter((one) => one.operator === operator)) {
      witness.count(removed, cells);
      claims.push(...claimsOf(ring, witness.place, cells));
      together.add(cells);
    }
    if (together.sent > 0) losses.push(together.lost / together.sent);
    pool.add(operator, together);
  }
  return { pool, claims, losses };
}

/** The target that explains most of what is lost beyond chance, if one passes its test. */
function worst(ring: Ring, witnesses: readonly Witness[], removed: Removed): Finding | undefined {
  const { pool, claims, losses } = counted(ring, witnesses, removed);
  const candidates = [...byMajority(ring, pool), ...byOneEnd(ring, claims, median(losses))];
  const [best] = candidates.toSorted(byGain);
  if (best === undefined) return undefined;
  const { node, to, by, lost, expected } = best;
  return { node, to, by, lost, expected };
}

/**
 * Nodes and links that the operators accuse whose loops pass them, by more voices than chance and the others have, and whose
 * losses together are beyond chance. Operators who say nothing count as not accusing, and nobody is heard on nodes and links of
 * its own. A node also needs most of its neighbours' operators on either side, or a few could lose packets on their own links to it.
 */
function byMajority(ring: Ring, pool: Pool): Candidate[] {
  // As many tests as there are targets may be wrong by chance.
  const chance = (FALSE_FINDINGS_MAX * ring.nodes.length) / ring.targets;
  const test = (found: Pick<Finding, "node" | "to">): Candidate[] => {
    const target = targetOf(ring, found);
    const accusers = pool.accusers[target] as number;
    const ends = found.to === undefined ? [found.node] : [found.node, found.to];
    const silent = ring.strangersTo(ends) - (pool.heard[target] as number);
    if (accusers < ACCUSERS_MIN || (pool.voices[target] as number) - silent <= 0) return [];
    const [lost, expected] = [pool.lost[target] as number, pool.expected[target] as number];
    if (poissonTail(lost, expected) > chance) return [];
    return [{ ...found, by: "majority", lost, expected, gain: gain(lost, expected) }];
  };
  const nodes = ring.nodes.flatMap((_, node) => test({ node, to: undefined }));
  const links = ring.links.flatMap(([node, to]) => test({ node, to }));
  return [...nodes.filter(({ node }) => SIDES.every((side) => isAccusedBySide(ring, pool, node, side))), ...links];
}

type Side = "before" | "behind";
const SIDES: readonly Side[] = ["before", "behind"];

/** Whether its links with more than half of the operators on that side lose more than others. */
function isAccusedBySide(ring: Ring, pool: Pool, node: number, side: Side): boolean {
  const sums = new Map<number, { lost: number; sent: number; expected: number }>();
  for (const [neighbour, link] of neighboursOf(ring, node, side)) {
    const operator = ring.operators[neighbour] as number;
    const sum = sums.get(operator) ?? { lost: 0, sent: 0, expected: 0 };
    sum.lost += pool.lost[link] as number;
    sum.sent += pool.sent[link] as number;
    sum.expected += pool.expected[link] as number;
    sums.set(operator, sum);
  }
  // Neighbours whose links nobody has had a loop over, because they were removed, have nothing to say.
  const heard = [...sums.values()].filter(({ sent }) => sent > 0);
  const accusing = heard.filter(({ lost, sent, expected }) => accuses({ lost, sent, base: expected / sent }));
  return accusing.length > heard.length / 2;
}

/** What the node at one end of a link saw of it. */
interface Claim extends Cell {
  readonly node: number;
  readonly to: number;
}

function claimsOf(ring: Ring, place: number, cells: Cells): Claim[] {
  return SIDES.flatMap((side) =>
    neighboursOf(ring, place, side).flatMap(([neighbour, link]): Claim[] => {
      const [lost, sent] = [cells.lostOver[link] as number, cells.sentOver[link] as number];
      if (lost === 0) return [];
      const [node, to] = side === "behind" ? [place, neighbour] : [neighbour, place];
      return [{ node, to, lost, sent, base: cells.base(link) }];
    }),
  );
}

/**
 * Links that the node at one end finds bad by its own loops: it may give up a link of its own, and no more than that. One node's
 * loops are few, so that what it sees elsewhere may be little by chance: what most operators see counts if it is more.
 */
function byOneEnd(ring: Ring, claims: readonly Claim[], usual: number): Candidate[] {
  const chance = (FALSE_FINDINGS_MAX * ring.nodes.length) / (2 * ring.links.length);
  return claims.flatMap(({ node, to, lost, sent, base: own }): Candidate[] => {
    const base = Math.max(own, usual);
    const expected = sent * base;
    if (!accuses({ lost, sent, base }) || poissonTail(lost, expected) > chance) return [];
    return [{ node, to, by: "one end", lost, expected, gain: gain(lost, expected) }];
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
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

/** Nodes of other operators on one side, and the links with them. */
function neighboursOf(ring: Ring, node: number, side: Side): [number, Target][] {
  const stage = ring.stageOf[node] as number;
  const neighbours = ring.stage(stage + (side === "behind" ? 1 : 3));
  return neighbours
    .filter((neighbour) => ring.operators[neighbour] !== ring.operators[node])
    .map((neighbour) => [neighbour, side === "behind" ? ring.link(node, neighbour) : ring.link(neighbour, node)]);
}

/** The operators of a node, or of both ends of a link. */
function partiesOf(ring: Ring): { first: Int32Array; second: Int32Array } {
  const first = Int32Array.from({ length: ring.targets }, (_, target) => ring.operators[target] ?? -1);
  const second = first.slice();
  for (const [from, to] of ring.links) {
    const link = ring.link(from, to);
    first[link] = ring.operators[from] as number;
    second[link] = ring.operators[to] as number;
  }
  return { first, second };
}

/** The loops of one node: what they may pass is the same for every set of removed targets. */
class LoopLaw {
  readonly #ring: Ring;
  readonly #place: number;
  readonly #groups: Groups;

  constructor(ring: Ring, place: number) {
    this.#ring = ring;
    this.#place = place;
    const around = groupsAround(ring, place);
    const foreign = (nodes: readonly number[]): readonly number[] =>
      nodes.filter((node) => ring.operators[node] !== ring.operators[place]);
    const others: Groups = [foreign(around[0]), foreign(around[1]), foreign(around[2])];
    // As the sender does: its own operator is avoided where that is possible at all.
    this.#groups = countWays(ring, others, ring.nothing) > 0 ? others : around;
  }

  /** Whether each of three nodes is one of those that may stand there. */
  isAmong(way: readonly [number, number, number]): boolean {
    return way.every((node, index) => this.#groups[index]?.includes(node));
  }

  /** How many ways pass none of `removed`; of each place and link that some of them pass, the node's own links included, how many do. */
  ways(removed: Removed, visit: (target: Target, ways: number) => void): number {
    const [ring, place] = [this.#ring, this.#place];
    if (removed[place] === 1) return 0;
    const [first, second, third] = this.#groups;
    const groups: Groups = [
      first.filter((node) => removed[node] === 0 && removed[ring.link(place, node)] === 0),
      second.filter((node) => removed[node] === 0),
      third.filter((node) => removed[node] === 0 && removed[ring.link(node, place)] === 0),
    ];
    const [own, end] = [ring.stageOf[place] as number, groups[2]];
    const isEnd = new Set(end);
    return countWays(ring, groups, removed, (target, ways) => {
      visit(target, ways);
      if (target >= ring.nodes.length) return;
      if (ring.stageOf[target] === (own + 1) % STAGES) visit(ring.link(place, target), ways);
      if (isEnd.has(target)) visit(ring.link(target, place), ways);
    });
  }
}

type Groups = readonly [readonly number[], readonly number[], readonly number[]];

function groupsAround(ring: Ring, place: number): Groups {
  const stage = ring.stageOf[place] as number;
  return [ring.stage(stage + 1), ring.stage(stage + 2), ring.stage(stage + 3)];
}

/**
 * Choices of one node of each of three stages, in order, without a repeated operator and without a removed link. For a node b of
 * the second group those are |A||C| less the pairs of one operator, A and C being what may stand before and behind b. Written in
 * plain loops: for each finding it is done over all links of the network once for each node.
 */
function countWays(
  ring: Ring,
  [first, second, third]: Groups,
  removed: Removed,
  visit?: (target: Target, ways: number) => void,
): number {
  const { operators, rows, columns } = ring;
  const through = new Float64Array(ring.nodes.length);
  const before = new Beside(ring, first);
  const behind = new Beside(ring, third);
  let total = 0;
  for (const b of second) {
    const own = operators[b] as number;
    const [row, column] = [rows[b] as number, columns[b] as number];
    before.clear();
    behind.clear();
    for (const a of first) {
      const operator = operators[a] as number;
      if (operator !== own && removed[(rows[a] as number) + column] === 0) before.add(a, operator);
    }
    for (const c of third) {
      const operator = operators[c] as number;
      if (operator !== own && removed[row + (columns[c] as number)] === 0) behind.add(c, operator);
    }
    let ofB = 0;
    for (let at = 0; at < before.size; at++) {
      const a = before.nodes[at] as number;
      const ways = behind.size - (behind.counts[operators[a] as number] as number);
      through[a] = (through[a] as number) + ways;
      ofB += ways;
      visit?.((rows[a] as number) + column, ways);
    }
    for (let at = 0; at < behind.size; at++) {
      const c = behind.nodes[at] as number;
      const ways = before.size - (before.counts[operators[c] as number] as number);
      through[c] = (through[c] as number) + ways;
      visit?.(row + (columns[c] as number), ways);
    }
    through[b] = ofB;
    total += ofB;
  }
  if (visit === undefined) return total;
  for (let node = 0; node < through.length; node++) {
    const ways = through[node] as number;
    if (ways > 0) visit(node, ways);
  }
  return total;
}

/** What may stand on one side of a node, and how many of it each operator has. */
class Beside {
  readonly nodes: Int32Array;
  readonly counts: Int32Array;
  size = 0;
  readonly #operators: readonly number[];

  constructor(ring: Ring, group: readonly number[]) {
    this.nodes = new Int32Array(group.length);
    this.counts = new Int32Array(ring.operatorCount);
    this.#operators = ring.operators;
  }

  add(node: number, operator: number): void {
    this.nodes[this.size++] = node;
    this.counts[operator] = (this.counts[operator] as number) + 1;
  }

  clear(): void {
    for (let at = 0; at < this.size; at++) this.counts[this.#operators[this.nodes[at] as number] as number] = 0;
    this.size = 0;
  }
}
