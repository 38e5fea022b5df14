/**
 * `npm run bench -- queue`: what a mix remembers, at one and at ten million entries: time and memory of an entry in the delay
 * queue and in the replay set, and the longest calls, for those are what hold up packets that are due. docs/benchmarks.md
 */

import { DelayQueue } from "#provider-server/mix/delay-queue.ts";
import { ReplaySet } from "#provider-server/mix/replay-set.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { milliseconds, REPLAY_TAG_BYTES, replayTag, type ReplayTag } from "#transport/core/units.ts";

/** A call that takes longer could make a packet late (p99 of departure less due stays under 5 ms). */
const LONGEST_MS_BAR = 5;
/** Ten times as many entries may make an operation so much slower: the processor's caches are left behind, nothing else. */
const GROWTH_BAR = 6;
const SIZES = [1_000_000, 10_000_000];
const OPERATIONS = 1_000_000;
const RUNS = 4;

interface Calls {
  /** Milliseconds that some twenty calls take in every run: whatever else the machine does, it does at other calls. */
  readonly longestMs: number;
  /** The longest twenty calls of the best run, with the pauses of the collector and of the machine. */
  readonly withPausesMs: number;
}

interface Row {
  readonly what: string;
  readonly entries: number;
  /** Microseconds of CPU time each. */
  readonly microseconds: Readonly<Record<string, number>>;
  readonly bytesPerEntry: number;
  readonly calls: Calls;
}

/** True when no call is long and no operation grows with the number of entries. */
export async function runQueueBench({ json }: { json: boolean }): Promise<boolean> {
  warmUp();
  const rows = SIZES.flatMap((entries) => [measureQueue(entries), measureReplaySet(entries)]);
  const growth = rows.slice(2).flatMap(({ what, microseconds }, i) =>
    Object.entries(microseconds).map(([operation, time]) => ({
      operation: `${what}: ${operation}`,
      growth: round(time / ((rows[i] as Row).microseconds[operation] as number)),
    })),
  );
  const passed =
    rows.every(({ calls }) => calls.longestMs <= LONGEST_MS_BAR) && growth.every((g) => g.growth <= GROWTH_BAR);
  if (json) console.log(JSON.stringify({ bench: "queue", passed, rows, growth }, null, 2));
  else print(rows, growth);
  return passed;
}

function warmUp(): void {
  measureQueue(100_000);
  measureReplaySet(100_000);
}

/** The queue alone: what it orders are packets, 28 KiB and some hundred bytes each, wherever they lie. */
function measureQueue(entries: number): Row {
  const before = memory();
  let queue = new DelayQueue();
  const packet = 7;
  let now = 0;
  const due = (): number => now - Math.log(Math.random()) * 5_000;
  const calls = longestOf(entries, () => {
    queue = new DelayQueue();
    return () => queue.push(milliseconds(due()), packet);
  });
  const bytesPerEntry = (memory() - before) / entries;
  // A full queue in which as many come as go, its clock at what is due next.
  const popped = { push: 0, pop: 0 };
  for (let i = 0; i < OPERATIONS; i += BATCH) {
    let start = cpuMs();
    for (let j = 0; j < BATCH; j++) {
      now = queue.nextDue as number;
      queue.popDue(milliseconds(now));
    }
    popped.pop += cpuMs() - start;
    start = cpuMs();
    for (let j = 0; j < BATCH; j++) queue.push(milliseconds(due()), packet);
    popped.push += cpuMs() - start;
  }
  return {
    what: "delay queue",
    entries,
    microseconds: { push: perOperation(popped.push), pop: perOperation(popped.pop) },
    bytesPerEntry: Math.round(bytesPerEntry),
    calls,
  };
}

/** Long beside the ticks of 4 ms in which the kernel counts CPU time. */
const BATCH = 20_000;

