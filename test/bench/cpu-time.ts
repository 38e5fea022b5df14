/** CPU time of the thread that asks: on a busy machine the clock on the wall measures what other programs do. */

const nobody = new Int32Array(new SharedArrayBuffer(4));

/**
 * In microseconds, user and kernel. Linux counts a thread's time when the thread leaves the core or a timer ticks, every few
 * milliseconds: a short sleep before the question makes the answer exact (0 to 4 ms without, within some microseconds with it).
 */
export function threadCpuUs(): number {
  Atomics.wait(nobody, 0, 0, SLEEP_MS);
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

const SLEEP_MS = 0.05;

/** Microseconds of one run: on average over a block of runs, in the best of several blocks; the first are for the compiler. */
export function cpuOf(work: () => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let block = 0; block < BLOCKS; block++) {
    const before = threadCpuUs();
    for (let i = 0; i < RUNS; i++) work();
    least = Math.min(least, (threadCpuUs() - before) / RUNS);
  }
  return least;
}

const BLOCKS = 8;
const RUNS = 200;
