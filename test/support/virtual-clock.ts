/**
 * Time for tests: tasks run in the order (time, insertion), and time stands still between them. Between two tasks every
 * promise that can settle does settle, so that code which awaits runs as it would on a machine that is quick enough.
 */

import type { Cancel, Clock } from "#transport/core/clock.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";

export interface VirtualClockOptions {
  /** Where time begins. 0 unless given. */
  readonly start?: Milliseconds;
  /** A run that needs more tasks than this is a loop (a rate without its factor 1000, say) and throws. */
  readonly taskLimit?: number;
}

export class VirtualClock implements Clock {
  readonly #tasks = new TaskHeap();
  readonly #taskLimit: number;
  #now: number;
  #inserted = 0;
  #ran = 0;

  constructor(options: VirtualClockOptions = {}) {
    this.#now = Math.ceil(options.start ?? 0);
    this.#taskLimit = options.taskLimit ?? 5_000_000;
  }

  now(): Milliseconds {
    return milliseconds(this.#now);
  }

  at(time: Milliseconds, task: () => void): Cancel {
    // Whole milliseconds, never early: as a system's clock and timers.
    const entry: Task = { time: Math.max(Math.ceil(time), this.#now), order: this.#inserted++, run: task };
    this.#tasks.push(entry);
    return () => {
      entry.run = undefined;
    };
  }

  /** Runs all that is due up to and including `time`, then stands at `time`. */
  async runUntil(time: Milliseconds): Promise<void> {
    await settle();
    for (let next = this.#tasks.peek(); next !== undefined && next.time <= time; next = this.#tasks.peek()) {
      await this.#step();
    }
    this.#now = Math.max(this.#now, Math.floor(time));
  }

  /** Runs for `duration` from now. */
  runFor(duration: Milliseconds): Promise<void> {
    return this.runUntil(milliseconds(this.#now + duration));
  }

  /** Runs until `promise` settles and gives its value; throws when it has not within `limit` of virtual time. */
  async runUntilSettled<T>(promise: Promise<T>, limit: Milliseconds): Promise<T> {
    let settled = false;
    const watched = promise.finally(() => {
      settled = true;
    });
    watched.catch(() => undefined);
    await this.runWhile(() => !settled, limit);
    if (!settled) throw new Error(`nothing settled within ${limit} ms of virtual time`);
    return watched;
  }

  /** Runs while `condition` holds, for at most `limit` of virtual time; says whether the condition ended. */
  async runWhile(condition: () => boolean, limit: Milliseconds): Promise<boolean> {
    const end = this.#now + limit;
    await settle();
    while (condition()) {
      const next = this.#tasks.peek();
      if (next === undefined || next.time > end) {
        this.#now = Math.max(this.#now, Math.floor(end));
        return false;
      }
      await this.#step();
    }
    return true;
  }

  /** As `runUntil`, for code that decides times and waits for no promise: a hundred times as quick. */
  runAtOnceUntil(time: Milliseconds): void {
    for (let next = this.#tasks.peek(); next !== undefined && next.time <= time; next = this.#tasks.peek()) {
      this.#runNext();
    }
    this.#now = Math.max(this.#now, Math.floor(time));
  }

  get pending(): number {
    return this.#tasks.size;
  }

  /** Tasks that ran. */
  get ran(): number {
    return this.#ran;
  }

  async #step(): Promise<void> {
    this.#runNext();
    await settle();
  }

  #runNext(): void {
    const task = this.#tasks.pop();
    if (task?.run === undefined) return;
    if (++this.#ran > this.#taskLimit) throw new Error(`more than ${this.#taskLimit} tasks by ${this.#now} ms`);
    this.#now = Math.max(this.#now, task.time);
    task.run();
  }
}

/** Lets every promise job run that can; setImmediate comes after all of them. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

interface Task {
  readonly time: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** A binary heap on (time, order). */
class TaskHeap {
  readonly #items: Task[] = [];

  get size(): number {
    return this.#items.length;
  }

  peek(): Task | undefined {
    while (this.#items[0] !== undefined && this.#items[0].run === undefined) this.pop();
    return this.#items[0];
  }

  push(task: Task): void {
    const items = this.#items;
    let i = items.push(task) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (earlier(items[parent] as Task, task)) break;
      items[i] = items[parent] as Task;
      i = parent;
    }
    items[i] = task;
  }

  pop(): Task | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (first === undefined || last === undefined || first === last) return first;
    let i = 0;
    for (;;) {
      const left = 2 * i + 1;
      if (left >= items.length) break;
      const right = left + 1;
      const child = right < items.length && earlier(items[right] as Task, items[left] as Task) ? right : left;
      if (earlier(last, items[child] as Task)) break;
      items[i] = items[child] as Task;
      i = child;
    }
    items[i] = last;
    return first;
  }
}

const earlier = (a: Task, b: Task): boolean => a.time < b.time || (a.time === b.time && a.order < b.order);
