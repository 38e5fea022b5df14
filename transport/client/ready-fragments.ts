/**
 * The fragments that the coming slots may take, read from the disk ahead of their tick: a slot cannot wait for a disk, and memory
 * cannot hold all that waits. Spec: docs/spec/01-message.md §2
 */

import type { Milliseconds } from "../core/units.ts";
import { FRAGMENTS_READY, MESSAGES_READY_MAX } from "./limits.ts";
import type { Outgoing } from "./outgoing.ts";
import type { ClientStore } from "./store.ts";

/** A message with its place in the queue. */
export interface Item {
  readonly outgoing: Outgoing;
  readonly order: number;
  /** Data by index, ready for a slot. */
  readonly ready: Map<number, Uint8Array>;
  readonly loading: Set<number>;
}

/** Begins to read what is not there yet: of the oldest messages and of those with least left. */
export function fillReady(o: { items: Iterable<Item>; now: Milliseconds; store: ClientStore }): void {
  for (const item of candidates(o.items)) {
    for (const index of item.outgoing.waiting(o.now, FRAGMENTS_READY)) {
      if (!item.ready.has(index) && !item.loading.has(index)) void load(item, index, o.store);
    }
  }
}

function candidates(items: Iterable<Item>): Iterable<Item> {
  const waiting = [...items].filter(({ outgoing }) => outgoing.left > 0);
  if (waiting.length <= MESSAGES_READY_MAX) return waiting;
  const least = waiting.toSorted((a, b) => a.outgoing.left - b.outgoing.left || a.order - b.order);
  const half = MESSAGES_READY_MAX / 2;
  return new Set([...waiting.slice(0, half), ...least.slice(0, half)]);
}

async function load({ outgoing, ready, loading }: Item, index: number, store: ClientStore): Promise<void> {
  const { message, needed } = outgoing;
  loading.add(index);
  try {
    const data = index < needed ? await store.outgoingData(message.id, index) : new Uint8Array(0);
    if (!outgoing.isFinished) ready.set(index, data);
  } catch {
    // The store is closing, or damaged: the slot carries a drop, and the next change tries again.
  } finally {
    loading.delete(index);
  }
}