function measureReplaySet(entries: number): Row {
  const random = new SystemRandom();
  const before = memory();
  let set = new ReplaySet({ capacity: 2 * entries, random });
  let tags = new Tags();
  const start = cpuMs();
  const calls = longestOf(entries, () => {
    set = new ReplaySet({ capacity: 2 * entries, random });
    tags = new Tags();
    return () => set.add(tags.next());
  });
  const add = ((cpuMs() - start) * 1000) / (RUNS * entries);
  const bytesPerEntry = (memory() - before - tags.bytes) / entries;
  const known = new Tags(); // the same tags again
  const times = (act: () => void): number => {
    const from = cpuMs();
    for (let i = 0; i < OPERATIONS; i++) act();
    return perOperation(cpuMs() - from);
  };
  const found = times(() => set.has(known.next()));
  const notFound = times(() => set.has(tags.next()));
  return {
    what: "replay set",
    entries,
    microseconds: { add: round(add), "look up, there": found, "look up, not there": notFound },
    bytesPerEntry: Math.round(bytesPerEntry),
    calls,
  };
}

/** As uniform as real tags, a long row of them, the same in each: a counter through a mixing function (SplitMix64's constants). */
class Tags {
  readonly #words = new Uint32Array(REPLAY_TAG_BYTES / 4);
  readonly #tag = replayTag(new Uint8Array(this.#words.buffer));
  #count = 0;
  readonly bytes = REPLAY_TAG_BYTES;

  /** Lent until the next call. */
  next(): ReplayTag {
    this.#count++;
    for (let i = 0; i < this.#words.length; i++) {
      let x = Math.imul(this.#count * this.#words.length + i, 0x9e3779b9);
      x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
      x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
      this.#words[i] = x ^ (x >>> 16);
    }
    return this.#tag;
  }
}

/** How many calls between two looks at the clock, for looking takes longer than one call. */
const LOOK = 20;

/** CPU time of this thread: other programs do not count. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Of as many runs, each on what `begin` makes anew; by the clock on the wall, for the kernel counts CPU time in ticks of 4 ms. */
function longestOf(times: number, begin: () => () => unknown): Calls {
  const shortest = new Float64Array(Math.ceil(times / LOOK)).fill(Number.POSITIVE_INFINITY);
  let withPausesMs = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    const act = begin();
    let longest = 0;
    let last = performance.now();
    for (let look = 0; look < shortest.length; look++) {
      for (let j = 0; j < LOOK; j++) act();
      const now = performance.now();
      longest = Math.max(longest, now - last);
      shortest[look] = Math.min(shortest[look] as number, now - last);
      last = now;
    }
    withPausesMs = Math.min(withPausesMs, longest);
  }
  const longestMs = shortest.reduce((a, b) => Math.max(a, b), 0);
  return { longestMs: round(longestMs), withPausesMs: round(withPausesMs) };
}

/** Bytes of heap and buffers, garbage left out where the collector can be called (`node --expose-gc`). */
function memory(): number {
  const { gc } = globalThis as { gc?: () => void };
  // Buffers that the first one finds are freed beside it.
  gc?.();
  gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function print(rows: readonly Row[], growth: readonly { operation: string; growth: number }[]): void {
  for (const { what, entries, microseconds, bytesPerEntry, calls } of rows) {
    const times = Object.entries(microseconds).map(([name, time]) => `${name} ${time} µs`);
    console.log(
      `${what}, ${entries.toLocaleString("en")} entries: ${times.join(", ")}; ${bytesPerEntry} bytes each; longest 20 calls ${calls.longestMs} ms in every run, ${calls.withPausesMs} ms with pauses in the best`,
    );
  }
  console.log(
    `ten times as many: ${growth.map((g) => `${g.operation} × ${g.growth}`).join(", ")} (bar ${GROWTH_BAR}; longest 20 calls ${LONGEST_MS_BAR} ms)`,
  );
}

/** Microseconds. */
const perOperation = (ms: number): number => round((ms * 1000) / OPERATIONS);

const round = (value: number): number => Math.round(value * 1000) / 1000;
