/** A thread that takes one packet and dies of it. */

import { workerData } from "node:worker_threads";
import { JobMemory } from "#provider-server/mix/unwrapping/job-memory.ts";
import type { UnwrapWorkerData } from "#provider-server/mix/unwrapping/worker.ts";

const { thread, jobs, slots } = workerData as UnwrapWorkerData;
const memory = new JobMemory(jobs, slots);
for (;;) {
  const { bell } = memory;
  if (memory.take(thread) !== undefined) throw new Error("a planted fault");
  memory.sleep(bell);
}
