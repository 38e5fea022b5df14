/**
 * Tells the nodes before this one that it is there: one byte on each of their links at a fixed pace, whatever passes. Without it
 * who sends packets into a dead line hears of it from the system alone, after a quarter of an hour. Spec: docs/spec/05-link.md §4
 */

import type { Cancel, Clock } from "#transport/core/clock.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";
import { encodeFrame } from "#transport/link/frame.ts";
import type { Link } from "#transport/link/link.ts";

const ALIVE = encodeFrame({ type: "alive" }, { packetBytes: 0, payloadBytes: 0 });

export class Alive {
  readonly #clock: Clock;
  readonly #links: Iterable<Link>;
  readonly #interval: Milliseconds;
  #cancel: Cancel | undefined;

  /** `links`: those that others opened to this node, as they are at the time. */
  constructor(options: { clock: Clock; links: Iterable<Link>; interval: Milliseconds }) {
    this.#clock = options.clock;
    this.#links = options.links;
    this.#interval = options.interval;
  }

  start(): void {
    this.#cancel = this.#clock.at(milliseconds(this.#clock.now() + this.#interval), () => {
      for (const link of this.#links) link.send(ALIVE);
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
  }
}
