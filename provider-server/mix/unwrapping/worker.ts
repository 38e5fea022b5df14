/** A thread that unwraps: takes a packet, opens it in place, says what came out, and sleeps when there is none. */

import { workerData } from "node:worker_threads";
import type { SuiteName } from "#transport/core/parameters.ts";
import { withSecret } from "#transport/core/secret.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import type { KeyPeriod, NodeId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { selfTest } from "#transport/crypto/self-test.ts";
import type { Decapsulator } from "#transport/crypto/suite.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { packetSelfTest } from "#transport/sphinx/packet-self-test.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";
import { unwrapPacket } from "../mix.ts";
import { type JobBuffers, JobMemory } from "./job-memory.ts";
import { KeyTable } from "./key-table.ts";
import { NAPS_MAX } from "./limits.ts";
import { writeResult } from "./result.ts";

export interface UnwrapWorkerData {
  readonly thread: number;
  readonly suite: SuiteName;
  readonly nodeId: NodeId;
  readonly jobs: JobBuffers;
  readonly slots: number;
  readonly keys: SharedArrayBuffer;
}

const { thread, suite: name, nodeId, jobs, slots, keys: keyMemory } = workerData as UnwrapWorkerData;
const memory = new JobMemory(jobs, slots);
const table = new KeyTable(keyMemory);
const suite = await loadSuite(name, "native");
selfTest(suite);
const sphinx = new Sphinx({ suite, geometry: geometry({ suite: name, packetBytes: jobs.packetBytes }) });
packetSelfTest(sphinx, new SystemRandom());
const open = new Map<KeyPeriod, Decapsulator>();
let keysSeen: number | undefined;

let naps = 0;

for (;;) {
  const { bell } = memory;
  if (memory.isStopped) break;
  if (memory.keys !== keysSeen) takeKeys();
  const slot = memory.take(thread);
  if (slot !== undefined) {
    unwrap(slot);
    naps = 0;
  } else if (naps++ < NAPS_MAX) memory.nap();
  else memory.sleep(bell);
}
for (const key of open.values()) key.destroy();

function unwrap(slot: number): void {
  const packet = memory.packet(slot);
  const unwrapped = unwrapPacket(packet, {
    unwrap: (bytes, keys, self) => sphinx.unwrap(bytes, keys, self, packet),
    keys: open,
    nodeId,
  });
  writeResult(memory.result(slot), unwrapped);
  memory.finish(slot);
}

/** Opens those that came and lets go of those that went, then says so. */
function takeKeys(): void {
  const seen = memory.keys;
  const periods = new Set(table.periods());
  for (const [period, key] of open) {
    if (periods.has(period)) continue;
    key.destroy();
    open.delete(period);
  }
  for (const period of periods) {
    const privateKey = open.has(period) ? undefined : table.take(period);
    if (privateKey !== undefined)
      open.set(
        period,
        withSecret(privateKey, (secret) => suite.kem.open(secret)),
      );
  }
  keysSeen = seen;
  memory.confirmKeys(thread, seen);
}
