/**
 * What a node writes down: events with numbers, and per minute how many things were dropped for which reason; per hour, where
 * that depends on users' mail. The types leave no place for an address, a key or the time of one packet.
 */

import type { Cancel, Clock } from "#transport/core/clock.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";
import { type DropReason, tellingOf } from "./drop-reason.ts";
import { HOUR, TAKE_INTERVAL } from "./limits.ts";
import type { Metrics } from "./metrics.ts";

/** Where lines go; the daemon's writes to standard error, with the time. */
export type LogSink = (line: string) => void;

export class Log {
  readonly #sink: LogSink;
  readonly #metrics: Metrics | undefined;
  readonly #byMinute: Drops;
  readonly #byHour: Drops;

  constructor(deps: { clock: Clock; sink: LogSink; metrics?: Metrics }) {
    this.#sink = deps.sink;
    this.#metrics = deps.metrics;
    const write = (text: string, counts: Readonly<Record<string, number>>): void => this.event(text, counts);
    this.#byMinute = new Drops({
      clock: deps.clock,
      interval: TAKE_INTERVAL,
      write: (counts) => write("dropped", counts),
    });
    this.#byHour = new Drops({
      clock: deps.clock,
      interval: HOUR,
      write: (counts) => write("dropped within an hour", counts),
    });
  }

  /** A state that an operator wants to know of. `numbers` are counts, epochs and durations. */
  event(text: string, numbers: Readonly<Record<string, number>> = {}): void {
    const fields = Object.entries(numbers).map(([name, value]) => ` ${name}=${value}`);
    this.#sink(text + fields.join(""));
  }

  /** Counted now, written later: a line per packet would be a record of when each came. */
  drop(reason: DropReason): void {
    this.#metrics?.drop(reason);
    const telling = tellingOf(reason);
    if (telling === "by the minute") this.#byMinute.add(reason);
    if (telling === "by the hour") this.#byHour.add(reason);
  }

  /** Writes what was dropped since the last time; the last call before the process ends. */
  summary(): void {
    this.#byMinute.tell();
    this.#byHour.tell();
  }
}

/** Counts that are written together, an interval after the first of them. */
class Drops {
  readonly #deps: {
    readonly clock: Clock;
    readonly interval: Milliseconds;
    readonly write: (counts: Readonly<Record<string, number>>) => void;
  };
  readonly #counts = new Map<DropReason, number>();
  #cancel: Cancel | undefined;

  constructor(deps: {
    clock: Clock;
    interval: Milliseconds;
    write: (counts: Readonly<Record<string, number>>) => void;
  }) {
    this.#deps = deps;
  }

  add(reason: DropReason): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    const { clock, interval } = this.#deps;
    this.#cancel ??= clock.at(milliseconds(clock.now() + interval), () => this.tell());
  }

  tell(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#counts.size === 0) return;
    this.#deps.write(Object.fromEntries([...this.#counts].toSorted(([a], [b]) => (a < b ? -1 : 1))));
    this.#counts.clear();
  }
}
