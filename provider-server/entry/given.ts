/**
 * What one link was given and its client has not acknowledged yet: the next poll is answered with what comes after that, though its
 * cursor stands where it stood. Spec: docs/spec/07-mailbox.md §5
 */

import { GIVEN_AHEAD_MAX } from "./limits.ts";

export class Given {
  /** Of entries, ascending. */
  #numbers: readonly number[] = [];
  #cursor = 0;
  #losses = 0;

  /** How often an answer was lost: those that waited then must not leave, for they come behind a gap. */
  get losses(): number {
    return this.#losses;
  }

  /** A poll came: behind which number its answer is looked for, first behind this and then behind the cursor. */
  polled(cursor: number): number {
    const isBack = cursor < this.#cursor;
    this.#cursor = cursor;
    this.#numbers = isBack ? [] : this.#numbers.filter((number) => number > cursor);
    if (this.#numbers.length >= GIVEN_AHEAD_MAX) this.#numbers = [];
    return this.#numbers.at(-1) ?? cursor;
  }

  gave(number: number): void {
    const isAgain = number <= (this.#numbers.at(-1) ?? 0);
    this.#numbers = isAgain ? [number] : [...this.#numbers, number];
  }

  lost(): void {
    this.#numbers = [];
    this.#losses++;
  }
}
