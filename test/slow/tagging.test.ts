/**
 * Tagging, at the live size and in full: every bit of a header and every byte of a payload, before each of the four hops. With fewer
 * places: test/attacks/packet-tagging.test.ts
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertNoTrace, flip, headerFields, stages } from "#test/attacks/support/marks.ts";
import { sphinxNodes } from "#test/support/sphinx-nodes.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { geometry as geometryOf } from "#transport/sphinx/geometry.ts";

for (const suite of ["x25519", "xwing"] as const) {
  const { packetBytes } = LIVE_PARAMETERS;
  const { payloadBytes } = geometryOf({ suite, packetBytes });
  const network = await sphinxNodes({ suite, payloadBytes, seed: `every mark ${suite}` });
  const { sphinx, random } = network;
  const destination = { command: "mailbox", recipient: random.bytes(32) } as const;
  const payload = random.bytes(payloadBytes);
  const { packet } = sphinx.wrap({ path: network.path(), destination, payload, random });

  for (const [field, from, to] of headerFields(sphinx.geometry)) {
    test(`${suite}: a change in any bit of a header's ${field} is refused by each of the four hops`, () => {
      stages(network, packet).forEach((whole, hop) => {
        for (let at = 8 * from; at < 8 * to; at++) {
          const marked = flip(whole, at >> 3, at & 7);
          assert.throws(() => network.unwrapAt(hop, marked), { code: "UNWRAP_FAILED" }, `hop ${hop + 1}, bit ${at}`);
        }
      });
    });
  }

  test(`${suite}: a mark in any byte of a payload, before any of the four hops, leaves no trace of payload or mark`, () => {
    stages(network, packet).forEach((whole, hop) => {
      for (let at = 0; at < payloadBytes; at++) assertNoTrace(network, { whole, payload, hop, at });
    });
  });
}
