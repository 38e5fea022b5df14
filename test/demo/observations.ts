/**
 * What the processes of the demo saw, put together by the tags that a packet's sender and the node at each hop both know.
 * Only observers that test code injects tell such things; no node or client does so by itself.
 */

/** From a node: a packet arrived, and how long its sender wanted it held (absent at the last hop). */
export interface HopSeen {
  readonly tag: string;
  readonly node: string;
  readonly arrivedAt: number;
  /** Told with the arrival. */
  readonly period?: number;
  readonly drawnDelayMs?: number;
}

/** From a mix: a packet that it held was handed to the link; `sent` is false when the link was down. */
export interface LeftSeen {
  readonly tag: string;
  readonly sent: boolean;
}

/** From a provider: what a packet brought is on its disk. */
export interface StoredSeen {
  readonly tag: string;
}

/** From a node: it dropped something, and why. */
export interface DropSeen {
  readonly reason: string;
}

/** From a client: a fragment left, and the tags that its packet has at each hop. */
export interface FragmentSeen {
  readonly messageId: string;
  readonly index: number;
  readonly tags: readonly string[];
  readonly at: number;
}

/** From a client: a fragment of a mail to it is on its disk. */
export interface FragmentTaken {
  readonly messageId: string;
  readonly index: number;
  readonly at: number;
}

/** From a client: a slot was sent, whatever it carried. */
export interface SlotSeen {
  readonly carried: string;
  readonly at: number;
}

export class Observations {
  readonly #hops = new Map<string, HopSeen>();
  readonly #fragments: FragmentSeen[] = [];
  readonly #slots: SlotSeen[] = [];

  /** Nodes tell twice of a packet that they hold: that it arrived, and what its delay is. */
  addHop(seen: HopSeen): void {
    const { arrivedAt } = this.#hops.get(seen.tag) ?? seen;
    this.#hops.set(seen.tag, { ...this.#hops.get(seen.tag), ...seen, arrivedAt });
  }

  addFragment(seen: FragmentSeen): void {
    this.#fragments.push(seen);
  }

  addSlot(seen: SlotSeen): void {
    this.#slots.push(seen);
  }

  /** The way of the first fragment's packet that came through, hop by hop; empty when none has. */
  wayOfFirstFragment({ since }: { since: number }): readonly HopSeen[] {
    for (const { index, tags, at } of this.#fragments) {
      if (at < since || index !== 0) continue;
      const hops = tags.map((tag) => this.#hops.get(tag));
      if (hops.every((hop) => hop !== undefined)) return hops;
    }
    return [];
  }

  /** Packets that carried nothing of a user's, in a stretch of time. */
  coverBetween(from: number, to: number): number {
    return this.#slots.filter(({ carried, at }) => at >= from && at <= to && (carried === "loop" || carried === "drop"))
      .length;
  }
}
