/**
 * Tagging: a hop marks a packet so that a later accomplice, or the recipient's provider, knows it again (Danezis & Goldberg
 * 2009; Kuhn et al., S&P 2020). Headers are refused by the next honest hop; a marked payload turns to noise everywhere.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { sphinxNodes } from "#test/support/sphinx-nodes.ts";
import { openSeal, seal } from "#transport/fragment/seal.ts";
import { geometryForPayload } from "#transport/sphinx/geometry.ts";

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

  test(`${suite}: the MAC covers every byte of the header that the next hop reads`, () => {
    const first = network.unwrapAt(0, wrap().packet);
    assert.ok(first.kind === "forward");
    for (let at = 0; at < geometry.headerBytes; at++) {
      if (suite === "xwing" && at > 60 && at < 4700 && at % 29 !== 0) continue;
      assert.throws(() => network.unwrapAt(1, flip(first.packet, at)), { code: "UNWRAP_FAILED" }, `byte ${at}`);
    }
  });

  test(`${suite}: a header made for one node is nothing to another, even with its key`, () => {
    const { packet } = wrap();
    const [a, b] = network.nodes;
    assert.ok(a && b);
    assert.throws(() => sphinx.unwrap(packet, a.keys, b.id), { code: "UNWRAP_FAILED" });
    assert.throws(() => sphinx.unwrap(packet, b.keys, a.id), { code: "UNWRAP_FAILED" });
  });

  test(`${suite}: one flipped bit of the payload leaves no trace of the payload or of the bit`, () => {
    for (const at of [0, 31, 32, 700, geometry.payloadBytes - 1]) {
      const { payload, packet } = wrap();
      const delivered = network.travel(flip(packet, geometry.headerBytes + at)).at(-1);
      assert.ok(delivered?.kind === "deliver");
      const difference = delivered.payload.map((byte, i) => byte ^ (payload[i] as number));
      const ones = difference.reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0);
      const bits = geometry.payloadBytes * 8;
      // A random difference: half of the bits, within six standard deviations.
      assert.ok(Math.abs(ones - bits / 2) < 3 * Math.sqrt(bits), `${ones} of ${bits} bits differ`);
    }
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

function flip(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.with(at, (bytes[at] as number) ^ 1);
}
