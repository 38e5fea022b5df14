/** What was lost where, and when: what the end of a packet's way is explained with. */

import type { DropReason } from "#provider-server/observe/drop-reason.ts";

/** What ended as it was meant to, copies of what was accepted before, and nodes' own loops. */
const HARMLESS: ReadonlySet<DropReason> = new Set<DropReason>(["COVER", "REPLAY", "DUPLICATE", "LOOP_UNKNOWN"]);

export class Places {
  readonly #drops = new Map<string, { at: number; reason: DropReason }>();
  readonly #gone = new Map<string, number>();
  /** By the machine that sent. */
  readonly #lines = new Map<string, number>();

  dropped(machine: string, at: number, reason: DropReason): void {
    if (!HARMLESS.has(reason)) this.#drops.set(machine, { at, reason });
  }

  /** The machine's process is gone. */
  gone(machine: string, at: number): void {
    this.#gone.set(machine, at);
  }

  lostOnLine(from: string, at: number): void {
    this.#lines.set(from, at);
  }

  /** What happened since `at` to which a packet may have fallen victim that was last seen at these machines. */
  causeSince(at: number, machines: readonly string[]): string | undefined {
    for (const machine of machines) {
      if ((this.#gone.get(machine) ?? Number.NEGATIVE_INFINITY) >= at) return `${machine} ended`;
      const drop = this.#drops.get(machine);
      if (drop !== undefined && drop.at >= at) return `dropped: ${drop.reason}`;
      if ((this.#lines.get(machine) ?? Number.NEGATIVE_INFINITY) >= at) return `lost on a line of ${machine}`;
    }
    return undefined;
  }
}
