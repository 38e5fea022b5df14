/** Waits for what other threads do, while a virtual clock goes on; gives up by number of looks, not by time. */

import { milliseconds } from "#transport/core/units.ts";
import type { VirtualClock } from "./virtual-clock.ts";

export async function until(clock: VirtualClock, holds: () => boolean): Promise<void> {
  for (let looks = 0; !holds(); looks++) {
    if (looks > LOOKS_MAX) throw new Error("what was waited for did not come");
    await new Promise((resolve) => setImmediate(resolve));
    await clock.runFor(milliseconds(1));
  }
}

const LOOKS_MAX = 1_000_000;
