/**
 * Orders held packets, each by its number, by the time they are due: a binary heap outside V8's own, whose collector has
 * nothing to copy or to follow here, in pieces of one size, so that no packet waits while a longer array is filled from a
 * shorter one. Spec: docs/spec/06-mix.md §4
 */

import { type Milliseconds, milliseconds } from "#transport/core/units.ts";

export class DelayQueue {
  #size = 0;
  readonly #pieces: Piece[] = [];

  get size(): number {
    return this.#size;
  }

  /** When the next packet is due; undefined when there is none. */
  get nextDue(): Milliseconds | undefined {
    return this.size === 0 ? undefined : milliseconds(this.#due(0));
  }

  /** `packet` is a number below 2^32. */
  push(due: Milliseconds, packet: number): void {
    if (this.#size === this.#pieces.length * PIECE) this.#pieces.push(new Piece());
    this.#siftUp(this.#size++, due, packet);
  }

  /** Takes the earliest packet if it is due at `now`. Those due at the same moment come in any order. */
  popDue(now: Milliseconds): number | undefined {
    if (this.size === 0 || this.#due(0) > now) return undefined;
    const first = this.#packet(0);
    const end = --this.#size;
    const [due, last] = [this.#due(end), this.#packet(end)];
    if (end > 0) this.#siftDown(due, last);
    // One piece is kept beyond those in use: a queue at the edge of a piece would make and drop one with every packet.
    if (this.#pieces.length * PIECE - end > 2 * PIECE) this.#pieces.pop();
    return first;
  }

  /** Empties the queue and returns what it held, in no order. */
  drain(): number[] {
    const all = Array.from({ length: this.#size }, (_, index) => this.#packet(index));
    this.#pieces.length = 0;
    this.#size = 0;
    return all;
  }

  #siftUp(start: number, due: number, packet: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#due(parent) <= due) break;
      this.#move(parent, index);
      index = parent;
    }
    this.#place(index, due, packet);
  }

  #siftDown(due: number, packet: number): void {
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && this.#due(child + 1) < this.#due(child)) child++;
      if (this.#due(child) >= due) break;
      this.#move(child, index);
      index = child;
    }
    this.#place(index, due, packet);
  }

  #piece(index: number): Piece {
    return this.#pieces[index >>> PIECE_BITS] as Piece;
  }

  #due(index: number): number {
    return this.#piece(index).dues[index & MASK] as number;
  }

  #packet(index: number): number {
    return this.#piece(index).packets[index & MASK] as number;
  }

  #move(from: number, to: number): void {
    this.#place(to, this.#due(from), this.#packet(from));
  }

  #place(index: number, due: number, packet: number): void {
    const piece = this.#piece(index);
    piece.dues[index & MASK] = due;
    piece.packets[index & MASK] = packet;
  }
}

/** 4,096 entries, 48 KB: made in a fraction of a millisecond. */
const PIECE_BITS = 12;
const PIECE = 2 ** PIECE_BITS;
const MASK = PIECE - 1;

/** Due times and packets, in heap order. */
class Piece {
  readonly dues = new Float64Array(PIECE);
  readonly packets = new Uint32Array(PIECE);
}
