/** The project's own packet vectors: regenerated, followed by both implementations, and refused by whom they say. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { isTransportError } from "#test/support/errors.ts";
import {
  type PacketVectors,
  packetVectors,
  type RefusedVector,
  type StepVector,
} from "#test/support/packet-vectors.ts";
import { readVectors } from "#test/support/vectors.ts";
import { fromHex, toHex } from "#transport/core/bytes.ts";
import { type KeyPeriod, nodeId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import type { Delivered } from "#transport/sphinx/packet.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";

for (const name of ["x25519", "xwing"] as const) {
  const vectors = readVectors(`packets-${name}`) as PacketVectors;

  test(`${name}: the committed vectors are what their generator makes`, async () => {
    assert.deepEqual(await packetVectors(name), vectors);
  });

  for (const implementation of ["portable", "native"] as const) {
    const network = openNetwork(vectors, await loadSuite(name, implementation));

    test(`${name}, ${implementation}: every hop of every packet derives and forwards what the vectors say`, () => {
      for (const { hops, packet, steps, command, recipient, payload } of vectors.packets) {
        assert.equal(steps.length, hops);
        const delivered = network.follow(fromHex(packet), steps);
        assert.equal(delivered.command, command);
        assert.equal(toHex(delivered.recipient), recipient);
        assert.equal(toHex(delivered.payload), payload);
      }
    });

    test(`${name}, ${implementation}: every reply reaches its mailbox and opens`, () => {
      for (const { surb, replyKey, body, packet, steps, mailbox, surbId, payloadDigest } of vectors.surbs) {
        assert.ok(packet.startsWith(surb.slice(0, network.sphinx.geometry.headerBytes * 2)));
        const delivered = network.follow(fromHex(packet), steps);
        assert.equal(delivered.command, "reply");
        assert.equal(toHex(delivered.recipient), mailbox);
        assert.equal(toHex(delivered.surbId), surbId);
        assert.equal(toHex(network.sphinx.suite.blake2b(delivered.payload)), payloadDigest);
        const opened = network.sphinx.openReply({ replyKey: fromHex(replyKey), payload: delivered.payload });
        assert.equal(toHex(opened), body);
      }
    });

    test(`${name}, ${implementation}: every bad packet is refused by whom its vector names, always alike`, () => {
      const good = vectors.packets.at(-1);
      assert.ok(good);
      for (const vector of vectors.refused) {
        const outcome = network.send(fromHex(vector.packet ?? good.packet), vector);
        assert.deepEqual(outcome.refusedBy, vector.refusedBy, vector.name);
        if (outcome.error !== undefined) {
          assert.ok(isTransportError("UNWRAP_FAILED")(outcome.error), vector.name);
          assert.deepEqual(Object.keys(outcome.error as object), Object.keys(network.refusal), vector.name);
          assert.equal((outcome.error as Error).message, (network.refusal as Error).message, vector.name);
        }
      }
    });
  }
}

/** The vectors' nodes, each with a replay log, and a recipient who knows the payload that was meant for it. */
function openNetwork(vectors: PacketVectors, suite: Suite) {
  const sphinx = new Sphinx({ suite, geometry: geometry({ suite: vectors.suite, packetBytes: vectors.packetBytes }) });
  const nodes = vectors.nodes.map((node) => {
    const key = suite.kem.open(fromHex(node.privateKey));
    assert.equal(toHex(key.publicKey), node.publicKey);
    // Keys of the neighbouring periods too: a packet must not open with the wrong one.
    const other = suite.kem.open(suite.blake2b(fromHex(node.privateKey)));
    const held = new Map([
      [vectors.period, key],
      [vectors.period - 1, other],
    ]);
    return { id: nodeId(fromHex(node.nodeId)), keys: { get: (period: KeyPeriod) => held.get(period) } };
  });
  type Hop = (typeof nodes)[number];
  const unwrapAt = (hop: Hop, packet: Uint8Array) => sphinx.unwrap(packet, hop.keys, hop.id);

  function follow(first: Uint8Array, steps: readonly StepVector[]): Delivered {
    let packet = first;
    for (const [i, expected] of steps.entries()) {
      const before = packet.slice();
      const step = unwrapAt(nodes[i] as Hop, packet);
      assert.deepEqual(packet, before, "unwrap leaves its argument as it is");
      assert.equal(toHex(step.tag), expected.tag);
      assert.equal(toHex(step.tag), expected.hopSecret.slice(-32));
      if (step.kind === "deliver") {
        assert.equal(i, steps.length - 1);
        return step;
      }
      assert.equal(toHex(step.next), expected.next);
      assert.equal(step.delay, expected.delay);
      assert.equal(toHex(suite.blake2b(step.packet)), expected.packetDigest);
      packet = step.packet;
    }
    throw new assert.AssertionError({ message: "the last hop did not deliver" });
  }

  function send(
    first: Uint8Array,
    vector: RefusedVector,
  ): { refusedBy: RefusedVector["refusedBy"] | "nobody"; error?: unknown } {
    const seen = new Set<string>();
    if (vector.refusedBy === "replay log") seen.add(toHex(unwrapAt(nodes[0] as Hop, first).tag));
    let packet = first;
    for (const [i, node] of nodes.entries()) {
      if (vector.edit !== undefined && i === vector.after) packet = edited(packet, vector.edit);
      try {
        const step = unwrapAt(node, packet);
        if (seen.has(toHex(step.tag))) return { refusedBy: "replay log" };
        if (step.kind === "deliver") {
          const meant = vectors.packets.at(-1)?.payload;
          return { refusedBy: toHex(step.payload) === meant ? "nobody" : "recipient" };
        }
        packet = step.packet;
      } catch (error) {
        return { refusedBy: (i + 1) as 1 | 2 | 3 | 4, error };
      }
    }
    return { refusedBy: "nobody" };
  }

  let refusal: unknown;
  try {
    unwrapAt(nodes[0] as Hop, new Uint8Array(0));
  } catch (error) {
    refusal = error;
  }
  return { sphinx, follow, send, refusal: refusal as object };
}

function edited(
  packet: Uint8Array,
  { at = 0, xor = "", set = "", length }: NonNullable<RefusedVector["edit"]>,
): Uint8Array {
  const result = packet.slice();
  result.set(fromHex(set), at);
  for (const [i, byte] of fromHex(xor).entries()) result[at + i] = (result[at + i] as number) ^ byte;
  if (length === undefined) return result;
  const resized = new Uint8Array(length);
  resized.set(result.subarray(0, length));
  return resized;
}
