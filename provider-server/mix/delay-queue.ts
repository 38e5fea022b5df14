/**
 * Orders held packets by the time they are due: a binary heap whose keys lie apart from its values, both in pieces of one
 * size, so that no packet waits while a longer array is filled from a shorter one. Spec: docs/spec/06-mix.md §4
 */

import { type Milliseconds, milliseconds } from "#transport/core/units.ts";

export class DelayQueue<T> {
  #size = 0;
  readonly #pieces: Piece<T>[] = [];

  get size(): number {
    return this.#size;
  }

  /** When the next value is due; undefined when there is none. */
  get nextDue(): Milliseconds | undefined {
    return this.size === 0 ? undefined : milliseconds(this.#due(0));
  }

  push(due: Milliseconds, value: T): void {
    if (this.#size === this.#pieces.length * PIECE) this.#pieces.push(new Piece());
    this.#siftUp(this.#size++, due, value);
  }

  /** Takes the earliest value if it is due at `now`. Values due at the same moment come in any order. */
  popDue(now: Milliseconds): T | undefined {
    if (this.size === 0 || this.#due(0) > now) return undefined;
    const first = this.#value(0);
    const end = --this.#size;
    const [due, last] = [this.#due(end), this.#value(end)];
    this.#piece(end).values[end & MASK] = undefined;
    if (end > 0) this.#siftDown(due, last);
    // One piece is kept beyond those in use: a queue at the edge of a piece would make and drop one with every packet.
    if (this.#pieces.length * PIECE - end > 2 * PIECE) this.#pieces.pop();
    return first;
  }

  /** Empties the queue and returns what it held, in no order. */
  drain(): T[] {
    const all = Array.from({ length: this.#size }, (_, index) => this.#value(index));
    this.#pieces.length = 0;
    this.#size = 0;
    return all;
  }

  #siftUp(start: number, due: number, value: T): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#due(parent) <= due) break;
      this.#move(parent, index);
      index = parent;
    }
    this.#place(index, due, value);
  }

  #siftDown(due: number, value: T): void {
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && this.#due(child + 1) < this.#due(child)) child++;
      if (this.#due(child) >= due) break;
      this.#move(child, index);
      index = child;
    }
    this.#place(index, due, value);
  }

  #piece(index: number): Piece<T> {
    return this.#pieces[index >>> PIECE_BITS] as Piece<T>;
  }

  #due(index: number): number {
    return this.#piece(index).dues[index & MASK] as number;
  }

  #value(index: number): T {
    return this.#piece(index).values[index & MASK] as T;
  }

  #move(from: number, to: number): void {
    this.#place(to, this.#due(from), this.#value(from));
  }

  #place(index: number, due: number, value: T): void {
    const piece = this.#piece(index);
    piece.dues[index & MASK] = due;
    piece.values[index & MASK] = value;
  }
}

/** 4,096 entries, 64 KB: made in a fraction of a millisecond. */
const PIECE_BITS = 12;
const PIECE = 2 ** PIECE_BITS;
const MASK = PIECE - 1;

/** Due times and values, in heap order. */
class Piece<T> {
  readonly dues = new Float64Array(PIECE);
  readonly values: (T | undefined)[] = Array.from({ length: PIECE });
}
