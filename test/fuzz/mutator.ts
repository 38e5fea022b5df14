/**
 * Changes byte strings as an attacker's tools would: bits, boundary values, lengths, cuts, copies, and pieces of one input in
 * another. Quick, because a million cases are made for each decoder; the same seed makes the same cases.
 */

export class Mutator {
  readonly #corpus: readonly Uint8Array[];
  #state: number;

  /** `seed` is any whole number; the corpus has at least one input. */
  constructor(corpus: readonly Uint8Array[], seed: number) {
    this.#corpus = corpus;
    this.#state = (seed ^ 0x9e37_79b9) >>> 0 || 1;
  }

  /** The next input: a corpus entry with one to eight changes. */
  next(): Uint8Array {
    let bytes: Uint8Array = this.#pick(this.#corpus).slice();
    for (let changes = 1 << this.below(4); changes > 0; changes--) bytes = this.#change(bytes);
    return bytes;
  }

  /** A whole number from 0 to `limit` - 1. Xorshift (Marsaglia 2003): quality enough to choose what to break. */
  below(limit: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state % limit;
  }

  #change(bytes: Uint8Array): Uint8Array {
    if (bytes.length === 0) return this.#pick(this.#corpus).slice();
    const at = this.#position(bytes.length);
    switch (this.below(9)) {
      case 0:
        return set(bytes, at, [(bytes[at] as number) ^ (1 << this.below(8))]);
      case 1:
        return set(bytes, at, [this.#pick(BYTES)]);
      case 2:
        return set(bytes, at, this.#pick(WORDS));
      case 3: // a length or a count, off by a little
        return set(bytes, at, [((bytes[at] as number) + this.below(7) - 3) & 0xff]);
      case 4: // cut off
        return bytes.slice(0, at);
      case 5: // too long
        return join(bytes, this.#pick(this.#corpus).subarray(0, 1 + this.below(64)));
      case 6: // a piece is missing
        return join(bytes.subarray(0, at), bytes.subarray(at + 1 + this.below(40)));
      case 7: // a piece is there twice
        return join(bytes.subarray(0, at), bytes.subarray(Math.max(0, at - 1 - this.below(80))));
      default: // the end is another input's
        return join(bytes.subarray(0, at), this.#pick(this.#corpus).subarray(at));
    }
  }

  /** Headers, lengths and counts stand near the start: half of all changes go there. */
  #position(length: number): number {
    return this.below(2) === 0 ? this.below(Math.min(length, 96)) : this.below(length);
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

const BYTES = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff] as const;
const WORDS: readonly (readonly number[])[] = [
  [0, 0],
  [0xff, 0xff],
  [0x7f, 0xff],
  [0, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff],
  [0x7f, 0xff, 0xff, 0xff],
  [0x80, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
];

function set(bytes: Uint8Array, at: number, values: readonly number[]): Uint8Array {
  for (const [i, value] of values.entries()) if (at + i < bytes.length) bytes[at + i] = value;
  return bytes;
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
