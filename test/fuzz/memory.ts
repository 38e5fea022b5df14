/** What decoders take of memory: for good, and at most for one input. */

import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What may stay after any number of inputs: caches of tables, compiled code. */
export const GROWTH_BYTES_MAX = 48 * 2 ** 20;
/** Garbage of arithmetic, code that is compiled: the most that was seen is 5 MiB, of points of tokens. */
const OWN_BYTES = 16 * 2 ** 20;
/** Copies of what was read and of what it says, on the way from one to the other. */
const COPIES_MAX = 8;
/** What a collection, or the system, may add to the resident memory while a decoder runs. */
const RESIDENT_SLACK_BYTES = 32 * 2 ** 20;
/** Whatever real inputs take. */
const PEAK_BYTES_MAX = 64 * 2 ** 20;
const COLLECTIONS_MAX = 20;

/**
 * The memory that one input takes, garbage included. Two looks at the heap, one before and one after, see what is not yet
 * collected, also buffers outside the heap; the highest resident size ever sees what was collected before the decoder ended, if
 * it was written to and is more than anything before took. Both looks together cost a microsecond.
 */
export class Peak {
  /** Derived from the longest input and from the most that a real one takes when it is decoded. */
  readonly bytesMax: number;
  #before = 0;
  #resident = 0;

  constructor(o: { longestInput: number; longestDecoded: number }) {
    this.bytesMax = Math.min(PEAK_BYTES_MAX, OWN_BYTES + COPIES_MAX * (o.longestInput + o.longestDecoded));
    this.begin();
    this.#resident = residentMax();
  }

  begin(): void {
    this.#before = bytesTaken();
  }

  /** Bytes since `begin`; undefined when they are no more than an input may take. */
  excess(): number | undefined {
    const taken = bytesTaken() - this.#before;
    const resident = residentMax();
    const risen = resident - this.#resident;
    this.#resident = resident;
    if (taken > this.bytesMax) return taken;
    return risen > this.bytesMax + RESIDENT_SLACK_BYTES ? risen : undefined;
  }
}

/** Of the heap, with garbage, and of buffers outside it. */
export function bytesTaken(): number {
  const { used_heap_size: heap, external_memory: outside } = getHeapStatistics();
  return heap + outside;
}

const residentMax = (): number => process.resourceUsage().maxRSS * 1024;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** After a collection, buffers outside the heap included. */
export function bytesKept(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** The collector gives buffers back in a thread of its own, which may have to wait for a processor. */
export async function growthSince(before: number): Promise<number> {
  let growth = bytesKept() - before;
  for (let i = 0; i < COLLECTIONS_MAX && growth > GROWTH_BYTES_MAX; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    growth = bytesKept() - before;
  }
  return growth;
}
