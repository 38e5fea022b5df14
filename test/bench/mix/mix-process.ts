/** The mix under test: the daemon as `npm run provider -- run` starts it, with an observer that counts and a way to ask. */

import { readdirSync, readFileSync } from "node:fs";
import { answer } from "./ask.ts";
import { CpuProfile } from "./profile.ts";
import { type MixConfig, readConfig } from "#provider-server/cli/config.ts";
import { startMix } from "#provider-server/cli/start.ts";
import type { Observer } from "#provider-server/observe/observer.ts";

/** Departure less due, in whole milliseconds, the last for everything beyond; the node's clock has no finer hand. */
const late = new Uint32Array(10_000);
let arrived = 0;
let left = 0;
const drops: Record<string, number> = {};

const observer: Observer = {
  packetArrived() {
    arrived++;
  },
  packetLeft({ at, due }) {
    left++;
    const slot = Math.max(0, Math.min(late.length - 1, Math.ceil(at - due)));
    late[slot] = (late[slot] as number) + 1;
  },
  dropped({ reason }) {
    drops[reason] = (drops[reason] ?? 0) + 1;
  },
};

/** CPU time of each kind of thread by its name, in microseconds, as Linux counts it (proc(5), schedstat). */
function threads(): Record<string, number> {
  const times: Record<string, number> = {};
  for (const id of readdirSync("/proc/self/task")) {
    try {
      const name = readFileSync(`/proc/self/task/${id}/comm`, "utf8").trim();
      const nanoseconds = Number(readFileSync(`/proc/self/task/${id}/schedstat`, "utf8").split(" ")[0]);
      times[name] = (times[name] ?? 0) + nanoseconds / 1000;
    } catch {
      // It ended between the two calls.
    }
  }
  return times;
}

const running = await startMix(readConfig(process.argv[2] as string) as MixConfig, observer);
const profile = new CpuProfile();

answer(
  {
    /** Counters since the start, and what the process uses. */
    usage: () => ({
      arrived,
      left,
      late: late.slice(),
      drops: { ...drops },
      cpu: process.cpuUsage(),
      threadsUs: threads(),
    }),
    startProfile: () => profile.start(),
    stopProfile: () => profile.stop(),
    stop: () => running.stop(),
  },
  running.ready,
);
