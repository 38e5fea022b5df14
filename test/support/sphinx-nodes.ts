/** Nodes with keys, and packets through them, without a network: for tests of the packet layer alone. */

import type { SuiteName } from "#transport/core/parameters.ts";
import { keyPeriodNumber, milliseconds, type NodeId, nodeId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Decapsulator } from "#transport/crypto/suite.ts";
import { geometryForPayload, HOPS_MAX } from "#transport/sphinx/geometry.ts";
import type { Hop, MixKeys, Path, Unwrapped } from "#transport/sphinx/packet.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";
import { SeededRandom } from "./seeded-random.ts";

export interface SphinxNode {
  readonly id: NodeId;
  readonly hop: Hop;
  readonly privateKey: Uint8Array;
  readonly key: Decapsulator;
  readonly keys: MixKeys;
}

export interface SphinxNodes {
  readonly sphinx: Sphinx;
  readonly random: SeededRandom;
  readonly nodes: readonly SphinxNode[];
  path(hops?: number): Path;
  unwrapAt(index: number, packet: Uint8Array): Unwrapped;
  /** Each hop's outcome in turn, up to the delivery. Throws what a hop throws. */
  travel(packet: Uint8Array): Unwrapped[];
}

export const TEST_PERIOD = keyPeriodNumber(40);

export async function sphinxNodes(options: {
  suite: SuiteName;
  implementation?: "native" | "portable";
  payloadBytes?: number;
  seed: string;
}): Promise<SphinxNodes> {
  const { suite: name, implementation = "native", payloadBytes = 1600, seed } = options;
  const suite = await loadSuite(name, implementation);
  const sphinx = new Sphinx({ suite, geometry: geometryForPayload({ suite: name, payloadBytes }) });
  const random = new SeededRandom(seed);
  const nodes = Array.from({ length: HOPS_MAX }, (_, i): SphinxNode => {
    const { privateKey, publicKey } = suite.kem.generate(random);
    const key = suite.kem.open(privateKey);
    const id = nodeId(random.bytes(32));
    const hop = { nodeId: id, mixKey: publicKey, delay: milliseconds(i * 700) };
    return { id, hop, privateKey, key, keys: { get: (period) => (period === TEST_PERIOD ? key : undefined) } };
  });
  const unwrapAt = (index: number, packet: Uint8Array): Unwrapped => {
    const node = nodes[index] as SphinxNode;
    return sphinx.unwrap(packet, node.keys, node.id);
  };
  return {
    sphinx,
    random,
    nodes,
    path: (hops = HOPS_MAX) => ({ period: TEST_PERIOD, hops: nodes.slice(0, hops).map(({ hop }) => hop) }),
    unwrapAt,
    travel(first) {
      const steps: Unwrapped[] = [];
      for (let packet = first; ; ) {
        const step = unwrapAt(steps.length, packet);
        steps.push(step);
        if (step.kind === "deliver") return steps;
        packet = step.packet;
      }
    },
  };
}
