/** When the last fault that touched a machine was over, from what the faults say alone. */

import { type Cast, type Fault, machinesOf } from "./faults.ts";

export class Calm {
  readonly #spans: readonly { machines: ReadonlySet<string>; from: number; to: number; kind: Fault["kind"] }[];

  /** Times are milliseconds after the beginning. */
  constructor(faults: readonly Fault[], cast: Cast) {
    this.#spans = faults.map((fault) => {
      const { from, lasts } = fault.span ?? { from: 0, lasts: Number.POSITIVE_INFINITY };
      return {
        kind: fault.kind,
        machines: new Set(namesIn(fault).flatMap((word) => machinesOf(word, cast))),
        from: from * 1000,
        to: (from + lasts) * 1000,
      };
    });
  }

  /** The end of the last fault that had begun by `now`: Infinity while one lasts, -Infinity when there was none. */
  since(machine: string, now: number): number {
    return this.#latest(now, ({ machines }) => machines.has(machine));
  }

  /** The same for everything that happens to anybody, weather included. */
  sinceAll(now: number): number {
    return this.#latest(now, () => true);
  }

  /** Whether its clock is set at any time. */
  setsClock(machine: string): boolean {
    return this.#spans.some(({ kind, machines }) => kind === "clock" && machines.has(machine));
  }

  /** Whether a fault that keeps a machine from being heard, or sets its clock, touched one in that time. */
  isHit(machines: readonly string[], from: number, to: number): boolean {
    return this.#spans.some(
      (span) => span.from < to && span.to > from && machines.some((name) => span.machines.has(name)),
    );
  }

  #latest(now: number, which: (span: { machines: ReadonlySet<string>; kind: Fault["kind"] }) => boolean): number {
    let latest = Number.NEGATIVE_INFINITY;
    for (const span of this.#spans) {
      if (span.from > now || !which(span)) continue;
      latest = Math.max(latest, span.to > now ? Number.POSITIVE_INFINITY : span.to);
    }
    return latest;
  }
}

function namesIn(fault: Fault): readonly string[] {
  if ("machines" in fault) return fault.machines;
  return fault.kind === "partition" ? fault.sets.flat() : [];
}
