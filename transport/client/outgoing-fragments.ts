/** The fragments of one sent message: which of them wait, are in a slot, left, are stored; and what of that is not written down yet. */

import type { Milliseconds } from "../core/units.ts";
import type { OutgoingFragment } from "./store.ts";

export class OutgoingFragments {
  /** So many carry a part of the message; the others only pad. */
  readonly needed: number;
  readonly #all: OutgoingFragment[];
  #waiting = 0;
  readonly #open = new Set<number>();
  /** Taken for a slot whose tick has not come. */
  readonly #inFlight = new Set<number>();
  /** Indexes whose state changed since the last `changes()`. */
  readonly #changed = new Set<number>();

  constructor(all: readonly OutgoingFragment[], needed: number) {
    this.needed = needed;
    this.#all = [...all];
    for (const [index, fragment] of this.#all.entries()) this.#count(index, undefined, fragment);
  }

  at(index: number): OutgoingFragment {
    return this.#all[index] as OutgoingFragment;
  }

  has(index: number): boolean {
    return index < this.#all.length;
  }

  entries(): Iterable<[number, OutgoingFragment]> {
    return this.#all.entries();
  }

  set(index: number, fragment: OutgoingFragment): void {
    this.#count(index, this.#all[index], fragment);
    this.#all[index] = fragment;
    this.#changed.add(index);
  }

  /** How many have to leave. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Needed ones that left and of which nobody knows yet whether they are stored. */
  get open(): ReadonlySet<number> {
    return this.#open;
  }

  get stored(): number {
    return this.#all.slice(0, this.needed).filter(({ state }) => state === "stored").length;
  }

  get leftOnce(): number {
    return this.#all.filter(({ attempts }) => attempts > 0).length;
  }

  /** The first `count` that may leave at `now`. */
  takeable(now: Milliseconds, count: number): number[] {
    const result: number[] = [];
    for (let index = 0; index < this.#all.length && result.length < count; index++) {
      const { state, notBefore } = this.at(index);
      if (state === "waiting" && notBefore <= now && !this.#inFlight.has(index)) result.push(index);
    }
    return result;
  }

  taken(index: number): void {
    this.#inFlight.add(index);
  }

  /** The slot that had taken it is over. */
  settled(index: number): void {
    this.#inFlight.delete(index);
  }

  /** When those may leave that may not yet. */
  comingTimes(now: Milliseconds): Milliseconds[] {
    return this.#all.filter((f) => f.state === "waiting" && f.notBefore > now).map(({ notBefore }) => notBefore);
  }

  /** Needed ones that are stored at a place which the message has left: nothing is remembered by which they could be asked about. */
  elsewhere(): number[] {
    return [...this.#all.keys()].filter((index) => index < this.needed && isElsewhere(this.at(index)));
  }

  /** Those that changed since the last call. */
  changes(): ReadonlyMap<number, OutgoingFragment> {
    const changes = new Map([...this.#changed].map((index) => [index, this.at(index)]));
    this.#changed.clear();
    return changes;
  }

  #count(index: number, before: OutgoingFragment | undefined, after: OutgoingFragment): void {
    if (before?.state === "waiting") this.#waiting--;
    if (after.state === "waiting") this.#waiting++;
    if (after.state === "sent" && index < this.needed) this.#open.add(index);
    else this.#open.delete(index);
  }
}

const isElsewhere = ({ state, hashes }: OutgoingFragment): boolean => state === "stored" && hashes.length === 0;
