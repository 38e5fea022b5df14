/** The worked example of docs/spec/15-web-link.md §7, recomputed. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { keyOf, linkKey, seed, suite } from "#test/support/web-links.ts";
import { toHex } from "#transport/core/bytes.ts";
import {
  checkAnswer,
  checkProof,
  decodeHello,
  encodeHello,
  makeAnswer,
  makeProof,
  providerTranscript,
} from "#transport/link/web-handshake.ts";

test("the handshake is the one that the specification prints, and each end takes the other's part of it", () => {
  const page = readFileSync(new URL("../../../docs/spec/15-web-link.md", import.meta.url), "utf8");
  const printed = new Map(
    [...page.matchAll(/```hex (.+)\n([0-9a-f\n]+)```/g)].map(([, name, hex]) => [name, hex?.replaceAll("\n", "")]),
  );
  const context = { networkHash: seed(7), linkKey: linkKey(1), url: "wss://a.example/starling" };
  const challenges = { ofClient: seed(5), ofProvider: seed(3) };
  const hello = encodeHello(context.networkHash, challenges.ofClient);
  const proof = makeProof({ context, challenges, signer: suite.hybrid.signer(seed(1)) });
  const answer = makeAnswer({ context, challenges, deviceSeed: seed(2), suite });
  assert.deepEqual(
    printed,
    new Map([
      ["L", toHex(context.linkKey)],
      ["HELLO", toHex(hello)],
      ["what the provider signs", toHex(providerTranscript(context, challenges))],
      ["BLAKE2b-256 of PROOF", toHex(suite.blake2b(proof))],
      ["ANSWER", toHex(answer)],
    ]),
  );
  assert.deepEqual([hello.length, proof.length, answer.length], [65, 5389, 96]);
  assert.deepEqual(decodeHello(hello), { networkHash: seed(7), challenge: seed(5) });
  assert.deepEqual(checkProof({ bytes: proof, context, ofClient: seed(5), suite }), challenges);
  assert.deepEqual(checkAnswer({ bytes: answer, context, challenges, suite }), keyOf(2));
  for (const bad of [hello.subarray(1), new Uint8Array([...hello, 0]), hello.with(0, 2)]) {
    assert.throws(() => decodeHello(bad), { code: "MALFORMED" });
  }
});
