/** Ed25519 and ML-DSA-65 together: known answers, two implementations, and every way to be half right. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ed25519 } from "@noble/curves/ed25519.js";
import { ml_dsa65 } from "@noble/post-quantum/ml-dsa.js";
import * as fc from "fast-check";
import { type HybridVectors, hybridVectors } from "#test/support/hybrid-vectors.ts";
import { readVectors } from "#test/support/vectors.ts";
import { concat, fromHex, toHex, utf8 } from "#transport/core/bytes.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { HYBRID_PUBLIC_KEY_BYTES, HYBRID_SIGNATURE_BYTES } from "#transport/crypto/hybrid-signature.ts";
import { nativeMlDsa65 } from "#transport/crypto/native-ml-dsa.ts";
import { portableMlDsa65 } from "#transport/crypto/portable-ml-dsa.ts";
import { LABELS, signAsIdentity, verifyIdentity } from "#transport/directory/labels.ts";

const suites = [await loadSuite("x25519", "native"), await loadSuite("x25519", "portable")] as const;
const [native, portable] = suites;
const vectors = readVectors("hybrid-signature") as HybridVectors;
const filled = (value: number, length = 32): Uint8Array => new Uint8Array(length).fill(value);
const zeros = (length: number): Uint8Array => new Uint8Array(length);
const mixed = (one: Uint8Array, two: Uint8Array, at: number): Uint8Array =>
  concat(one.subarray(0, at), two.subarray(at));
const MESSAGE = utf8("a list of nodes");
const [SEED, OTHER] = [filled(1), filled(2)];
const key = native.hybrid.publicKey(SEED);
const otherKey = native.hybrid.publicKey(OTHER);
const signature = native.hybrid.sign(MESSAGE, SEED);
const otherSignature = native.hybrid.sign(MESSAGE, OTHER);

/** Refused by both implementations; what it was changed from is accepted by both. */
function refused(changed: { signature?: Uint8Array; message?: Uint8Array; key?: Uint8Array }, why: string): void {
  for (const { hybrid, implementation } of suites) {
    assert.ok(hybrid.verify(signature, MESSAGE, key), implementation);
    const outcome = hybrid.verify(changed.signature ?? signature, changed.message ?? MESSAGE, changed.key ?? key);
    assert.equal(outcome, false, `${why}, ${implementation}`);
  }
}

test("the vectors are what the parts make, and what both implementations make and verify", () => {
  assert.deepEqual(hybridVectors(), vectors);
  for (const one of vectors.cases) {
    const [seed, message, publicKey, signed] = [one.seed, one.message, one.publicKey, one.signature].map(fromHex) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    assert.equal(toHex(portable.hybrid.sign(message, seed)), one.signature);
    for (const { hybrid } of suites) {
      assert.equal(toHex(hybrid.publicKey(seed)), one.publicKey);
      assert.ok(hybrid.verify(signed, message, publicKey));
      assert.ok(hybrid.verify(hybrid.sign(message, seed), message, publicKey));
    }
  }
});

test("OpenSSL's ML-DSA-65 and @noble's agree on keys, on signatures and on what is none", () => {
  const openssl = nativeMlDsa65();
  assert.ok(openssl, "this Node has ML-DSA");
  const both = [openssl, portableMlDsa65];
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.uint8Array({ maxLength: 300 }),
      fc.nat(3308),
      fc.nat(1951),
      fc.integer({ min: 1, max: 255 }),
      (seed, message, at, keyAt, bits) => {
        const [one, two] = both.map((mlDsa) => mlDsa.open(seed)) as [
          ReturnType<typeof openssl.open>,
          ReturnType<typeof openssl.open>,
        ];
        assert.deepEqual(one.publicKey, two.publicKey);
        const flip = (bytes: Uint8Array, place: number): Uint8Array =>
          bytes.with(place, (bytes[place] as number) ^ bits);
        for (const made of [one.sign(message), two.sign(message)]) {
          assert.equal(made.length, 3309);
          for (const mlDsa of both) {
            assert.ok(mlDsa.verify(made, message, one.publicKey));
            assert.ok(!mlDsa.verify(flip(made, at), message, one.publicKey));
            assert.ok(!mlDsa.verify(made, message, flip(one.publicKey, keyAt)));
            assert.ok(!mlDsa.verify(made, concat(message, Uint8Array.of(0)), one.publicKey));
          }
        }
      },
    ),
    { numRuns: 8 },
  );
});

