/**
 * The private mix keys of the periods in use, in memory that all threads of a node share: whoever unwraps takes them from here,
 * and here they are wiped when their period is over. Spec: docs/spec/06-mix.md §5
 */

import { secretBytes, wipe } from "#transport/core/secret.ts";
import { type KeyPeriod, keyPeriodNumber } from "#transport/core/units.ts";
import { SHARED_KEYS_MAX } from "./limits.ts";

export class KeyTable {
  readonly memory: SharedArrayBuffer;
  /** One word for each place: whether a key lies there. */
  readonly #used: Int32Array;
  readonly #periods: Uint32Array;
  readonly #keys: Uint8Array;

  /** An empty one, or the one in `memory`. */
  constructor(memory = new SharedArrayBuffer(SHARED_KEYS_MAX * (4 + 4 + KEY_BYTES))) {
    this.memory = memory;
    this.#used = new Int32Array(memory, 0, SHARED_KEYS_MAX);
    this.#periods = new Uint32Array(memory, 4 * SHARED_KEYS_MAX, SHARED_KEYS_MAX);
    this.#keys = new Uint8Array(memory, 8 * SHARED_KEYS_MAX);
  }

  /** Copies the key (32 bytes). Throws RangeError when there is no room. */
  put(period: KeyPeriod, privateKey: Uint8Array): void {
    if (privateKey.length !== KEY_BYTES) throw new RangeError("a mix key has 32 bytes");
    const place = this.#used.indexOf(0);
    if (place < 0) throw new RangeError(`more than ${SHARED_KEYS_MAX} periods have keys`);
    this.#periods[place] = period;
    this.#key(place).set(privateKey);
    Atomics.store(this.#used, place, 1); // last: who sees the word set finds the key whole
  }

  erase(period: KeyPeriod): void {
    for (let place = 0; place < SHARED_KEYS_MAX; place++) if (this.#periods[place] === period) this.#wipe(place);
  }

  eraseAll(): void {
    for (let place = 0; place < SHARED_KEYS_MAX; place++) this.#wipe(place);
  }

  /** The periods that have a key. */
  periods(): KeyPeriod[] {
    return [...this.#periods].filter((_, place) => Atomics.load(this.#used, place) === 1).map(keyPeriodNumber);
  }

  /** A copy of a period's key, which the caller wipes. */
  take(period: KeyPeriod): Uint8Array | undefined {
    for (let place = 0; place < SHARED_KEYS_MAX; place++) {
      if (Atomics.load(this.#used, place) !== 1 || this.#periods[place] !== period) continue;
      const copy = secretBytes(KEY_BYTES);
      copy.set(this.#key(place));
      return copy;
    }
    return undefined;
  }

  #key(place: number): Uint8Array {
    return this.#keys.subarray(place * KEY_BYTES, (place + 1) * KEY_BYTES);
  }

  #wipe(place: number): void {
    Atomics.store(this.#used, place, 0);
    wipe(this.#key(place));
  }
}

const KEY_BYTES = 32;
