/**
 * What a node writes down: events with numbers, and per minute how many things were dropped for which reason; per hour, where
 * that depends on users' mail. The types leave no place for an address, a key or the time of one packet, and when drops are
 * told does not depend on when they came. Spec: docs/spec/06-mix.md §9
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
  #isStopped = false;

  /** With `metrics` drops are told when figures are taken: told apart, the two would show what came in between. */
  constructor(deps: { clock: Clock; sink: LogSink; metrics?: Metrics }) {
    const { clock, metrics } = deps;
    this.#sink = deps.sink;
    this.#metrics = metrics;
    const drops = (text: string, interval: Milliseconds): Drops => {
      const grid = metrics === undefined ? new Grid(clock, interval) : undefined;
      return new Drops((counts) => this.event(text, counts), grid);
    };
    this.#byMinute = drops("dropped", TAKE_INTERVAL);
    this.#byHour = drops("dropped within an hour", HOUR);
    metrics?.onTake((isHourOver) => {
      this.#byMinute.tell();
      if (isHourOver) this.#byHour.tell();
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
    if (this.#isStopped) return;
    const telling = tellingOf(reason);
    if (telling === "by the minute") this.#byMinute.add(reason);
    if (telling === "by the hour") this.#byHour.add(reason);
  }

  /**
   * The last call before the process ends. What was dropped in the minute and the hour that it cuts short is never told: a line
   * now could cover a second. Events are written still.
   */
  stop(): void {
    this.#isStopped = true;
    this.#byMinute.forget();
    this.#byHour.forget();
  }
}

/** Counts that are written together; with a grid, at its next point, else when told to. */
class Drops {
  readonly #write: (counts: Readonly<Record<string, number>>) => void;
  readonly #grid: Grid | undefined;
  readonly #counts = new Map<DropReason, number>();

  constructor(write: (counts: Readonly<Record<string, number>>) => void, grid: Grid | undefined) {
    this.#write = write;
    this.#grid = grid;
  }

  add(reason: DropReason): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    this.#grid?.want(() => this.tell());
  }

  tell(): void {
    if (this.#counts.size === 0) return;
    this.#write(Object.fromEntries([...this.#counts].toSorted(([a], [b]) => (a < b ? -1 : 1))));
    this.#counts.clear();
  }

  forget(): void {
    this.#grid?.stop();
    this.#counts.clear();
  }
}

/** Whole intervals since it was made. Waits only for a point at which somebody wants to be called. */
class Grid {
  readonly #clock: Clock;
  readonly #interval: Milliseconds;
  readonly #origin: Milliseconds;
  #last: number | undefined;
  #cancel: Cancel | undefined;

  constructor(clock: Clock, interval: Milliseconds) {
    this.#clock = clock;
    this.#interval = interval;
    this.#origin = clock.now();
  }

  want(task: () => void): void {
    this.#cancel ??= this.#clock.at(this.#next(), () => {
      this.#cancel = undefined;
      task();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Never the same twice: a timer that fires early, or a clock put back a little, would make an interval of moments. */
  #next(): Milliseconds {
    const over = Math.floor((this.#clock.now() - this.#origin) / this.#interval);
    const at = this.#origin + (over + 1) * this.#interval;
    this.#last = at === this.#last ? at + this.#interval : at;
    return milliseconds(this.#last);
  }
}
