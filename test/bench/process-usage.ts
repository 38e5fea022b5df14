/** What another process has used, as Linux counts it (proc(5)): asked from outside, so that the question costs the process nothing. */

import { readdirSync, readFileSync } from "node:fs";

export interface ResidentMemory {
  readonly residentBytes: number;
  /** Of them what is no file's: the kernel can drop pages of files, and reads them again when they are used. */
  readonly anonymousBytes: number;
}

/** CPU time of all threads that the process has now, in microseconds, by their names. */
export function threadTimes(pid: number): Record<string, number> {
  const times: Record<string, number> = {};
  for (const id of readdirSync(`/proc/${pid}/task`)) {
    try {
      const name = readFileSync(`/proc/${pid}/task/${id}/comm`, "utf8").trim();
      const nanoseconds = Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, "utf8").split(" ")[0]);
      times[name] = (times[name] ?? 0) + nanoseconds / 1000;
    } catch {
      // It ended between the two calls.
    }
  }
  return times;
}

/** How much each kind of thread has used since `before`. */
export function timesSince(before: Readonly<Record<string, number>>, pid: number): Record<string, number> {
  return Object.fromEntries(Object.entries(threadTimes(pid)).map(([name, us]) => [name, us - (before[name] ?? 0)]));
}

export const sum = (times: Readonly<Record<string, number>>): number =>
  Object.values(times).reduce((all, us) => all + us, 0);

export function memory(pid: number): ResidentMemory {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
  return { residentBytes: field("VmRSS"), anonymousBytes: field("RssAnon") };
}
