/** A node's log in tests: keeps its lines, writes none. */

import { Log } from "#provider-server/observe/log.ts";
import type { Clock } from "#transport/core/clock.ts";

export function keptLog(clock: Clock): { log: Log; lines: string[] } {
  const lines: string[] = [];
  return { log: new Log({ clock, sink: (line) => lines.push(line) }), lines };
}
