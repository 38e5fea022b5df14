/** What somebody sees who watches all of one client's sockets: when a frame passes, which way, how long it is. */

import type { Milliseconds } from "#transport/core/units.ts";
import type { Tap } from "./network-in-memory.ts";

export interface Sighting {
  readonly at: Milliseconds;
  readonly direction: "out" | "in";
  readonly length: number;
}

export class Observer {
  readonly sightings: Sighting[] = [];
  #hasLeft = false;
  readonly tap: Tap = (sighting) => {
    if (!this.#hasLeft) this.sightings.push(sighting);
  };

  /** Sees nothing more. */
  leave(): void {
    this.#hasLeft = true;
  }

  /** Times and lengths of what left from `since` on. */
  out(length: number, since = 0): number[] {
    return this.sightings.filter((s) => s.direction === "out" && s.length === length && s.at >= since).map((s) => s.at);
  }

  /** The first sighting in which two observers differ, as text; undefined when they saw the same. */
  static difference(a: Observer, b: Observer): string | undefined {
    const count = Math.max(a.sightings.length, b.sightings.length);
    for (let i = 0; i < count; i++) {
      const [one, other] = [a.sightings[i], b.sightings[i]].map((s) => JSON.stringify(s));
      if (one !== other) return `sighting ${i}: ${one} and ${other}`;
    }
    return undefined;
  }
}
