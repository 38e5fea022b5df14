/**
 * What all operators have to say of every node and link, kept up to date while one after the other is left out. Only lost loops
 * accuse, and they are few: nobody's word on a target is looked at whose loops over it came back, unless enough others accuse
 * it. The sums are done in one order always, so that every authority has the same bits. Spec: docs/spec/08-directory.md §12.2
 */

import type { LoopReport, LostLoop } from "#transport/directory/loop-report.ts";
import type { Removed, Ring, Target } from "./loop-law.ts";
import { LoopWays } from "./loop-ways.ts";
import { accuses, baseLoss, type Cell, voice } from "./loss-test.ts";
import { ownLinksOf } from "./neighbours.ts";

/** What the node at one end of a link saw of it. */
export interface Claim extends Cell {
  readonly node: number;
  readonly to: number;
}

/** Of one target, over all operators but those of its ends. `expected`: how many an honest one would have lost. */
export interface Sums {
  readonly lost: number;
  readonly sent: number;
  readonly expected: number;
}

export class Testimony {
  /** A mark for each target that was left out. */
  readonly removed: Removed;
  readonly #ring: Ring;
  readonly #operators: readonly Operator[];

  constructor(ring: Ring, reports: ReadonlyMap<number, LoopReport>) {
    this.#ring = ring;
    this.removed = ring.nothing;
    const witnesses = [...reports].map(
      ([place, report]) => new Witness(ring, { place, report, removed: this.removed }),
    );
    this.#operators = Array.from(
      { length: ring.operatorCount },
      (_, number) =>
        new Operator(
          ring,
          number,
          witnesses.filter(({ operator }) => operator === number),
        ),
    );
  }

  /** All loops that passed it say nothing more. */
  remove(target: Target): void {
    for (const { witnesses } of this.#operators) for (const witness of witnesses) witness.remove(target);
    this.removed[target] = 1;
    for (const operator of this.#operators) operator.refresh(target);
  }

  /** Of each target, how many operators accuse it. */
  accusers(): Int32Array {
    const accusers = new Int32Array(this.#ring.targets);
    for (const operator of this.#operators) operator.accuse(accusers);
    return accusers;
  }

  /**
   * The voices of all operators on a target together (loss-test.ts), −1 of each of the `jury` of whom nobody has heard anything:
   * above nothing if those who accuse it outweigh the others and chance.
   */
  voices(target: Target, jury: number): number {
    let [sum, heard] = [0, 0];
    for (const operator of this.#operators) {
      const sent = operator.sentOver(target);
      if (sent === 0 || operator.isParty(target)) continue;
      const lost = operator.lostOver(target);
      sum += voice({ lost, sent, base: operator.base(lost, sent) });
      heard++;
    }
    return sum - (jury - heard);
  }

  sums(target: Target): Sums {
    let [lost, sent, expected] = [0, 0, 0];
    for (const operator of this.#operators) {
      const over = operator.sentOver(target);
      if (over === 0 || operator.isParty(target)) continue;
      const lostOver = operator.lostOver(target);
      lost += lostOver;
      sent += over;
      expected += over * operator.base(lostOver, over);
    }
    return { lost, sent, expected };
  }

  /** Of every witness and each of its own links over which loops of its were lost. */
  claims(): Claim[] {
    return this.#operators.flatMap(({ witnesses }) => witnesses.flatMap((witness) => witness.claims()));
  }

  /** The share of its loops that an operator has lost, in the middle of all that have sent any. */
  usual(): number {
    const shares = this.#operators.flatMap(({ lost, sent }) => (sent > 0 ? [lost / sent] : []));
    return shares.toSorted((a, b) => a - b)[Math.floor(shares.length / 2)] ?? 0;
  }

  get ring(): Ring {
    return this.#ring;
  }
}

/** The share that is lost where a target is not on the way, over which `sent` loops went and `lost` were lost. */
function baseWithout(all: { readonly lost: number; readonly sent: number }, lost: number, sent: number): number {
  return baseLoss({ lost: all.lost - lost, sent: all.sent - sent });
}

/** One node's loops. */
class Witness {
  readonly place: number;
  readonly operator: number;
  lost = 0;
  readonly #ways: LoopWays;
  /** Loops for each way, by the law of paths. */
  readonly #perWay: number;
  /** Of each lost loop, what it passed. */
  #loops: readonly (readonly Target[])[];
  readonly #lostOver = new Map<Target, number>();
  /** Those of its own links over which loops were lost. */
  readonly #ownLinks: readonly { readonly node: number; readonly to: number; readonly link: Target }[];

  constructor(ring: Ring, o: { place: number; report: LoopReport; removed: Removed }) {
    this.place = o.place;
    this.operator = ring.operators[o.place] as number;
    this.#ways = new LoopWays(ring, o.place, o.removed);
    const { total } = this.#ways;
    this.#perWay = total === 0 ? 0 : o.report.sent / total;
    this.#loops = total === 0 ? [] : o.report.lost.flatMap((way) => targetsOf(ring, this.#ways, [o.place, way]));
    for (const loop of this.#loops) this.#count(loop, 1);
    this.#ownLinks = ownLinksOf(ring, o.place).filter(({ link }) => this.#lostOver.has(link));
  }

  get sent(): number {
    return this.#perWay * this.#ways.total;
  }

  /** How many were sent over a target, by the law. */
  sentOver(target: Target): number {
    return this.#ways.over(target) * this.#perWay;
  }

  lostOver(target: Target): number {
    return this.#lostOver.get(target) ?? 0;
  }

  /** All over which a loop was ever lost. */
  get targets(): Iterable<Target> {
    return this.#lostOver.keys();
  }

  remove(target: Target): void {
    this.#ways.remove(target);
    const isOut = (loop: readonly Target[]): boolean => target === this.place || loop.includes(target);
    if (!this.#loops.some(isOut)) return;
    for (const loop of this.#loops) if (isOut(loop)) this.#count(loop, -1);
    this.#loops = this.#loops.filter((loop) => !isOut(loop));
  }

  claims(): Claim[] {
    return this.#ownLinks.flatMap(({ node, to, link }): Claim[] => {
      const [lost, sent] = [this.lostOver(link), this.sentOver(link)];
      return lost === 0 ? [] : [{ node, to, lost, sent, base: baseWithout(this, lost, sent) }];
    });
  }

  #count(loop: readonly Target[], by: number): void {
    this.lost += by;
    for (const target of loop) this.#lostOver.set(target, this.lostOver(target) + by);
  }
}

/** Nodes and links that a lost loop passed, the witness itself left out; none for a way that no loop of this node can take. */
function targetsOf(ring: Ring, ways: LoopWays, [place, way]: [number, LostLoop]): (readonly Target[])[] {
  const stops = [place, ...way, place];
  const steps = stops.slice(1).map((to, index): [number, number] => [stops[index] as number, to]);
  const areSteps = way.every((node) => ways.isOpen(node)) && steps.every(([from, to]) => ring.isLink(from, to));
  if (!areSteps || new Set(way.map((node) => ring.operators[node])).size < way.length) return [];
  return [[...way, ...steps.map(([from, to]) => ring.link(from, to))]];
}

/** All nodes of one operator together. */
class Operator {
  readonly witnesses: readonly Witness[];
  lost = 0;
  sent = 0;
  readonly #ring: Ring;
  readonly #number: number;
  /** Where it has lost loops: on what, how many, and how many it sent over it. */
  readonly #targets: Int32Array;
  readonly #lostOver: Int32Array;
  readonly #sentOver: Float64Array;

  constructor(ring: Ring, number: number, witnesses: readonly Witness[]) {
    this.#ring = ring;
    this.#number = number;
    this.witnesses = witnesses;
    const all = new Set(witnesses.flatMap(({ targets }) => [...targets]));
    this.#targets = Int32Array.from([...all].filter((target) => !this.isParty(target)));
    this.#lostOver = new Int32Array(this.#targets.length);
    this.#sentOver = new Float64Array(this.#targets.length);
    this.#recount(() => true);
  }

  /** Nobody is a witness of a node of its own, or of a link of one. */
  isParty(target: Target): boolean {
    const { operators, ends } = this.#ring;
    if (target < operators.length) return operators[target] === this.#number;
    return (
      operators[ends.from[target] as number] === this.#number || operators[ends.to[target] as number] === this.#number
    );
  }

  /** After `removed` was left out. */
  refresh(removed: Target): void {
    const { nodes, ends } = this.#ring;
    if (removed < nodes.length || this.isParty(removed)) return this.#recount(() => true);
    // Without a link between others, only nodes and the links at its ends are passed less.
    const [from, to] = [ends.from[removed] as number, ends.to[removed] as number];
    const isAt = (node: number | undefined): boolean => node === from || node === to;
    this.#recount((target) => target < nodes.length || isAt(ends.from[target]) || isAt(ends.to[target]));
  }

  /** Adds one for each target that it accuses. */
  accuse(accusers: Int32Array): void {
    for (let at = 0; at < this.#targets.length; at++) {
      const lost = this.#lostOver[at] as number;
      if (lost === 0) continue;
      const sent = this.#sentOver[at] as number;
      if (!accuses({ lost, sent, base: this.base(lost, sent) })) continue;
      const target = this.#targets[at] as number;
      accusers[target] = (accusers[target] as number) + 1;
    }
  }

  sentOver(target: Target): number {
    let sent = 0;
    for (const witness of this.witnesses) sent += witness.sentOver(target);
    return sent;
  }

  /** A way that none of a node's loops can take was never lost by it. */
  lostOver(target: Target): number {
    let lost = 0;
    for (const witness of this.witnesses) {
      const over = witness.lostOver(target);
      if (over > 0 && witness.sentOver(target) > 0) lost += over;
    }
    return lost;
  }

  /** The share that is lost where a target is not on the way, over which so many were lost and sent. */
  base(lost: number, sent: number): number {
    return baseWithout(this, lost, sent);
  }

  #recount(isChanged: (target: Target) => boolean): void {
    this.lost = 0;
    this.sent = 0;
    for (const witness of this.witnesses) {
      this.lost += witness.lost;
      this.sent += witness.sent;
    }
    for (let at = 0; at < this.#targets.length; at++) {
      const target = this.#targets[at] as number;
      if (!isChanged(target)) continue;
      this.#lostOver[at] = this.lostOver(target);
      this.#sentOver[at] = this.sentOver(target);
    }
  }
}
