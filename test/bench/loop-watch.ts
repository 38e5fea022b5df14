/** How long one thread is held up while something else goes on: what it would do to a tick that is due. */

export interface HeldUp {
  /** Longest time that the thread worked without looking at its timers: CPU time, so other programs do not count. */
  readonly workMs: number;
  /** Latest that a timer of 1 ms was, and the same but for one in a hundred. Other programs count. */
  readonly lateMs: number;
  readonly late99Ms: number;
}

/** Looks every millisecond while `work` goes on. */
export async function watchLoop(work: () => Promise<unknown>): Promise<HeldUp> {
  const late: number[] = [];
  let workMs = 0;
  let due = performance.now() + 1;
  let used = cpuMs();
  const look = (): void => {
    const now = performance.now();
    const cpu = cpuMs();
    late.push(Math.max(0, now - due));
    workMs = Math.max(workMs, cpu - used);
    used = cpu;
    due = now + 1;
  };
  const ticker = setInterval(look, 1);
  try {
    await work();
  } finally {
    look();
    clearInterval(ticker);
  }
  const sorted = late.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
  return { workMs, lateMs: at(1), late99Ms: at(0.99) };
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
