/** The hexadecimal values printed in docs/spec/02 and 03 are those of the committed vectors, recomputed. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { FragmentVectors } from "#test/support/fragment-vectors.ts";
import type { PacketVectors } from "#test/support/packet-vectors.ts";
import { readVectors } from "#test/support/vectors.ts";
import { concat, fromHex, toHex, utf8 } from "#transport/core/bytes.ts";
import { messageId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { messageDigest } from "#transport/fragment/split.ts";
import { serviceId } from "#transport/sphinx/service-payload.ts";

const suite = await loadSuite("x25519", "native");

/** Runs of at least 24 hexadecimal digits, as the page prints them; `abcd…` is the start of a longer one. */
function printedHex(page: string): string[] {
  const text = readFileSync(new URL(`../../docs/spec/${page}.md`, import.meta.url), "utf8");
  return text.match(/\b[0-9a-f]{24,}\b/g) ?? [];
}

test("the worked example of 03-sphinx is the vectors' 2-hop packet", () => {
  const vectors = readVectors("packets-x25519") as PacketVectors;
  const packet = vectors.packets[1];
  const step = packet?.steps[0];
  const node = vectors.nodes[0];
  assert.ok(packet && step && node);
  const bytes = fromHex(packet.packet);
  const ciphertext = bytes.subarray(6, 38);
  const secret = suite.kem.open(fromHex(node.privateKey)).decapsulate(ciphertext);
  assert.ok(secret);
  const keys = fromHex(step.hopSecret);
  const block = new Uint8Array(453);
  block.set(bytes.subarray(38, 390));
  suite.chacha20InPlace(keys.subarray(32, 64), block);
  const roundKeys = new Uint8Array(128);
  suite.chacha20InPlace(keys.subarray(64, 96), roundKeys);
  const known = [
    JSON.stringify(vectors),
    toHex(concat(secret, suite.blake2b(ciphertext), block.subarray(0, 101))),
    toHex(roundKeys),
    toHex(serviceId(suite, "keys")),
  ];
  const printed = printedHex("03-sphinx");
  assert.ok(printed.length >= 16);
  for (const hex of printed)
    assert.ok(
      known.some((text) => text.includes(hex)),
      hex,
    );
});

test("the worked example of 02-fragment is the vectors' empty message", () => {
  const vectors = readVectors("fragments") as FragmentVectors;
  const message = vectors.messages[0];
  const fragment = message?.fragments[0];
  assert.ok(message && fragment);
  const ciphertext = fromHex(fragment.sealed).subarray(0, 1120);
  const secret = suite.sealKem.open(fromHex(vectors.mailbox.privateKey)).decapsulate(ciphertext);
  assert.ok(secret);
  const hashes = [suite.blake2b(ciphertext), suite.blake2b(fromHex(vectors.mailbox.publicKey))] as const;
  const info = concat(utf8("starling/seal/v1"), ...hashes);
  const id = fromHex(message.messageId);
  const digestKey = suite.blake2b(concat(utf8("starling/message/v1"), Uint8Array.of(1), id));
  const digest = messageDigest(suite, { kind: "message", messageId: messageId(id), body: new Uint8Array(0) });
  const known = [
    JSON.stringify(vectors),
    ...[secret, ...hashes, digestKey, digest].map(toHex),
    toHex(suite.hkdf({ secret, salt: new Uint8Array(0), info, length: 44 })),
  ];
  const printed = printedHex("02-fragment");
  assert.ok(printed.length >= 12);
  for (const hex of printed)
    assert.ok(
      known.some((text) => text.includes(hex)),
      hex,
    );
});
