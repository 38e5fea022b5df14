/**
 * How likely a node's loop takes which way: uniform over the choices of three nodes without a repeated operator, as
 * `chooseLoopPath` draws. Counted, not sampled, so that every authority has the same numbers (`loop-ways.ts`). Spec: docs/spec/08-directory.md §12
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
  /** Of each link. */
  readonly ends: { readonly from: Int32Array; readonly to: Int32Array };
  readonly #links: readonly (readonly [number, number])[];
  readonly #places: ReadonlyMap<string, number>;
  /** Of each operator, a bit for each stage in which it has a node. */
  readonly #stagesOf: readonly number[];
  /** Of each set of stages, how many operators have a node outside it. */
  readonly #outside: readonly number[];
  /** By operator and stage. */
  readonly #nodesOf: readonly (readonly number[])[];

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
    const nodesOf = Array.from({ length: names.length * STAGES }, (): number[] => []);
    for (const [place, operator] of this.operators.entries())
      nodesOf[operator * STAGES + (this.stageOf[place] as number)]?.push(place);
    this.#nodesOf = nodesOf;
    const stagesOf = names.map((_, operator) => {
      const has = (stage: number): boolean => nodesOf[operator * STAGES + stage]?.length !== 0;
      return [0, 1, 2, 3].reduce((bits, stage) => bits | (has(stage) ? 1 << stage : 0), 0);
    });
    this.#stagesOf = stagesOf;
    this.#outside = Array.from(
      { length: 1 << STAGES },
      (_, set) => stagesOf.filter((own) => (own & ~set) !== 0).length,
    );
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
    this.ends = { from: new Int32Array(this.targets), to: new Int32Array(this.targets) };
    for (const [from, to] of this.#links) {
      const link = this.link(from, to);
      this.ends.from[link] = from;
      this.ends.to[link] = to;
    }
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
    const stages = places.reduce((bits, place) => bits | (1 << (this.stageOf[place] as number)), 0);
    const own = new Set(places.map((place) => this.operators[place] as number));
    const counted = [...own].filter((operator) => ((this.#stagesOf[operator] as number) & ~stages) !== 0);
    return (this.#outside[stages] as number) - counted.length;
  }

  /** The nodes of a node's operator in the stage across the ring. */
  kinAcross(place: number): readonly number[] {
    const stage = ((this.stageOf[place] as number) + STAGES / 2) % STAGES;
    return this.#nodesOf[(this.operators[place] as number) * STAGES + stage] as readonly number[];
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

export type Groups = readonly [readonly number[], readonly number[], readonly number[]];

/**
 * Choices of one node of each of three stages, in order, without a repeated operator and without a removed link. For a node b of
 * the second group those are |A||C| less the pairs of one operator, A and C being what may stand before and behind b.
 */
export function countWays(ring: Ring, [first, second, third]: Groups, removed: Removed): number {
  const { operators, rows, columns } = ring;
  let total = 0;
  for (const b of second) {
    const own = operators[b] as number;
    const [row, column] = [rows[b] as number, columns[b] as number];
    const behind = new Int32Array(ring.operatorCount);
    let size = 0;
    for (const c of third) {
      const operator = operators[c] as number;
      if (operator === own || removed[row + (columns[c] as number)] === 1) continue;
      behind[operator] = (behind[operator] as number) + 1;
      size++;
    }
    for (const a of first) {
      const operator = operators[a] as number;
      if (operator === own || removed[(rows[a] as number) + column] === 1) continue;
      total += size - (behind[operator] as number);
    }
  }
  return total;
}
