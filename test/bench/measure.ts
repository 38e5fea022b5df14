/** Median CPU times of several tasks, measured in turns so that a noisy moment of the machine falls on all of them alike. */

import { threadCpuUs } from "./cpu-time.ts";

/** Microseconds each. One thread; `rounds` turns, in each of which every task runs `repeats` times. */
export function medianMicroseconds(
  tasks: Readonly<Record<string, () => void>>,
  { rounds, repeats }: { rounds: number; repeats: number },
): Record<string, number> {
  const names = Object.keys(tasks);
  const times = new Map(names.map((name) => [name, [] as number[]]));
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    for (const name of names) {
      const task = tasks[name] as () => void;
      const start = threadCpuUs();
      for (let i = 0; i < repeats; i++) task();
      if (round >= 0) times.get(name)?.push((threadCpuUs() - start) / repeats);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times.get(name) as number[])]));
}

/** Enough turns for the optimising compiler. */
const WARM_UP_ROUNDS = 15;

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}
