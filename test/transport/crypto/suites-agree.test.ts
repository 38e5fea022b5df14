/** The two implementations against each other on random input: whatever one writes, the other reads. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { ed25519 as curve } from "@noble/curves/ed25519.js";
import { bytesToNumberLE, numberToBytesLE } from "@noble/curves/utils.js";
import { sha512 } from "@noble/hashes/sha2.js";
import * as fc from "fast-check";
import { isTransportError } from "#test/support/errors.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { concat } from "#transport/core/bytes.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { selfTest } from "#transport/crypto/self-test.ts";
import type { Suite } from "#transport/crypto/suite.ts";

const portable = { xwing: await loadSuite("xwing", "portable"), x25519: await loadSuite("x25519", "portable") };
const native = { xwing: await loadSuite("xwing", "native"), x25519: await loadSuite("x25519", "native") };

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const upTo = (maxLength: number) => fc.uint8Array({ maxLength });

test("both implementations pass their own self-test, and a broken primitive fails it by name", () => {
  for (const suite of [portable.xwing, portable.x25519, native.xwing, native.x25519]) selfTest(suite);
  const broken: Suite = { ...native.xwing, chacha20InPlace: () => {} };
  assert.throws(() => selfTest(broken), /self-test of ChaCha20 failed \(native/);
});

test("hashes, derived keys and streams are the same in both", () => {
  fc.assert(
    fc.property(
      upTo(600),
      fc.uint8Array({ minLength: 16, maxLength: 64 }),
      bytes(32),
      upTo(200),
      fc.nat(300),
      (message, key, streamKey, salt, length) => {
        assert.deepEqual(native.xwing.blake2b(message), portable.xwing.blake2b(message));
        assert.deepEqual(native.xwing.blake2b(message, key), portable.xwing.blake2b(message, key));
        assert.deepEqual(native.xwing.sha256(message), portable.xwing.sha256(message));
        const derive = { secret: key, salt, info: message, length: length + 1 };
        assert.deepEqual(native.xwing.hkdf(derive), portable.xwing.hkdf(derive));
        const [a, b] = [message.slice(), message.slice()];
        native.xwing.chacha20InPlace(streamKey, a);
        portable.xwing.chacha20InPlace(streamKey, b);
        assert.deepEqual(a, b);
      },
    ),
    { numRuns: 200 },
  );
});

test("encapsulating to more keys than are kept, in turns, to keys that begin alike, still goes to the right key", () => {
  const { kem } = native.xwing;
  const random = new SeededRandom("many keys");
  const pairs = Array.from({ length: 70 }, () => kem.generate(random));
  for (const { publicKey, privateKey } of [...pairs, ...pairs.slice(0, 9), ...pairs]) {
    const { ciphertext, sharedSecret } = kem.encapsulate(publicKey, random);
    assert.deepEqual(kem.open(privateKey).decapsulate(ciphertext), sharedSecret);
    const other = publicKey.slice();
    other[1160] = (other[1160] as number) ^ 1; // in the seed of its matrix: begins as the key that was just used, and is none of ours
    const wrong = kem.encapsulate(other, random);
    assert.notDeepEqual(kem.open(privateKey).decapsulate(wrong.ciphertext), wrong.sharedSecret);
  }
});

test("the stream works in place at any offset of a larger buffer", () => {
  fc.assert(
    fc.property(bytes(32), fc.nat(70), upTo(300), (key, offset, message) => {
      for (const suite of [native.xwing, portable.xwing]) {
        const around = new Uint8Array(offset + message.length + 9).fill(0xee);
        around.set(message, offset);
        suite.chacha20InPlace(key, around.subarray(offset, offset + message.length));
        suite.chacha20InPlace(key, around.subarray(offset, offset + message.length));
        const expected = new Uint8Array(around.length).fill(0xee);
        expected.set(message, offset);
        assert.deepEqual(around, expected);
      }
    }),
    { numRuns: 100 },
  );
});

test("what one seals the other opens, and neither opens it changed", () => {
  fc.assert(
    fc.property(bytes(32), bytes(12), upTo(300), upTo(50), fc.nat(), (key, nonce, plaintext, associated, at) => {
      const sealed = native.xwing.aeadSeal({ key, nonce, plaintext, associated });
      assert.deepEqual(portable.xwing.aeadSeal({ key, nonce, plaintext, associated }), sealed);
      const changed = sealed.slice();
      changed[at % changed.length] = (changed[at % changed.length] as number) ^ 0x10;
      for (const suite of [native.xwing, portable.xwing]) {
        assert.deepEqual(suite.aeadOpen({ key, nonce, ciphertext: sealed, associated }), plaintext);
        assert.equal(suite.aeadOpen({ key, nonce, ciphertext: changed, associated }), undefined);
      }
    }),
    { numRuns: 100 },
  );
});

test("signatures are the same in both, and both verify alike", () => {
  fc.assert(
    fc.property(bytes(32), upTo(200), fc.nat(63), (seed, message, at) => {
      const signature = native.xwing.ed25519.sign(message, seed);
      const publicKey = portable.xwing.ed25519.publicKey(seed);
      assert.deepEqual(portable.xwing.ed25519.sign(message, seed), signature);
      const changed = signature.with(at, (signature[at] as number) ^ 4);
      for (const { ed25519 } of [native.xwing, portable.xwing]) {
        assert.ok(ed25519.verify(signature, message, publicKey));
        assert.ok(!ed25519.verify(changed, message, publicKey));
      }
    }),
    { numRuns: 20 },
  );
});

test("a key with a small order or a second encoding verifies nothing, in both", () => {
  const message = new Uint8Array(0);
  // The neutral element as key and as R, with s = 0: a verifier that forgets the check accepts it for any message.
  const neutral = new Uint8Array(32).with(0, 1);
  const signature = new Uint8Array(64).with(0, 1);
  // y = p + 1 is a second encoding of the same point.
  const second = new Uint8Array(32).fill(0xff).with(0, 0xee).with(31, 0x7f);
  for (const { ed25519 } of [native.xwing, portable.xwing]) {
    assert.ok(!ed25519.verify(signature, message, neutral));
    assert.ok(!ed25519.verify(signature, message, second));
  }
});

test("a signature or a key with a part of small order is good in both or in neither", () => {
  const { Point } = curve;
  const eighth = Point.fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");
  const parts = Array.from({ length: 8 }, (_, n) => eighth.multiplyUnsafe(BigInt(n)));
  const counts = { good: 0, bad: 0 };
  for (const [n, message] of [0, 1].map((byte) => [byte, Uint8Array.of(byte)] as const)) {
    const [secret, nonce] = [123_456_789n + BigInt(n), 987_654_321n];
    for (const keyPart of parts) {
      for (const pointPart of parts) {
        for (const isNonce of [true, false]) {
          const publicKey = Point.BASE.multiply(secret).add(keyPart).toBytes();
          const point = (isNonce ? Point.BASE.multiply(nonce).add(pointPart) : pointPart).toBytes();
          const challenge = Point.Fn.create(bytesToNumberLE(sha512(concat(point, publicKey, message))));
          const answer = Point.Fn.create((isNonce ? nonce : 0n) + challenge * secret);
          const signature = concat(point, numberToBytesLE(answer, 32));
          const [inNative, inPortable] = [native, portable].map(({ xwing }) =>
            xwing.ed25519.verify(signature, message, publicKey),
          );
          assert.equal(inPortable, inNative, inspect({ keyPart, pointPart, isNonce, message }));
          counts[inNative ? "good" : "bad"]++;
        }
      }
    }
  }
  assert.ok(counts.good > 0 && counts.bad > 200, inspect(counts));
});

for (const name of ["xwing", "x25519"] as const) {
  test(`${name}: what one encapsulates the other decapsulates, changed or not`, () => {
    const random = new SeededRandom(`kem ${name}`);
    for (const [from, to] of [
      [portable[name], native[name]],
      [native[name], portable[name]],
    ] as const) {
      for (let round = 0; round < 5; round++) {
        const { privateKey, publicKey } = from.kem.generate(random);
        const [key, other] = [to.kem.open(privateKey), from.kem.open(privateKey)];
        assert.deepEqual(key.publicKey, publicKey);
        const { ciphertext, sharedSecret } = from.kem.encapsulate(publicKey, random);
        assert.equal(ciphertext.length, from.kem.ciphertextBytes);
        assert.equal(publicKey.length, from.kem.publicKeyBytes);
        assert.deepEqual(key.decapsulate(ciphertext), sharedSecret);
        const at = (round * 251) % ciphertext.length;
        const changed = ciphertext.with(at, (ciphertext[at] as number) ^ 2);
        const wrong = key.decapsulate(changed);
        assert.deepEqual(wrong, other.decapsulate(changed));
        assert.notDeepEqual(wrong, sharedSecret);
        assert.equal(key.decapsulate(ciphertext.subarray(1)), undefined);
      }
    }
  });

  test(`${name}: a ciphertext with a point of small order has no secret`, () => {
    const random = new SeededRandom("small order");
    for (const { kem } of [portable[name], native[name]]) {
      const { privateKey, publicKey } = kem.generate(random);
      const { ciphertext } = kem.encapsulate(publicKey, random);
      ciphertext.fill(0, ciphertext.length - 32);
      assert.equal(kem.open(privateKey).decapsulate(ciphertext), undefined);
    }
  });

  test(`${name}: random bytes of any length are refused as a public key, or make a ciphertext; nothing else`, () => {
    const random = new SeededRandom("public keys");
    for (const { kem } of [portable[name], native[name]]) {
      for (const length of [0, 31, 32, kem.publicKeyBytes - 1, kem.publicKeyBytes, kem.publicKeyBytes + 1]) {
        try {
          assert.equal(kem.encapsulate(random.bytes(length), random).ciphertext.length, kem.ciphertextBytes);
        } catch (error) {
          assert.ok(isTransportError("MALFORMED")(error));
        }
      }
    }
  });

  test(`${name}: a destroyed key decapsulates nothing more, and a key shows no secret when printed`, () => {
    const random = new SeededRandom("destroy");
    for (const { kem } of [portable[name], native[name]]) {
      const { privateKey, publicKey } = kem.generate(random);
      const { ciphertext } = kem.encapsulate(publicKey, random);
      const key = kem.open(privateKey);
      const { publicKey: shown, ...rest } = key;
      assert.deepEqual(shown, publicKey);
      assert.ok(Object.values(rest).every((value) => typeof value === "function"));
      assert.ok(!inspect(key, { showHidden: true, depth: 9 }).includes(inspect(privateKey).slice(20, 60)));
      key.destroy();
      assert.throws(() => key.decapsulate(ciphertext), /destroyed/);
    }
  });
}
