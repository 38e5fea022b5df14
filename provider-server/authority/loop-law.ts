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
  /** Of each node: a link is the row of the node that it leaves, plus the column of the node that it reaches. */
  readonly rows: Int32Array;
  readonly columns: Int32Array;
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
    this.rows = new Int32Array(this.nodes.length);
    this.columns = new Int32Array(this.nodes.length);
    let next = this.nodes.length;
    for (const [stage, places] of this.stages.entries()) {
      for (const [column, place] of places.entries()) {
        this.columns[place] = column;
        this.rows[place] = next;
        next += this.width(stage + 1);
      }
    }
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
    return (this.rows[from] as number) + (this.columns[to] as number);
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
 * the second group those are |A||C| less the pairs of one operator, A and C being what may stand before and behind b. Written in
 * plain loops: for each finding it is done over all links of the network once for each node.
 */
export function countWays(
  ring: Ring,
  [first, second, third]: Groups,
  removed: Removed,
  visit?: (target: Target, ways: number) => void,
): number {
  const { operators, rows, columns } = ring;
  const through = new Float64Array(ring.nodes.length);
  const before = new Side(ring, first);
  const behind = new Side(ring, third);
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
class Side {
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
