/**
 * The replay tags of one epoch key: exact, bounded, 16 bytes a tag. Open addressing in typed arrays, in 4,096 shards that grow
 * one at a time, so that no packet waits while a table of millions is copied. Spec: docs/spec/06-mix.md §3
 */

import type { RandomSource } from "#transport/core/random.ts";
import { REPLAY_TAG_BYTES, type ReplayTag } from "#transport/core/units.ts";

export class ReplaySet {
  readonly capacity: number;
  /** Made when their first tag comes. */
  readonly #shards: (Shard | undefined)[] = Array.from({ length: SHARDS });
  readonly #hashKey: HashKey;
  #size = 0;

  /** At most `capacity` tags; `random` keys the table, so that whoever crafts packets cannot aim at one slot. */
  constructor(options: { capacity: number; random: RandomSource }) {
    this.capacity = options.capacity;
    this.#hashKey = hashKey(options.random.bytes(16));
  }

  get size(): number {
    return this.#size;
  }

  has(tag: ReplayTag): boolean {
    const words = wordsOf(tag);
    return this.#shard(words).find(words, this.#hashKey) !== undefined;
  }

  /** Records a tag. "seen" when it was there already, "full" when there is no room: then nothing was recorded. */
  add(tag: ReplayTag): "added" | "seen" | "full" {
    const words = wordsOf(tag);
    const shard = this.#shard(words);
    if (shard.find(words, this.#hashKey) !== undefined) return "seen";
    if (this.#size >= this.capacity) return "full";
    shard.insert(words, this.#hashKey);
    this.#size++;
    return "added";
  }

  #shard(words: Words): Shard {
    return (this.#shards[words[0] >>> SHARD_SHIFT] ??= new Shard());
  }
}

/** At 20 million tags a shard has 5,000: it doubles within a millisecond (docs/benchmarks.md). */
const SHARDS = 4096;
const SHARD_SHIFT = 32 - 12;
const WORDS = REPLAY_TAG_BYTES / 4;
const INITIAL_SLOTS = 16;
/** Linear probing stays short below this. */
const LOAD_MAX = 0.7;

type Words = readonly [number, number, number, number];
type HashKey = readonly [number, number, number, number];

class Shard {
  #slots = INITIAL_SLOTS;
  #table = new Uint32Array(INITIAL_SLOTS * WORDS);
  #used = 0;
  /** An empty slot is four zero words, so the tag of zeros has a flag of its own. */
  #zero = false;

  /** The slot of the tag (-1 for the tag of zeros), or undefined. */
  find(words: Words, key: HashKey): number | undefined {
    if (isZero(words)) return this.#zero ? -1 : undefined;
    const slot = this.#probe(words, key);
    return this.#isEmpty(slot) ? undefined : slot;
  }

  /** For a tag that is not in the shard. */
  insert(words: Words, key: HashKey): void {
    if (isZero(words)) {
      this.#zero = true;
      return;
    }
    if (this.#used + 1 > this.#slots * LOAD_MAX) this.#grow(key);
    this.#put(words, key);
    this.#used++;
  }

  /** The slot that holds the tag, or the empty one where it belongs. */
  #probe(words: Words, key: HashKey): number {
    const mask = this.#slots - 1;
    let slot = hash(words, key) & mask;
    while (!this.#isEmpty(slot) && !this.#holds(slot, words)) slot = (slot + 1) & mask;
    return slot;
  }

  #holds(slot: number, words: Words): boolean {
    const start = slot * WORDS;
    const table = this.#table;
    return (
      table[start] === words[0] &&
      table[start + 1] === words[1] &&
      table[start + 2] === words[2] &&
      table[start + 3] === words[3]
    );
  }

  #isEmpty(slot: number): boolean {
    return this.#holds(slot, ZERO);
  }

  #grow(key: HashKey): void {
    const old = this.#table;
    this.#slots *= 2;
    this.#table = new Uint32Array(this.#slots * WORDS);
    for (let start = 0; start < old.length; start += WORDS) {
      const words = [old[start], old[start + 1], old[start + 2], old[start + 3]] as unknown as Words;
      if (!isZero(words)) this.#put(words, key);
    }
    // Freed at once: the collector would keep as much again as the tables hold until it next looks at everything.
    old.buffer.transfer(0);
  }

  #put(words: Words, key: HashKey): void {
    const start = this.#probe(words, key) * WORDS;
    // One by one: a call for four words would take longer than the search for their place.
    this.#table[start] = words[0];
    this.#table[start + 1] = words[1];
    this.#table[start + 2] = words[2];
    this.#table[start + 3] = words[3];
  }
}

const ZERO: Words = [0, 0, 0, 0];

const isZero = (words: Words): boolean => (words[0] | words[1] | words[2] | words[3]) === 0;

function wordsOf(tag: ReplayTag): Words {
  const view = new DataView(tag.buffer, tag.byteOffset, REPLAY_TAG_BYTES);
  return [view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)];
}

function hashKey(bytes: Uint8Array): HashKey {
  return wordsOf(bytes as ReplayTag);
}

/** Tags are uniform for honest senders; the key only has to be unknown to a dishonest one. */
function hash(words: Words, key: HashKey): number {
  let h = 0;
  for (let i = 0; i < WORDS; i++) {
    h = Math.imul(h ^ (words[i] as number) ^ (key[i] as number), 0x9e3779b1);
    h ^= h >>> 15;
  }
  return h >>> 0;
}
