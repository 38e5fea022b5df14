/**
 * The memory through which a node's first thread hands packets to the threads that unwrap, and gets them back: slots of a
 * packet and its result each, a ring of the slots that wait, and a bell. One thread offers, any number takes.
 */

export interface JobBuffers {
  readonly control: SharedArrayBuffer;
  readonly slots: SharedArrayBuffer;
  readonly packetBytes: number;
}

export class JobMemory {
  readonly buffers: JobBuffers;
  readonly slotCount: number;
  readonly #words: Int32Array;
  /** Views made once: one for each packet would be a hundred bytes of garbage each. */
  readonly #packets: readonly Uint8Array[];
  readonly #results: readonly Uint8Array[];

  static create(o: { packetBytes: number; slots: number; threads: number }): JobMemory {
    const control = new SharedArrayBuffer(4 * (FIXED_WORDS + o.threads + 2 * o.slots));
    const slots = new SharedArrayBuffer(o.slots * (o.packetBytes + RESULT_BYTES));
    return new JobMemory({ control, slots, packetBytes: o.packetBytes }, o.slots);
  }

  constructor(buffers: JobBuffers, slotCount: number) {
    const { control, slots, packetBytes } = buffers;
    this.buffers = buffers;
    this.slotCount = slotCount;
    this.#words = new Int32Array(control);
    const start = (slot: number): number => slot * (packetBytes + RESULT_BYTES);
    const numbers = Array.from({ length: slotCount }, (_, slot) => slot);
    this.#packets = numbers.map((slot) => new Uint8Array(slots, start(slot), packetBytes));
    this.#results = numbers.map((slot) => new Uint8Array(slots, start(slot) + packetBytes, RESULT_BYTES));
  }

  packet(slot: number): Uint8Array {
    return this.#packets[slot] as Uint8Array;
  }

  result(slot: number): Uint8Array {
    return this.#results[slot] as Uint8Array;
  }

  // The first thread.

  /** Gives a filled slot to whoever takes it first. */
  offer(slot: number): void {
    const head = Atomics.load(this.#words, HEAD);
    this.#words[this.#ring(head)] = slot;
    Atomics.store(this.#words, this.#state(slot), waitingAt(head));
    Atomics.store(this.#words, HEAD, (head + 1) | 0);
    Atomics.add(this.#words, BELL, 1);
    // Who naps looks by itself; waking a thread costs the first one as much as all else that it does for a packet but sending.
    if (Atomics.load(this.#words, ASLEEP) > 0) Atomics.notify(this.#words, BELL, 1);
  }

  isDone(slot: number): boolean {
    return Atomics.load(this.#words, this.#state(slot)) === DONE;
  }

  /** Whether this thread, which ended, had taken the slot. */
  wasTakenBy(slot: number, thread: number): boolean {
    return Atomics.load(this.#words, this.#state(slot)) === TAKEN_BY + thread;
  }

  /** Tells the threads that the keys are others now. */
  keysChanged(): void {
    Atomics.add(this.#words, KEYS, 1);
    this.ringBell();
  }

  /** Whether a thread works with the keys as they are. */
  hasCurrentKeys(thread: number): boolean {
    return Atomics.load(this.#words, FIXED_WORDS + thread) === Atomics.load(this.#words, KEYS);
  }

  stop(): void {
    Atomics.store(this.#words, STOP, 1);
    this.ringBell();
  }

  ringBell(): void {
    Atomics.add(this.#words, BELL, 1);
    Atomics.notify(this.#words, BELL);
  }

  // The threads that unwrap.

  get isStopped(): boolean {
    return Atomics.load(this.#words, STOP) === 1;
  }

  /** How often the bell has rung: taken before looking for work, given to `sleep` when there was none. */
  get bell(): number {
    return Atomics.load(this.#words, BELL);
  }

  /** Until the bell has rung. The word comes first: an `offer` that does not see it is seen by `wait`. */
  sleep(bell: number): void {
    Atomics.add(this.#words, ASLEEP, 1);
    Atomics.wait(this.#words, BELL, bell);
    Atomics.sub(this.#words, ASLEEP, 1);
  }

  /** For a moment, whatever comes: packets that come meanwhile wait for its end. */
  nap(): void {
    Atomics.wait(this.#words, NAP, 0, NAP_MS);
  }

  get keys(): number {
    return Atomics.load(this.#words, KEYS);
  }

  /** Says that this thread has let go of every key that was not there at `keys`. */
  confirmKeys(thread: number, keys: number): void {
    Atomics.store(this.#words, FIXED_WORDS + thread, keys);
  }

  /**
   * One change both takes a slot and says who has it, so a thread may end at any moment: the place in the ring that it left is
   * passed by the next. A slot that was offered again waits at another place, and is not taken at the old one.
   */
  take(thread: number): number | undefined {
    for (;;) {
      const tail = Atomics.load(this.#words, TAIL);
      if (tail === Atomics.load(this.#words, HEAD)) return undefined;
      const slot = this.#words[this.#ring(tail)] as number;
      const waiting = waitingAt(tail);
      const isOurs = Atomics.compareExchange(this.#words, this.#state(slot), waiting, TAKEN_BY + thread) === waiting;
      Atomics.compareExchange(this.#words, TAIL, tail, (tail + 1) | 0);
      if (isOurs) return slot;
    }
  }

  finish(slot: number): void {
    Atomics.store(this.#words, this.#state(slot), DONE);
  }

  /** Head and tail count on past 2^31; the number of slots is a power of two. */
  #ring(count: number): number {
    return this.#words.length - 2 * this.slotCount + (count & (this.slotCount - 1));
  }

  #state(slot: number): number {
    return this.#words.length - this.slotCount + slot;
  }
}

/** The finest that is worth it: packets of a millisecond are unwrapped in one go. */
const NAP_MS = 1;

/** Room for what `result.ts` writes. */
export const RESULT_BYTES = 128;

const BELL = 0;
const HEAD = 1;
const TAIL = 2;
const STOP = 3;
const KEYS = 4;
/** How many threads wait for the bell. */
const ASLEEP = 5;
/** Always 0: waiting for it to change is waiting for time to pass. */
const NAP = 6;
/** Behind these one word for each thread: the keys it has confirmed. Then the ring, then the slots' states. */
const FIXED_WORDS = 7;

// The states of a slot: waiting at a place of the ring is negative, so that no place is one of the others.
const DONE = 2;
const TAKEN_BY = 16;
const waitingAt = (count: number): number => count | (1 << 31);
