/** Packets with a mark: at which hop, in which part, and what is left of it at the end. Spec: docs/spec/03-sphinx.md §3 */

import assert from "node:assert/strict";
import type { SphinxNodes } from "#test/support/sphinx-nodes.ts";
import { type Geometry, MAC_BYTES, PREFIX_BYTES } from "#transport/sphinx/geometry.ts";

/** Name, first byte and the one behind the last of each part of a header. */
export function headerFields({ ciphertextBytes, headerBytes }: Geometry): [string, number, number][] {
  const routing = PREFIX_BYTES + ciphertextBytes;
  return [
    ["version", 0, 1],
    ["suite", 1, 2],
    ["key period", 2, PREFIX_BYTES],
    ["KEM ciphertext", PREFIX_BYTES, routing],
    ["routing block", routing, headerBytes - MAC_BYTES],
    ["MAC", headerBytes - MAC_BYTES, headerBytes],
  ];
}

/** The packet as each hop of its path gets it. */
export function stages(network: SphinxNodes, packet: Uint8Array): Uint8Array[] {
  const onward = network.travel(packet).flatMap((step) => (step.kind === "forward" ? [step.packet] : []));
  return [packet, ...onward];
}

/** With one bit of byte `at` of the payload marked before a hop (from 0), what is delivered has nothing of payload or mark. */
export function assertNoTrace(
  network: SphinxNodes,
  { whole, payload, hop, at }: { whole: Uint8Array; payload: Uint8Array; hop: number; at: number },
): void {
  let step = network.unwrapAt(hop, flip(whole, whole.length - payload.length + at, at % 8));
  for (let next = hop + 1; step.kind === "forward"; next++) step = network.unwrapAt(next, step.packet);
  let ones = 0;
  for (let i = 0; i < payload.length; i++) ones += BITS[(step.payload[i] as number) ^ (payload[i] as number)] as number;
  const bits = payload.length * 8;
  // A random difference: half of the bits, within seven standard deviations (one in 400 billion by chance).
  const where = `hop ${hop + 1}, byte ${at}: ${ones} of ${bits} bits differ`;
  assert.ok(step.payload.length === payload.length && Math.abs(ones - bits / 2) < 3.5 * Math.sqrt(bits), where);
}

export function flip(bytes: Uint8Array, at: number, bit = 0): Uint8Array {
  return bytes.with(at, (bytes[at] as number) ^ (1 << bit));
}

const BITS = Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll("0", "").length);
