/**
 * How much of a node's room each node before it has taken. What is shared without a limit belongs to whoever sends most: one
 * link could fill it and have everybody else's packets dropped. Spec: docs/spec/06-mix.md §4
 */

import { toHex } from "#transport/core/bytes.ts";
import type { Link } from "#transport/link/link.ts";
import { LINKS_OF_NODE_MAX } from "../node/limits.ts";

/** One node before this one; the same whenever its link is broken and made again. */
export class Source {
  /** Packets of its that wait to be unwrapped. */
  waiting = 0;
  /** Packets of its that are held until they are due. */
  held = 0;
  /** Oldest first. */
  readonly #links = new Set<Link>();

  /** One link too many ends the oldest. */
  add(link: Link): void {
    const [oldest] = this.#links;
    if (oldest !== undefined && this.#links.size >= LINKS_OF_NODE_MAX) {
      this.#links.delete(oldest);
      oldest.close();
    }
    this.#links.add(link);
  }

  ended(link: Link): void {
    this.#links.delete(link);
  }
}

export class Sources {
  readonly #byKey = new Map<string, Source>();

  of(linkKey: Uint8Array): Source {
    const key = toHex(linkKey);
    const source = this.#byKey.get(key) ?? new Source();
    this.#byKey.set(key, source);
    return source;
  }

  /** Forgets nodes that no longer stand before this one; what they have here is counted to its end. */
  keep(stays: (linkKey: string) => boolean): void {
    for (const key of this.#byKey.keys()) if (!stays(key)) this.#byKey.delete(key);
  }
}

/**
 * Whether somebody who has taken `taken` may take one more where `free` are left. So one alone gets two thirds of everything,
 * several greedy ones get as much as each other, and something is left for whoever comes with little (Choudhury and Hahne,
 * "Dynamic queue length thresholds for shared-memory packet switches", IEEE/ACM Transactions on Networking 6(2), 1998).
 */
export const mayTake = (taken: number, free: number): boolean => taken < SHARE_OF_FREE * free;

const SHARE_OF_FREE = 2;
