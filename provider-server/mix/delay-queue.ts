/** Orders held packets by the time they are due: a binary heap whose keys lie apart from its values. Spec: docs/spec/06-mix.md §4 */

import { type Milliseconds, milliseconds } from "#transport/core/units.ts";

export class DelayQueue<T> {
  /** Due times in heap order; `#values[i]` belongs to `#dues[i]`. */
  #dues = new Float64Array(INITIAL_CAPACITY);
  readonly #values: T[] = [];

  get size(): number {
    return this.#values.length;
  }

  /** When the next value is due; undefined when there is none. */
  get nextDue(): Milliseconds | undefined {
    return this.size === 0 ? undefined : milliseconds(this.#due(0));
  }

  push(due: Milliseconds, value: T): void {
    if (this.size === this.#dues.length) this.#grow();
    this.#values.push(value);
    this.#siftUp(this.size - 1, due, value);
  }

  /** Takes the earliest value if it is due at `now`. Values due at the same moment come in any order. */
  popDue(now: Milliseconds): T | undefined {
    if (this.size === 0 || this.#due(0) > now) return undefined;
    const first = this.#values[0] as T;
    const last = this.#values.pop() as T;
    const due = this.#due(this.size);
    if (this.size > 0) this.#siftDown(due, last);
    return first;
  }

  /** Empties the queue and returns what it held, in no order. */
  drain(): T[] {
    return this.#values.splice(0);
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

  #due(index: number): number {
    return this.#dues[index] as number;
  }

  #move(from: number, to: number): void {
    this.#place(to, this.#due(from), this.#values[from] as T);
  }

  #place(index: number, due: number, value: T): void {
    this.#dues[index] = due;
    this.#values[index] = value;
  }

  #grow(): void {
    const larger = new Float64Array(this.#dues.length * 2);
    larger.set(this.#dues);
    this.#dues = larger;
  }
}

const INITIAL_CAPACITY = 1024;
