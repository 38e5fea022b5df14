/**
 * What was given to whom, so that several answers under way do not carry the same entry. In memory only, and no longer than it
 * matters: of boxes from which nobody collects nothing is held. Spec: docs/spec/17-boxes.md §3.2
 */

import { COLLECT_DELAY_MAX, TAKEN_BITS } from "#transport/box/limits.ts";
import type { CollectRequest } from "#transport/box/requests.ts";
import type { Clock } from "#transport/core/clock.ts";
import type { Milliseconds } from "#transport/core/units.ts";

interface Reader {
  /** Of the newest request. */
  asked: Milliseconds;
  cursor: number;
  taken: bigint;
  /** By number, when; only those that may still be on their way. */
  readonly given: Map<number, Milliseconds>;
}

export class GivenEntries {
  readonly #clock: Clock;
  readonly #lostAfter: Milliseconds;
  /** In the order of their newest requests. */
  readonly #readers = new Map<string, Reader>();

  constructor(deps: { clock: Clock; lostAfter: Milliseconds }) {
    this.#clock = deps.clock;
    this.#lostAfter = deps.lostAfter;
  }

  get readers(): number {
    return this.#readers.size;
  }

  asked(key: string, { cursor, taken }: Pick<CollectRequest, "cursor" | "taken">): void {
    const now = this.#clock.now();
    this.#forget(now);
    const given = this.#readers.get(key)?.given ?? new Map<number, Milliseconds>();
    for (const [number, at] of given) if (at <= now - this.#lostAfter) given.delete(number);
    this.#readers.delete(key);
    this.#readers.set(key, { asked: now, cursor, taken, given });
  }

  cursor(key: string): number {
    return this.#readers.get(key)?.cursor ?? 0;
  }

  /** Whether an entry behind the cursor is neither taken nor on its way. */
  isWanted(key: string, number: number): boolean {
    const reader = this.#readers.get(key);
    if (reader === undefined || reader.given.has(number)) return false;
    const bit = number - reader.cursor - 1;
    return bit >= TAKEN_BITS || ((reader.taken >> BigInt(bit)) & 1n) === 0n;
  }

  give(key: string, number: number): void {
    this.#readers.get(key)?.given.set(number, this.#clock.now());
  }

  /** Those whose last answer left so long ago that their next request would find it lost. */
  #forget(now: Milliseconds): void {
    for (const [key, { asked }] of this.#readers) {
      // A clock put back would keep them for as long.
      const age = Math.abs(now - asked);
      if (age <= COLLECT_DELAY_MAX + this.#lostAfter) return;
      this.#readers.delete(key);
    }
  }
}
