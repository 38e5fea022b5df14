/**
 * Path length: padding of a known value told the last hop of the first Sphinx implementations how many hops came before it
 * (Kuhn et al., S&P 2020, §4.1). Ours is random, and everything a hop can see has one length.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { naiveKeys } from "#test/support/naive-sphinx.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { sphinxNodes, TEST_PERIOD } from "#test/support/sphinx-nodes.ts";
import { FINAL_BYTES } from "#transport/sphinx/geometry.ts";

for (const suite of ["x25519", "xwing"] as const) {
  test(`${suite}: behind its own block the last hop finds noise, whatever the path's length`, async () => {
    const network = await sphinxNodes({ suite, seed: `length ${suite}` });
    const { sphinx, random, nodes } = network;
    const { geometry } = sphinx;
    for (const hops of [1, 2, 3, 4]) {
      let { packet } = sphinx.wrap({
        path: network.path(hops),
        destination: { command: "mailbox", recipient: random.bytes(32) },
        payload: random.bytes(geometry.payloadBytes),
        random,
      });
      for (let hop = 0; hop < hops - 1; hop++) {
        const step = network.unwrapAt(hop, packet);
        assert.ok(step.kind === "forward");
        packet = step.packet;
      }
      // What a curious last hop can decrypt: its whole routing block, the zeros it appends included.
      const last = nodes[hops - 1];
      assert.ok(last);
      const ciphertext = packet.slice(6, 6 + geometry.ciphertextBytes);
      const secret = last.key.decapsulate(ciphertext);
      assert.ok(secret);
      const keys = naiveKeys(suite, TEST_PERIOD, last.id, ciphertext, secret);
      const block = new Uint8Array(geometry.routingBytes + geometry.forwardBytes);
      block.set(packet.subarray(6 + geometry.ciphertextBytes, geometry.headerBytes - 32));
      sphinx.suite.chacha20InPlace(keys.routing, block);
      const rest = block.subarray(FINAL_BYTES);
      assertNoise(rest, `${hops} hops`);
      // Region by region too: where blocks of further hops would stand.
      for (let at = 0; at + geometry.forwardBytes <= rest.length; at += geometry.forwardBytes) {
        assertNoise(rest.subarray(at, at + geometry.forwardBytes), `${hops} hops, block at ${at}`);
      }
    }
  });

  test(`${suite}: packets of every path length and purpose have one length and one visible prefix`, async () => {
    const network = await sphinxNodes({ suite, seed: `shape ${suite}` });
    const { sphinx, random } = network;
    const payload = random.bytes(sphinx.geometry.payloadBytes);
    const shapes = new Set<string>();
    for (const hops of [1, 2, 3, 4]) {
      for (const command of ["mailbox", "service", "drop", "loop"] as const) {
        const { packet } = sphinx.wrap({
          path: network.path(hops),
          destination: { command, recipient: random.bytes(32) },
          payload,
          random,
        });
        shapes.add(`${packet.length} ${Buffer.from(packet.subarray(0, 6)).toString("hex")}`);
        assertNoise(packet.subarray(6), `${command}, ${hops} hops`);
      }
    }
    assert.equal(shapes.size, 1);
  });
}

test("the check for noise sees zeros, as in the padding that leaked", () => {
  const bytes = new SeededRandom("noise").bytes(400);
  assertNoise(bytes, "noise");
  assert.throws(() => assertNoise(bytes.fill(0, 100, 200), "a quarter of zeros"));
});

/** Bits half ones within six standard deviations, and no run of 8 equal bytes. */
function assertNoise(bytes: Uint8Array, what: string): void {
  const bits = bytes.length * 8;
  let ones = 0;
  let run = 0;
  for (const [i, byte] of bytes.entries()) {
    for (let rest = byte; rest > 0; rest >>= 1) ones += rest & 1;
    run = i > 0 && byte === bytes[i - 1] ? run + 1 : 0;
    assert.ok(run < 8, `${what}: equal bytes at ${i}`);
  }
  assert.ok(Math.abs(ones - bits / 2) <= 3 * Math.sqrt(bits), `${what}: ${ones} of ${bits} bits are ones`);
}
