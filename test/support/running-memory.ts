/** What a machine knows of the time by how long it has run, in a folder that ends with the test. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type ClockMemory, FileClockMemory } from "#provider-server/node/clock-memory.ts";
import type { Milliseconds } from "#transport/core/units.ts";

export function runningMemory(t: TestContext, uptime: () => Milliseconds): ClockMemory {
  const folder = mkdtempSync(join(tmpdir(), "starling-running-memory-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return new FileClockMemory(folder, uptime);
}
