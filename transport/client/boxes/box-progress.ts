/**
 * How far one device has come with what is in one box. Answers come in any order and some are lost, so beside a cursor there are
 * bits for what lies ahead of it. Spec: docs/spec/17-boxes.md §3.2
 */

import { TAKEN_BITS } from "../../box/limits.ts";

export class BoxProgress {
  #cursor: number;
  #taken: bigint;

  constructor(from: { readonly cursor: number; readonly taken: bigint } = { cursor: 0, taken: 0n }) {
    this.#cursor = from.cursor;
    this.#taken = from.taken;
  }

  /** All entries up to it were dealt with, or are gone. */
  get cursor(): number {
    return this.#cursor;
  }

  /** 64 bits: bit i says that cursor + 1 + i was dealt with. */
  get taken(): bigint {
    return this.#taken;
  }

  /** What this entry means is durable. One too far ahead is not noted: it is given again, and is here then. */
  took(number: number): void {
    const bit = number - this.#cursor - 1;
    if (bit < 0 || bit >= TAKEN_BITS) return;
    this.#taken |= 1n << BigInt(bit);
    this.#pass();
  }

  /** The box holds nothing between the cursor and this number, nor will. */
  nextIs(next: number): void {
    const gone = next - 1 - this.#cursor;
    if (gone <= 0) return;
    this.#cursor = next - 1;
    this.#taken = gone >= TAKEN_BITS ? 0n : this.#taken >> BigInt(gone);
    this.#pass();
  }

  #pass(): void {
    while ((this.#taken & 1n) === 1n) {
      this.#cursor++;
      this.#taken >>= 1n;
    }
  }
}
