/** Shared memory on which the thread that decodes writes what it is about to try, for the thread that watches it. */

import { utf8 } from "#transport/core/bytes.ts";
import type { Circumstances } from "./fault.ts";

// The words: which case, what it is, how long it may take.
const [TURN, STATE, NUMBER, SECONDS, TEXT_LENGTH, INPUT_LENGTH, WORDS] = [0, 1, 2, 3, 4, 5, 6];
const [IDLE, UNDER_WAY] = [0, 1];
const TEXT_BYTES = 1024;
/** Longer inputs than any. What is more is not shown. */
const INPUT_BYTES = 2 ** 20;

export class Board {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #text: Uint8Array;
  readonly #input: Uint8Array;

  static create(): Board {
    return new Board(new SharedArrayBuffer(4 * WORDS + TEXT_BYTES + INPUT_BYTES));
  }

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, WORDS);
    this.#text = new Uint8Array(memory, 4 * WORDS, TEXT_BYTES);
    this.#input = new Uint8Array(memory, 4 * WORDS + TEXT_BYTES, INPUT_BYTES);
  }

  // The thread that decodes.

  allow(seconds: number): void {
    Atomics.store(this.#words, SECONDS, seconds);
  }

  /** What is tried from now on. */
  announce(circumstances: Circumstances): void {
    const bytes = utf8(JSON.stringify(circumstances));
    this.#text.set(bytes);
    this.#words[TEXT_LENGTH] = bytes.length;
  }

  /** A case begins. A decoder may write into its input: this is as it was. */
  begin(number: number, input: Uint8Array): void {
    const kept = input.length > INPUT_BYTES ? input.subarray(0, INPUT_BYTES) : input;
    this.#input.set(kept);
    this.#words[INPUT_LENGTH] = kept.length;
    this.#words[NUMBER] = number;
    Atomics.add(this.#words, TURN, 1);
    Atomics.store(this.#words, STATE, UNDER_WAY);
  }

  end(): void {
    Atomics.store(this.#words, STATE, IDLE);
  }

  // The thread that watches, or whoever reports.

  get seconds(): number {
    return Atomics.load(this.#words, SECONDS);
  }

  /** Another number for each case; undefined while none is under way. */
  get turn(): number | undefined {
    return Atomics.load(this.#words, STATE) === UNDER_WAY ? Atomics.load(this.#words, TURN) : undefined;
  }

  get circumstances(): Circumstances {
    const text = new TextDecoder().decode(this.#text.slice(0, this.#words[TEXT_LENGTH]));
    return JSON.parse(text) as Circumstances;
  }

  get number(): number {
    return this.#words[NUMBER] as number;
  }

  /** A copy. */
  get input(): Uint8Array {
    return this.#input.slice(0, this.#words[INPUT_LENGTH]);
  }
}
