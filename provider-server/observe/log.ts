/**
 * What a node writes down: events with numbers, and per minute how many things were dropped for which reason. The types
 * leave no place for an address, a key or the time of one packet.
 */

import type { Cancel, Clock } from "#transport/core/clock.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";
import type { DropReason } from "./drop-reason.ts";
import type { Metrics } from "./metrics.ts";

/** Where lines go; the daemon's writes to standard error, with the time. */
export type LogSink = (line: string) => void;

export class Log {
  readonly #clock: Clock;
  readonly #sink: LogSink;
  readonly #metrics: Metrics | undefined;
  readonly #drops = new Map<DropReason, number>();
  #cancelSummary: Cancel | undefined;

  constructor(deps: { clock: Clock; sink: LogSink; metrics?: Metrics }) {
    this.#clock = deps.clock;
    this.#sink = deps.sink;
    this.#metrics = deps.metrics;
  }

  /** A state that an operator wants to know of. `numbers` are counts, epochs and durations. */
  event(text: string, numbers: Readonly<Record<string, number>> = {}): void {
    const fields = Object.entries(numbers).map(([name, value]) => ` ${name}=${value}`);
    this.#sink(text + fields.join(""));
  }

  /** Counted now, written with the next minute's summary: a line per packet would be a record of when each came. */
  drop(reason: DropReason): void {
    this.#metrics?.drop(reason);
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + 1);
    if (this.#cancelSummary !== undefined) return;
    this.#cancelSummary = this.#clock.at(milliseconds(this.#clock.now() + SUMMARY_INTERVAL), () => this.summary());
  }

  /** Writes what was dropped since the last time; the last call before the process ends. */
  summary(): void {
    this.#cancelSummary?.();
    this.#cancelSummary = undefined;
    if (this.#drops.size === 0) return;
    this.event("dropped", Object.fromEntries([...this.#drops].toSorted(([a], [b]) => (a < b ? -1 : 1))));
    this.#drops.clear();
  }
}

const SUMMARY_INTERVAL: Milliseconds = milliseconds(60_000);
