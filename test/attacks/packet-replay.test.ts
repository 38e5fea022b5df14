/** Replay: a recorded packet sent again would leave a node twice and show where it goes. Its tag is what a node remembers. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { sphinxNodes, TEST_PERIOD } from "#test/support/sphinx-nodes.ts";
import { toHex } from "#transport/core/bytes.ts";
import { epochNumber } from "#transport/core/units.ts";

for (const suite of ["x25519", "xwing"] as const) {
  const network = await sphinxNodes({ suite, seed: `replay ${suite}` });
  const { sphinx, random, nodes } = network;
  const { geometry } = sphinx;
  const wrap = () =>
    sphinx.wrap({
      path: network.path(),
      destination: { command: "mailbox", recipient: random.bytes(32) },
      payload: random.bytes(geometry.payloadBytes),
      random,
    });

  test(`${suite}: the tag of a packet is the same each time, whatever its payload has become`, () => {
    const { packet, tags } = wrap();
    const again = packet.slice();
    again.fill(0x55, geometry.headerBytes);
    for (const sent of [packet, packet, again]) assert.deepEqual(network.unwrapAt(0, sent).tag, tags[0]);
  });

  test(`${suite}: tags differ between packets and between hops`, () => {
    const tags = Array.from({ length: 10 }, () => wrap().tags).flat();
    assert.equal(new Set(tags.map(toHex)).size, 40);
  });

  test(`${suite}: no change of the header makes a second packet with another tag`, () => {
    const { packet } = wrap();
    // Were anything that the tag depends on outside the MAC, a replay could get past the log.
    for (const at of [0, 1, 5, 6, 6 + geometry.ciphertextBytes - 1, geometry.headerBytes - 1]) {
      for (const bit of [1, 0x80]) {
        const changed = packet.with(at, (packet[at] as number) ^ bit);
        assert.throws(() => network.unwrapAt(0, changed), { code: "UNWRAP_FAILED" });
      }
    }
  });

  test(`${suite}: a packet of one epoch cannot be carried into another, even under the same key`, () => {
    const { packet } = wrap();
    const node = nodes[0];
    assert.ok(node);
    const moved = packet.slice();
    new DataView(moved.buffer).setUint32(2, TEST_PERIOD + 1);
    const keys = { get: (epoch: number) => (epoch === epochNumber(TEST_PERIOD + 1) ? node.key : undefined) };
    assert.throws(() => sphinx.unwrap(moved, keys, node.id), { code: "UNWRAP_FAILED" });
  });
}

test("x25519: a second encoding of the ephemeral point makes no second packet", async () => {
  const network = await sphinxNodes({ suite: "x25519", seed: "encodings" });
  const { sphinx, random } = network;
  const { packet } = sphinx.wrap({
    path: network.path(),
    destination: { command: "loop", recipient: random.bytes(32) },
    payload: random.bytes(sphinx.geometry.payloadBytes),
    random,
  });
  // RFC 7748 ignores the top bit of a point: the product stays the same, the MAC does not.
  const changed = packet.with(37, (packet[37] as number) ^ 0x80);
  assert.throws(() => network.unwrapAt(0, changed), { code: "UNWRAP_FAILED" });
});
