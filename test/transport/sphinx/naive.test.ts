/** The real implementation against the naive one, which was written from the specification alone. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  naiveLioness,
  naiveOpenReply,
  naiveReply,
  naiveSizes,
  naiveSurb,
  naiveUnwrap,
  naiveWrap,
} from "#test/support/naive-sphinx.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { sphinxNodes, TEST_PERIOD } from "#test/support/sphinx-nodes.ts";
import { mailboxId, surbId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { lionessDecrypt, lionessEncrypt } from "#transport/sphinx/lioness.ts";
import { COMMAND_CODES } from "#transport/sphinx/routing.ts";

for (const suite of ["x25519", "xwing"] as const) {
  const network = await sphinxNodes({ suite, implementation: "portable", seed: `naive ${suite}` });
  const { sphinx, nodes, random } = network;
  const { geometry } = sphinx;
  const naiveHops = nodes.map(({ hop }) => ({ nodeId: hop.nodeId, publicKey: hop.mixKey, delay: hop.delay }));
  const naiveStep = (index: number, packet: Uint8Array) =>
    naiveUnwrap({
      suite,
      packet,
      packetBytes: geometry.packetBytes,
      periods: new Map([[TEST_PERIOD as number, (nodes[index] as (typeof nodes)[number]).privateKey]]),
      nodeId: (nodes[index] as (typeof nodes)[number]).id,
    });

  test(`${suite}: sizes are those of the specification`, () => {
    const sizes = naiveSizes(suite);
    assert.equal(geometry.headerBytes, sizes.header);
    assert.equal(geometry.forwardBytes, sizes.forward);
    assert.equal(geometry.routingBytes, sizes.routing);
    assert.equal(geometry.surbBytes, sizes.header + 64);
  });

  for (const hops of [1, 2, 3, 4]) {
    test(`${suite}, ${hops} hops: both wrap the same bytes from the same randomness, and unwrap each other's`, () => {
      for (const command of ["mailbox", "service", "drop", "loop"] as const) {
        const recipient = random.bytes(32);
        const payload = random.bytes(geometry.payloadBytes);
        const seed = `wrap ${suite} ${hops} ${command}`;
        const path = network.path(hops);
        const real = sphinx.wrap({
          path,
          destination: { command, recipient },
          payload,
          random: new SeededRandom(seed),
        });
        const naiveRandom = new SeededRandom(seed);
        const naive = naiveWrap({
          suite,
          period: TEST_PERIOD,
          hops: naiveHops.slice(0, hops),
          command: COMMAND_CODES[command],
          recipient,
          payload,
          random: (length) => naiveRandom.bytes(length),
        });
        assert.deepEqual(real.packet, naive.packet);
        assert.deepEqual(real.tags, naive.tags);

        let packet = real.packet;
        for (const [i, step] of network.travel(packet).entries()) {
          const other = naiveStep(i, packet);
          assert.ok(other);
          assert.deepEqual(step.tag, other.tag);
          assert.deepEqual(step.tag, real.tags[i]);
          if (step.kind === "forward") {
            assert.deepEqual([step.next, step.delay, step.packet], [other.next, other.delay, other.packet]);
            packet = step.packet;
          } else {
            assert.deepEqual(
              [step.recipient, step.surbId, step.payload],
              [other.recipient, other.surbId, other.payload],
            );
            assert.deepEqual([step.command, step.recipient, step.payload], [command, recipient, payload]);
          }
        }
      }
    });

    test(`${suite}, ${hops} hops: both make the same SURB and reply, and open each other's`, () => {
      const mailbox = mailboxId(random.bytes(32));
      const id = surbId(random.bytes(16));
      const seed = `surb ${suite} ${hops}`;
      const body = random.bytes(50);
      const source = new SeededRandom(seed);
      const real = sphinx.createSurb({ path: network.path(hops), mailbox, surbId: id, random: source });
      const reply = sphinx.wrapReply({ surb: real.surb, body, random: source });
      const naiveSource = new SeededRandom(seed);
      const draw = (length: number) => naiveSource.bytes(length);
      const naive = naiveSurb({
        suite,
        period: TEST_PERIOD,
        hops: naiveHops.slice(0, hops),
        mailbox,
        surbId: id,
        random: draw,
      });
      assert.deepEqual(real, naive);
      const { payloadBytes } = geometry;
      assert.deepEqual(reply, naiveReply({ suite, surb: naive.surb, body, payloadBytes, random: draw }));

      const delivered = network.travel(reply.packet).at(-1);
      assert.ok(delivered?.kind === "deliver");
      assert.deepEqual([delivered.command, delivered.recipient, delivered.surbId], ["reply", mailbox, id]);
      assert.deepEqual(sphinx.openReply({ replyKey: real.replyKey, payload: delivered.payload }), body);
      assert.deepEqual(naiveOpenReply(naive.replyKey, delivered.payload), body);
    });
  }

  test(`${suite}: one refuses what the other refuses`, () => {
    const wrapped = sphinx.wrap({
      path: network.path(),
      destination: { command: "mailbox", recipient: random.bytes(32) },
      payload: random.bytes(geometry.payloadBytes),
      random,
    });
    for (let at = 0; at < geometry.headerBytes; at += suite === "xwing" ? 97 : 11) {
      const changed = wrapped.packet.with(at, (wrapped.packet[at] as number) ^ 0x40);
      assert.equal(naiveStep(0, changed), undefined);
      assert.throws(() => network.unwrapAt(0, changed), { code: "UNWRAP_FAILED" });
    }
  });
}

for (const implementation of ["portable", "native"] as const) {
  test(`${implementation}: LIONESS is the naive one, at every length over its left half`, async () => {
    const suite = await loadSuite("x25519", implementation);
    const random = new SeededRandom("lioness");
    for (const length of [33, 64, 65, 96, 127, 500, 4097]) {
      const key = random.bytes(32);
      const block = random.bytes(length);
      const encrypted = block.slice();
      lionessEncrypt(suite, key, encrypted);
      assert.deepEqual(encrypted, naiveLioness(key, block, "encrypt"));
      const decrypted = encrypted.slice();
      lionessDecrypt(suite, key, decrypted);
      assert.deepEqual(decrypted, block);
      lionessDecrypt(suite, key, decrypted);
      assert.deepEqual(decrypted, naiveLioness(key, block, "decrypt"));
    }
  });
}
