/**
 * SURBs: were the hops' payload keys handed to a SURB's user, it could work out how the reply looks at every hop and, with a
 * node's help, who is behind the SURB. Ours hold one key that no hop has, and tell their user nothing of the path.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { sphinxNodes } from "#test/support/sphinx-nodes.ts";
import { mailboxId, surbId } from "#transport/core/units.ts";
import { lionessDecrypt, lionessEncrypt } from "#transport/sphinx/lioness.ts";

for (const suite of ["x25519", "xwing"] as const) {
  const network = await sphinxNodes({ suite, seed: `surbs ${suite}` });
  const { sphinx, random } = network;
  const { geometry } = sphinx;
  const make = (hops = 4) =>
    sphinx.createSurb({
      path: network.path(hops),
      mailbox: mailboxId(random.bytes(32)),
      surbId: surbId(random.bytes(16)),
      random,
    });

  test(`${suite}: a SURB contains none of the hops' keys, nor a key made from them`, () => {
    const { surb, replyKey } = make();
    assert.deepEqual(surb.subarray(-32), replyKey.subarray(0, 32));
    for (let at = 32; at < replyKey.length; at += 32) assert.ok(!contains(surb, replyKey.subarray(at, at + 32)));
  });

  test(`${suite}: what its user sends and what the mailbox gets are strangers to whoever has the SURB`, () => {
    const { surb } = make();
    const body = random.bytes(200);
    const { packet } = sphinx.wrapReply({ surb, body, random });
    const delivered = network.travel(packet).at(-1);
    assert.ok(delivered?.kind === "deliver");
    // The user's own key opens what it sent, not what the last hop hands over.
    const key = surb.subarray(-32);
    const sent = packet.slice(geometry.headerBytes);
    lionessDecrypt(sphinx.suite, key, sent);
    assert.deepEqual(sent.subarray(36, 236), body);
    for (const undo of [lionessDecrypt, lionessEncrypt]) {
      const guess = delivered.payload.slice();
      undo(sphinx.suite, key, guess);
      assert.ok(!contains(guess, body.subarray(0, 8)));
      assert.ok(guess.subarray(0, 32).some((byte) => byte !== 0));
    }
  });

  test(`${suite}: a SURB's length and prefix say nothing of its path`, () => {
    const shapes = new Set(
      [1, 2, 3, 4].map(
        (hops) => `${make(hops).surb.length} ${Buffer.from(make(hops).surb.subarray(0, 6)).toString("hex")}`,
      ),
    );
    assert.equal(shapes.size, 1);
  });

  test(`${suite}: a reply looks like any packet to the hops before the last`, () => {
    const { surb } = make();
    const reply = network.travel(sphinx.wrapReply({ surb, body: random.bytes(9), random }).packet);
    const mail = network.travel(
      sphinx.wrap({
        path: network.path(),
        destination: { command: "mailbox", recipient: random.bytes(32) },
        payload: random.bytes(geometry.payloadBytes),
        random,
      }).packet,
    );
    for (const hop of [0, 1, 2]) {
      const shape = (step: (typeof reply)[number] | undefined) =>
        step && [step.kind, Object.keys(step).toSorted(), step.kind === "forward" && step.packet.length];
      assert.deepEqual(shape(reply[hop]), shape(mail[hop]));
    }
  });

  test(`${suite}: a SURB used twice gives two packets with one tag, so the first hop drops the second`, () => {
    const { surb } = make();
    const [a, b] = [1, 2].map((n) => sphinx.wrapReply({ surb, body: random.bytes(n), random }).packet);
    assert.ok(a && b);
    assert.notDeepEqual(a, b);
    assert.deepEqual(network.unwrapAt(0, a).tag, network.unwrapAt(0, b).tag);
  });

  test(`${suite}: a reply changed on its way, or opened with another SURB's key, does not open`, () => {
    const [one, two] = [make(), make()];
    const { packet } = sphinx.wrapReply({ surb: one.surb, body: random.bytes(50), random });
    const changed = packet.with(packet.length - 1, (packet.at(-1) as number) ^ 1);
    const delivered = network.travel(changed).at(-1);
    const whole = network.travel(packet).at(-1);
    assert.ok(delivered?.kind === "deliver" && whole?.kind === "deliver");
    assert.throws(() => sphinx.openReply({ replyKey: two.replyKey, payload: whole.payload }), { code: "REPLY_FAILED" });
    assert.throws(() => sphinx.openReply({ replyKey: one.replyKey, payload: delivered.payload }), {
      code: "REPLY_FAILED",
    });
  });
}

function contains(haystack: Uint8Array, needle: Uint8Array): boolean {
  return Buffer.from(haystack).includes(Buffer.from(needle));
}
