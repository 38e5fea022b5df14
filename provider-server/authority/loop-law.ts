/**
 * How likely a node's loop takes which way: uniform over the choices of three nodes without a repeated operator, as
 * `chooseLoopPath` draws. Counted, not sampled, so that every authority has the same numbers. Spec: docs/spec/08-directory.md §12
 */

import { toHex } from "#transport/core/bytes.ts";
import type { Layers, NodeDescriptor } from "#transport/directory/model.ts";

/** A node by its place in the consensus; a link by a number behind those. */
export type Target = number;

/** The stages stand in a ring: providers (0) → layer 1 → 2 → 3 → providers. */
export class Ring {
  readonly nodes: readonly NodeDescriptor[];
  /** Of each node, its operator's number. */
  readonly operators: readonly number[];
  readonly operatorCount: number;
  /** Of each node. */
  readonly stageOf: readonly number[];
  /** Places of the nodes of each stage. */
  readonly stages: readonly (readonly number[])[];
  /** Nodes and links. */
  readonly targets: number;
  readonly #rank: readonly number[];
  readonly #linkBase: readonly number[];
  readonly #links: readonly (readonly [number, number])[];
  readonly #places: ReadonlyMap<string, number>;
  /** Of each operator. */
  readonly #stagesOf: readonly ReadonlySet<number>[];

  constructor({ layers, providers }: { layers: Layers; providers: readonly NodeDescriptor[] }) {
    const lists = [...layers, providers];
    this.nodes = lists.flat();
    this.stageOf = lists.flatMap((nodes, index) => nodes.map(() => (index + 1) % STAGES));
    this.stages = Array.from({ length: STAGES }, (_, stage) =>
      this.nodes.flatMap((_node, place) => (this.stageOf[place] === stage ? [place] : [])),
    );
    const names = [...new Set(this.nodes.map((node) => node.operator))];
    const numbers = new Map(names.map((name, number) => [name, number]));
    this.operators = this.nodes.map((node) => numbers.get(node.operator) as number);
    this.operatorCount = names.length;
    const stagesOf = names.map(() => new Set<number>());
    for (const [place, operator] of this.operators.entries()) stagesOf[operator]?.add(this.stageOf[place] as number);
    this.#stagesOf = stagesOf;
    const ranks = this.nodes.map(() => 0);
    for (const stage of this.stages) for (const [rank, place] of stage.entries()) ranks[place] = rank;
    this.#rank = ranks;
    const bases: number[] = [];
    let next = this.nodes.length;
    for (let stage = 0; stage < STAGES; stage++) {
      bases.push(next);
      next += this.width(stage) * this.width(stage + 1);
    }
    this.#linkBase = bases;
    this.targets = next;
    this.#links = this.nodes.flatMap((_, from) =>
      this.stage((this.stageOf[from] as number) + 1).map((to): [number, number] => [from, to]),
    );
    this.#places = new Map(this.nodes.map((node, place) => [toHex(node.nodeId), place]));
  }

  width(stage: number): number {
    return this.stage(stage).length;
  }

  /** Places of the nodes of a stage; stages are counted around the ring. */
  stage(stage: number): readonly number[] {
    return this.stages[stage % STAGES] as readonly number[];
  }

  /** `from` stands in the stage before that of `to`. */
  link(from: number, to: number): Target {
    const stage = this.stageOf[from] as number;
    const [row, column] = [this.#rank[from] as number, this.#rank[to] as number];
    return (this.#linkBase[stage] as number) + row * this.width(stage + 1) + column;
  }

  isLink(from: number, to: number): boolean {
    return ((this.stageOf[from] as number) + 1) % STAGES === this.stageOf[to];
  }

  /** How many operators have none of these nodes, but one in another stage: whose loops can pass there. */
  strangersTo(places: readonly number[]): number {
    const operators = new Set(places.map((place) => this.operators[place]));
    const stages = new Set(places.map((place) => this.stageOf[place]));
    const strangers = this.#stagesOf.filter(
      (own, operator) => !operators.has(operator) && [...own].some((stage) => !stages.has(stage)),
    );
    return strangers.length;
  }

  /** A mark for each target, none set. */
  get nothing(): Removed {
    return new Uint8Array(this.targets);
  }

  /** From node to node, in no order that means anything. */
  get links(): readonly (readonly [number, number])[] {
    return this.#links;
  }

  place(node: Uint8Array): number | undefined {
    return this.#places.get(toHex(node));
  }
}

export const STAGES = 4;

/** A mark for each target whose loops are left out. */
export type Removed = Uint8Array;

/** The loops of one node: what they may pass is the same for every set of removed targets. */
export class LoopLaw {
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
 * the second group those are |A||C| less the pairs of one operator, A and C being what may stand before and behind b.
 */
export function countWays(
  ring: Ring,
  [first, second, third]: Groups,
  removed: Removed,
  visit?: (target: Target, ways: number) => void,
): number {
  const { operators } = ring;
  const through = new Float64Array(ring.nodes.length);
  let total = 0;
  for (const b of second) {
    const own = operators[b];
    const before = first.filter((a) => operators[a] !== own && removed[ring.link(a, b)] === 0);
    const behind = third.filter((c) => operators[c] !== own && removed[ring.link(b, c)] === 0);
    const [byBefore, byBehind] = [tallyOperators(ring, before), tallyOperators(ring, behind)];
    for (const a of before) {
      const ways = behind.length - (byBehind[operators[a] as number] as number);
      through[a] = (through[a] as number) + ways;
      through[b] = (through[b] as number) + ways;
      visit?.(ring.link(a, b), ways);
    }
    for (const c of behind) {
      const ways = before.length - (byBefore[operators[c] as number] as number);
      through[c] = (through[c] as number) + ways;
      visit?.(ring.link(b, c), ways);
    }
    total += through[b] as number;
  }
  if (visit !== undefined) for (const [node, ways] of through.entries()) if (ways > 0) visit(node, ways);
  return total;
}

function tallyOperators(ring: Ring, nodes: readonly number[]): Int32Array {
  const counts = new Int32Array(ring.operatorCount);
  for (const node of nodes) {
    const operator = ring.operators[node] as number;
    counts[operator] = (counts[operator] as number) + 1;
  }
  return counts;
}
