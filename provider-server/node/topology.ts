/**
 * Who stands behind and before a node on the ring: providers → layer 1 → layer 2 → layer 3 → providers. A node passes packets
 * on to those behind it and takes them from those before it, and from nobody else. Spec: docs/spec/06-mix.md §6
 */

import { toHex } from "#transport/core/bytes.ts";
import type { NodeId } from "#transport/core/units.ts";
import type { Consensus, NodeDescriptor } from "#transport/directory/model.ts";

export class Topology {
  readonly #behind = new Map<string, NodeDescriptor>();
  readonly #before = new Set<string>();

  /** From all consensuses in use, oldest first: what any of them allows is allowed, the newest address counts. */
  constructor(consensuses: readonly Consensus[], self: NodeId) {
    for (const { layers, providers } of consensuses) {
      const ring = [...layers, providers];
      const own = toHex(self);
      const stage = ring.findIndex((nodes) => nodes.some((node) => toHex(node.nodeId) === own));
      if (stage < 0) continue;
      for (const node of ring[(stage + 1) % ring.length] ?? []) this.#behind.set(toHex(node.nodeId), node);
      for (const node of ring[(stage + ring.length - 1) % ring.length] ?? []) this.#before.add(toHex(node.linkKey));
    }
  }

  /** The node behind this one with that id. */
  next(node: NodeId): NodeDescriptor | undefined {
    return this.#behind.get(toHex(node));
  }

  get nextHops(): readonly NodeDescriptor[] {
    return [...this.#behind.values()];
  }

  /** Whether a node with that link key stands before this one. */
  mayEnter(linkKey: Uint8Array): boolean {
    return this.#before.has(toHex(linkKey));
  }
}