test("the lengths are those of the standards", () => {
  assert.deepEqual([HYBRID_PUBLIC_KEY_BYTES, HYBRID_SIGNATURE_BYTES], [1984, 3373]);
  assert.deepEqual([key.length, signature.length], [1984, 3373]);
});

test("one wrong half is enough: a flipped bit in either, in either key, in the message", () => {
  for (const at of [0, 31, 32, 63, 64, 96, 1000, 3372]) {
    refused({ signature: signature.with(at, (signature[at] as number) ^ 1) }, `signature, byte ${at}`);
  }
  for (const at of [0, 31, 32, 63, 64, 1983])
    refused({ key: key.with(at, (key[at] as number) ^ 1) }, `key, byte ${at}`);
  refused({ message: MESSAGE.with(0, 0) }, "message");
});

test("a half that is missing, zero, doubled or in the other's place is refused, and so is any other length", () => {
  const [own, lattice] = [signature.subarray(0, 64), signature.subarray(64)];
  const cases: Record<string, Uint8Array> = {
    "Ed25519 alone": own,
    "ML-DSA alone": lattice,
    "no Ed25519": concat(zeros(64), lattice),
    "no ML-DSA": concat(own, zeros(3309)),
    swapped: concat(lattice, own),
    "one byte less": signature.subarray(1),
    "one byte more": concat(signature, zeros(1)),
    nothing: zeros(0),
  };
  for (const [why, changed] of Object.entries(cases)) refused({ signature: changed }, why);
  refused({ key: key.subarray(0, 32), signature: own }, "an Ed25519 key alone");
  refused({ key: key.subarray(32), signature: lattice }, "an ML-DSA key alone");
  refused({ key: concat(key.subarray(32), key.subarray(0, 32)) }, "keys swapped");
  refused({ key: key.subarray(1) }, "a key one byte short");
});

test("halves of two good signatures do not make a third: neither of two keys, nor of two messages", () => {
  const mixedKey = mixed(key, otherKey, 32);
  // Each half is well made by the holder of that half's key, over the same message.
  for (const { hybrid } of suites) assert.ok(!hybrid.verify(mixed(signature, otherSignature, 64), MESSAGE, mixedKey));
  refused({ signature: mixed(signature, otherSignature, 64) }, "another's ML-DSA");
  refused({ signature: mixed(otherSignature, signature, 64) }, "another's Ed25519");
  refused(
    { signature: mixed(signature, native.hybrid.sign(utf8("another list"), SEED), 64) },
    "another message's half",
  );
  refused({ key: otherKey }, "another key");
});

test("what either scheme signed by itself, without the other's key in the text, is no half", () => {
  const { secretKey } = ml_dsa65.keygen(fromHex((vectors.cases[0] as { mlDsaSeed: string }).mlDsaSeed));
  const seed = new Uint8Array(32);
  const publicKey = native.hybrid.publicKey(seed);
  const bare = concat(ed25519.sign(MESSAGE, seed), ml_dsa65.sign(MESSAGE, secretKey, { extraEntropy: false }));
  for (const { hybrid } of suites) {
    assert.ok(!hybrid.verify(bare, MESSAGE, publicKey));
    const good = hybrid.sign(MESSAGE, seed);
    assert.ok(!ed25519.verify(good.subarray(0, 64), MESSAGE, publicKey.subarray(0, 32)));
    assert.ok(!ml_dsa65.verify(good.subarray(64), MESSAGE, publicKey.subarray(32)));
  }
});

test("a signature under one label is none under another", () => {
  const options = { suite: native, message: MESSAGE, key };
  const made = signAsIdentity({ suite: native, label: LABELS.vote, message: MESSAGE, seed: SEED });
  assert.ok(verifyIdentity({ ...options, label: LABELS.vote, signature: made }));
  for (const label of Object.values(LABELS).filter((other) => other !== LABELS.vote)) {
    assert.ok(!verifyIdentity({ ...options, label, signature: made }), label);
  }
});

test("the portable half signs alike each time, OpenSSL with fresh randomness", () => {
  assert.deepEqual(portable.hybrid.sign(MESSAGE, SEED), portable.hybrid.sign(MESSAGE, SEED));
  const again = native.hybrid.sign(MESSAGE, SEED);
  assert.deepEqual(again.subarray(0, 64), signature.subarray(0, 64));
  assert.notDeepEqual(again.subarray(64), signature.subarray(64));
});
