/**
 * Tagging: a hop marks a packet so that a later accomplice, or the recipient's provider, knows it again (Danezis & Goldberg
 * 2009; Kuhn et al., S&P 2020). Headers are refused by the next honest hop; a marked payload turns to noise everywhere. Every bit of
 * a header and every byte of a payload, at the live size: test/slow/tagging.test.ts
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { sphinxNodes } from "#test/support/sphinx-nodes.ts";
import { openSeal, seal } from "#transport/fragment/seal.ts";
import { geometryForPayload } from "#transport/sphinx/geometry.ts";
import { assertNoTrace, flip, headerFields, stages } from "./support/marks.ts";

for (const suite of ["x25519", "xwing"] as const) {
  const network = await sphinxNodes({ suite, payloadBytes: 1600, seed: `tagging ${suite}` });
  const { sphinx, random } = network;
  const { geometry } = sphinx;
  const wrap = (payload = random.bytes(geometry.payloadBytes)) => ({
    payload,
    packet: sphinx.wrap({
      path: network.path(),
      destination: { command: "mailbox", recipient: random.bytes(32) },
      payload,
      random,
    }).packet,
  });

  for (const [field, from, to] of headerFields(geometry)) {
    test(`${suite}: a change in any byte of a header's ${field} is refused by each of the four hops`, () => {
      stages(network, wrap().packet).forEach((packet, hop) => {
        for (let at = from; at < to; at++) {
          const marked = flip(packet, at, at % 8);
          assert.throws(() => network.unwrapAt(hop, marked), { code: "UNWRAP_FAILED" }, `hop ${hop + 1}, byte ${at}`);
        }
      });
    });
  }

  test(`${suite}: a header made for one node is nothing to another, even with its key`, () => {
    const { packet } = wrap();
    const [a, b] = network.nodes;
    assert.ok(a && b);
    assert.throws(() => sphinx.unwrap(packet, a.keys, b.id), { code: "UNWRAP_FAILED" });
    assert.throws(() => sphinx.unwrap(packet, b.keys, a.id), { code: "UNWRAP_FAILED" });
  });

  test(`${suite}: one flipped bit of the payload, before any of the four hops, leaves no trace of the payload or of the bit (one byte in 61, the first 40 and the last)`, () => {
    const { payload, packet } = wrap();
    const last = geometry.payloadBytes - 1;
    stages(network, packet).forEach((whole, hop) => {
      for (let at = 0; at <= last; at++) {
        if (at < 40 || at === last || at % 61 === 0) assertNoTrace(network, { whole, payload, hop, at });
      }
    });
  });

  test(`${suite}: marking a payload and unmarking it two hops later does not restore it`, () => {
    const { payload, packet } = wrap();
    const at = geometry.headerBytes + 5;
    const first = network.unwrapAt(0, packet);
    assert.ok(first.kind === "forward");
    const second = network.unwrapAt(1, flip(first.packet, at));
    assert.ok(second.kind === "forward");
    const third = network.unwrapAt(2, flip(second.packet, at));
    assert.ok(third.kind === "forward");
    const last = network.unwrapAt(3, third.packet);
    assert.ok(last.kind === "deliver");
    assert.notDeepEqual(last.payload, payload);
  });

  test(`${suite}: the provider sees no difference between a marked mail and a whole one; the reader does`, () => {
    const sealGeometry = geometryForPayload({ suite, payloadBytes: geometry.payloadBytes });
    const mailbox = sphinx.suite.sealKem.generate(random);
    const mailboxKey = sphinx.suite.sealKem.open(mailbox.privateKey);
    const plaintext = random.bytes(sealGeometry.fragmentBytes);
    const common = { suite: sphinx.suite, geometry: sealGeometry };
    const sealed = seal({ ...common, mailboxKey: mailbox.publicKey, plaintext, random });
    const { packet } = wrap(sealed);
    const [whole, marked] = [packet, flip(packet, packet.length - 9)].map((sent) => network.travel(sent).at(-1));
    assert.ok(whole?.kind === "deliver" && marked?.kind === "deliver");
    const { payload: wholePayload, ...wholeRest } = whole;
    const { payload: markedPayload, ...markedRest } = marked;
    assert.deepEqual(markedRest, wholeRest);
    assert.equal(markedPayload.length, wholePayload.length);
    assert.deepEqual(openSeal({ ...common, mailboxKey, sealed: wholePayload }), plaintext);
    assert.equal(openSeal({ ...common, mailboxKey, sealed: markedPayload }), undefined);
  });

  test(`${suite}: a packet's parts at one hop share no byte run with those at the next`, () => {
    let { packet } = wrap();
    for (let hop = 0; hop < 3; hop++) {
      const step = network.unwrapAt(hop, packet);
      assert.ok(step.kind === "forward");
      assert.equal(step.packet.length, packet.length);
      assert.deepEqual(step.packet.subarray(0, 6), packet.subarray(0, 6));
      const before = new Set<string>();
      for (let at = 6; at + 8 <= packet.length; at++)
        before.add(Buffer.from(packet.subarray(at, at + 8)).toString("hex"));
      for (let at = 6; at + 8 <= packet.length; at++) {
        assert.ok(!before.has(Buffer.from(step.packet.subarray(at, at + 8)).toString("hex")), `hop ${hop}, byte ${at}`);
      }
      packet = step.packet;
    }
  });
}
