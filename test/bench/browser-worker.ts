/** What one slot and one entry cost in a browser's worker: runs there, for `npm run bench -- browser`. */

import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { WebRandom } from "#transport/core/system-web-random.ts";
import { portableSuite } from "#transport/crypto/portable.ts";
import { slotWork } from "./slot-work.ts";

export interface BrowserMeasures {
  /** Milliseconds, median and 99th hundredth of the runs. */
  readonly wrap: readonly [median: number, p99: number];
  readonly collect: readonly [median: number, p99: number];
  readonly open: readonly [median: number, p99: number];
}

const RUNS = 200;

const { addEventListener, postMessage } = globalThis as unknown as {
  readonly addEventListener: (type: "message", listener: () => void) => void;
  readonly postMessage: (said: object) => void;
};

addEventListener("message", () => postMessage(measure()));

function measure(): BrowserMeasures {
  const { wrap, collect, open } = slotWork(portableSuite(LIVE_PARAMETERS.suite), new WebRandom());
  return { wrap: timed(wrap), collect: timed(collect), open: timed(open) };
}

function timed(work: () => unknown): readonly [number, number] {
  for (let i = 0; i < 20; i++) work();
  const times = Array.from({ length: RUNS }, () => {
    const before = performance.now();
    work();
    return performance.now() - before;
  }).toSorted((a, b) => a - b);
  return [times[RUNS / 2] as number, times[Math.floor(RUNS * 0.99)] as number];
}
