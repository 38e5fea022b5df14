/**
 * How many ways of one node's loops pass each node and link, kept up to date while one target after the other is left out: a
 * link costs as many steps as a stage has nodes, counting anew as many as there are links. All counts are whole, so that
 * both come to the same. Spec: docs/spec/08-directory.md §12.2
 */

import { countWays, type Groups, type Removed, type Ring, STAGES, type Target } from "./loop-law.ts";

/** A way is a node of each of the three stages around the ring, a → b → c, no two of them of one operator. */
export class LoopWays {
  /** Ways in all. */
  total = 0;
  readonly #ring: Ring;
  readonly #place: number;
  readonly #removed: Removed;
  readonly #groups: Groups;
  /** Of each node, whether a way may still pass it. */
  #open: Uint8Array;
  /** Of each node, how many ways pass it. */
  #through: Int32Array;
  /** Of each b, by its column: how many a may stand before it and how many c behind it. */
  readonly #before: Int32Array;
  readonly #behind: Int32Array;

  /** `removed`: the caller's marks, none of them set yet. */
  constructor(ring: Ring, place: number, removed: Removed) {
    this.#ring = ring;
    this.#place = place;
    this.#removed = removed;
    this.#groups = groupsOf(ring, place);
    this.#open = new Uint8Array(ring.nodes.length);
    for (const node of this.#groups.flat()) this.#open[node] = 1;
    this.#through = new Int32Array(ring.nodes.length);
    const middle = ring.width((ring.stageOf[place] as number) + 2);
    this.#before = new Int32Array(middle);
    this.#behind = new Int32Array(middle);
    this.#countAll();
  }

  /** Whether a way may still pass a node; false for a place that there is not. */
  isOpen(node: number): boolean {
    return this.#open[node] === 1;
  }

  /** The ways that pass a target, the node's own links included and itself not. */
  over(target: Target): number {
    const { nodes, stageOf, ends } = this.#ring;
    if (target < nodes.length) return this.#through[target] as number;
    const [from, to] = [ends.from[target] as number, ends.to[target] as number];
    switch (this.#stepsTo(stageOf[from] as number)) {
      case 0:
        return from === this.#place ? (this.#through[to] as number) : 0;
      case 1:
        return this.#removed[target] === 1 ? 0 : this.#overFirst(from, to);
      case 2:
        return this.#removed[target] === 1 ? 0 : this.#overLast(from, to);
      default:
        return to === this.#place ? (this.#through[from] as number) : 0;
    }
  }

  /** Leaves out the ways over a target, which the caller marks afterwards. */
  remove(target: Target): void {
    const { nodes, stageOf, ends } = this.#ring;
    if (target === this.#place) return this.#removeAll();
    if (target < nodes.length) return this.#removeNode(target);
    const [from, to] = [ends.from[target] as number, ends.to[target] as number];
    switch (this.#stepsTo(stageOf[from] as number)) {
      case 0:
        return from === this.#place ? this.#removeNode(to) : undefined;
      case 1:
        return this.#cutFirst(from, to);
      case 2:
        return this.#cutLast(from, to);
      default:
        return to === this.#place ? this.#removeNode(from) : undefined;
    }
  }

  #stepsTo(stage: number): number {
    return (stage + STAGES - (this.#ring.stageOf[this.#place] as number)) % STAGES;
  }

  /** Over a → b go as many ways as there are c behind b, less those of a's operator; over b → c likewise. */
  #countAll(): void {
    const { operators, operatorCount, columns } = this.#ring;
    const [first, second, third] = this.#groups;
    const through = this.#through;
    const [firstOf, thirdOf] = [new Int32Array(operatorCount), new Int32Array(operatorCount)];
    for (const a of first) inc(firstOf, operators[a] as number, 1);
    for (const c of third) inc(thirdOf, operators[c] as number, 1);
    for (const b of second) {
      const own = operators[b] as number;
      const before = first.length - (firstOf[own] as number);
      const behind = third.length - (thirdOf[own] as number);
      this.#before[columns[b] as number] = before;
      this.#behind[columns[b] as number] = behind;
      let ofB = 0;
      for (const a of first) {
        const operator = operators[a] as number;
        if (operator === own) continue;
        const ways = behind - (thirdOf[operator] as number);
        through[a] = (through[a] as number) + ways;
        ofB += ways;
      }
      for (const c of third) {
        const operator = operators[c] as number;
        if (operator !== own) through[c] = (through[c] as number) + before - (firstOf[operator] as number);
      }
      through[b] = ofB;
      this.total += ofB;
    }
  }

  #removeAll(): void {
    this.total = 0;
    this.#open = new Uint8Array(this.#open.length);
    this.#through = new Int32Array(this.#through.length);
  }

  #removeNode(node: number): void {
    if (this.#open[node] === 0) return;
    const [first, second] = this.#groups;
    const steps = this.#stepsTo(this.#ring.stageOf[node] as number);
    if (steps === 1) for (const b of second) this.#cutFirst(node, b);
    if (steps === 2) for (const a of first) this.#cutFirst(a, node);
    if (steps === 3) for (const b of second) this.#cutLast(b, node);
    this.#open[node] = 0;
  }

  #cutFirst(a: number, b: number): void {
    if (!this.#isStep(a, b)) return;
    const { operators, rows, columns } = this.#ring;
    const [ofA, ofB, row] = [operators[a], operators[b], rows[b] as number];
    const [open, removed, through] = [this.#open, this.#removed, this.#through];
    let ways = 0;
    for (const c of this.#groups[2]) {
      if (open[c] === 0 || operators[c] === ofA || operators[c] === ofB) continue;
      if (removed[row + (columns[c] as number)] === 1) continue;
      through[c] = (through[c] as number) - 1;
      ways++;
    }
    this.#take(a, b, ways);
    inc(this.#before, columns[b] as number, -1);
  }

  #cutLast(b: number, c: number): void {
    if (!this.#isStep(b, c)) return;
    const { operators, rows, columns } = this.#ring;
    const [ofB, ofC, column] = [operators[b], operators[c], columns[b] as number];
    const [open, removed, through] = [this.#open, this.#removed, this.#through];
    let ways = 0;
    for (const a of this.#groups[0]) {
      if (open[a] === 0 || operators[a] === ofB || operators[a] === ofC) continue;
      if (removed[(rows[a] as number) + column] === 1) continue;
      through[a] = (through[a] as number) - 1;
      ways++;
    }
    this.#take(c, b, ways);
    inc(this.#behind, column, -1);
  }

  #take(end: number, b: number, ways: number): void {
    inc(this.#through, end, -ways);
    inc(this.#through, b, -ways);
    this.total -= ways;
  }

  /** Whether a way may go from one to the other, of two that stand one behind the other. */
  #isStep(from: number, to: number): boolean {
    const { operators } = this.#ring;
    if (this.#open[from] === 0 || this.#open[to] === 0 || operators[from] === operators[to]) return false;
    return this.#removed[this.#ring.link(from, to)] === 0;
  }

  /** Over a link from a to b: all c behind b that are not a's operator's. */
  #overFirst(a: number, b: number): number {
    const { operators, columns } = this.#ring;
    if (this.#open[a] === 0 || this.#open[b] === 0 || operators[a] === operators[b]) return 0;
    let ways = this.#behind[columns[b] as number] as number;
    for (const c of this.#ring.kinAcross(a)) if (this.#isStep(b, c)) ways--;
    return ways;
  }

  #overLast(b: number, c: number): number {
    const { operators, columns } = this.#ring;
    if (this.#open[b] === 0 || this.#open[c] === 0 || operators[b] === operators[c]) return 0;
    let ways = this.#before[columns[b] as number] as number;
    for (const a of this.#ring.kinAcross(c)) if (this.#isStep(a, b)) ways--;
    return ways;
  }
}

/** Where its loops may go. As the sender does: its own operator is avoided where that is possible at all. */
function groupsOf(ring: Ring, place: number): Groups {
  const stage = ring.stageOf[place] as number;
  const around: Groups = [ring.stage(stage + 1), ring.stage(stage + 2), ring.stage(stage + 3)];
  const foreign = (nodes: readonly number[]): readonly number[] =>
    nodes.filter((node) => ring.operators[node] !== ring.operators[place]);
  const others: Groups = [foreign(around[0]), foreign(around[1]), foreign(around[2])];
  return countWays(ring, others, ring.nothing) > 0 ? others : around;
}

function inc(counts: Int32Array, at: number, by: number): void {
  counts[at] = (counts[at] as number) + by;
}
