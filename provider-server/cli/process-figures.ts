/** What the system says of this process and its folders, when the figures are taken. */

import { statfsSync } from "node:fs";
import type { Gauges } from "../observe/figures.ts";
import { DISK_STEP_BYTES } from "../observe/limits.ts";

/** `disk`: where the database or the data directory lies; `memory`: the memory directory. */
export function processFigures(o: { disk?: string | undefined; memory?: string | undefined }): Gauges {
  const { user, system } = process.cpuUsage();
  const disk = o.disk === undefined ? undefined : freeBytes(o.disk);
  const memory = o.memory === undefined ? undefined : freeBytes(o.memory);
  return {
    ...(disk === undefined ? {} : { disk_free_bytes: Math.floor(disk / DISK_STEP_BYTES) * DISK_STEP_BYTES }),
    ...(memory === undefined ? {} : { memory_directory_free_bytes: memory }),
    cpu_seconds: Math.floor((user + system) / 1e6),
    resident_bytes: process.memoryUsage.rss(),
    up_seconds: Math.floor(process.uptime()),
  };
}

/** Undefined for a folder that cannot be asked about: somebody took it away. */
function freeBytes(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
