/** A thread that dies while it takes its first packet: after as many changes to what is shared as it is told, or of having taken it. */

import { workerData } from "node:worker_threads";
import { JobMemory } from "#provider-server/mix/unwrapping/job-memory.ts";
import type { UnwrapWorkerData } from "#provider-server/mix/unwrapping/worker.ts";

const { thread, jobs, slots, changes } = workerData as UnwrapWorkerData & { readonly changes: number };
const { compareExchange, store } = Atomics;
let made = 0;
function dieInTime<T>(result: T): T {
  if (++made === changes) throw new Error("a planted fault");
  return result;
}
Object.assign(Atomics, {
  compareExchange: (...args: Parameters<typeof compareExchange>) => dieInTime(compareExchange(...args)),
  store: (...args: Parameters<typeof store>) => dieInTime(store(...args)),
});

const memory = new JobMemory(jobs, slots);
for (;;) {
  const { bell } = memory;
  if (memory.take(thread) !== undefined) throw new Error("a planted fault");
  memory.sleep(bell);
}
