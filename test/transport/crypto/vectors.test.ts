/** Both implementations against published vectors (test/vectors, each file with its provenance). */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { blake2b } from "@noble/hashes/blake2.js";
import { isTransportError } from "#test/support/errors.ts";
import { readVectors } from "#test/support/vectors.ts";
import { concat, fromHex, toHex, utf8 } from "#transport/core/bytes.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { nativeMlDsa65 } from "#transport/crypto/native-ml-dsa.ts";
import { nativeMlKem768 } from "#transport/crypto/native-ml-kem.ts";
import { portableMlDsa65 } from "#transport/crypto/portable-ml-dsa.ts";
import { portableMlKem768 } from "#transport/crypto/portable-ml-kem.ts";
import type { Suite } from "#transport/crypto/suite.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
/** FIPS 180-4's examples (NIST, "SHA256.pdf") and its million of "a". */
const SHA256 = [
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
  ["a".repeat(1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"],
] as const;

for (const implementation of ["portable", "native"] as const) {
  const xwing = await loadSuite("xwing", implementation);
  const x25519 = await loadSuite("x25519", implementation);

  const multiply = (scalar: Uint8Array, point: Uint8Array) => x25519.kem.open(scalar).decapsulate(point);

  test(`${implementation}: X25519 agrees with RFC 7748`, () => {
    type Vectors = {
      multiply: { scalar: string; point: string; product: string }[];
      publicKeys: { scalar: string; publicKey: string }[];
      iterated: { times: number; result: string }[];
      refused: { point: string }[];
    };
    const vectors = readVectors("x25519") as Vectors;
    for (const { scalar, point, product } of vectors.multiply) {
      assert.equal(toHex(multiply(fromHex(scalar), fromHex(point)) as Uint8Array), product);
    }
    for (const { scalar, publicKey } of vectors.publicKeys) {
      assert.equal(toHex(x25519.kem.open(fromHex(scalar)).publicKey), publicKey);
    }
    for (const { times, result } of vectors.iterated) {
      if (times > 1 && implementation === "portable") continue; // A thousand take noble seconds.
      let scalar: Uint8Array = fromHex("09".padEnd(64, "0"));
      let point = scalar;
      for (let i = 0; i < times; i++) [scalar, point] = [multiply(scalar, point) as Uint8Array, scalar];
      assert.equal(toHex(scalar), result);
    }
    for (const { point } of vectors.refused) {
      assert.equal(multiply(new Uint8Array(32).fill(7), fromHex(point)), undefined);
      assert.throws(
        () => x25519.kem.encapsulate(fromHex(point), { bytes: (length) => new Uint8Array(length).fill(7) }),
        isTransportError("MALFORMED"),
      );
    }
  });

  test(`${implementation}: SHA-256 agrees with FIPS 180-4`, () => {
    for (const [message, digest] of SHA256) assert.equal(toHex(xwing.sha256(utf8(message))), digest);
  });

  test(`${implementation}: ChaCha20 and ChaCha20-Poly1305 agree with RFC 8439`, () => {
    type Vectors = {
      keystream: { key: string; offset: number; stream: string }[];
      aead: { key: string; nonce: string; associated: string; plaintext: string; ciphertext: string }[];
    };
    const vectors = readVectors("chacha20") as Vectors;
    for (const { key, offset, stream } of vectors.keystream) {
      const bytes = new Uint8Array(offset + 64);
      xwing.chacha20InPlace(fromHex(key), bytes);
      assert.equal(toHex(bytes.subarray(offset)), stream);
    }
    for (const vector of vectors.aead) {
      const common = {
        key: fromHex(vector.key),
        nonce: fromHex(vector.nonce),
        associated: fromHex(vector.associated),
      };
      const plaintext = fromHex(vector.plaintext);
      const ciphertext = fromHex(vector.ciphertext);
      assert.deepEqual(xwing.aeadSeal({ ...common, plaintext }), ciphertext);
      assert.deepEqual(xwing.aeadOpen({ ...common, ciphertext }), plaintext);
      for (const i of [0, ciphertext.length - 1]) {
        const changed = ciphertext.slice();
        changed[i] = (changed[i] as number) ^ 1;
        assert.equal(xwing.aeadOpen({ ...common, ciphertext: changed }), undefined);
      }
      assert.equal(xwing.aeadOpen({ ...common, ciphertext: ciphertext.subarray(0, 15) }), undefined);
    }
  });

  test(`${implementation}: BLAKE2b-256 agrees with the reference, with and without key`, () => {
    const vectors = readVectors("blake2b") as {
      selfTest: string;
      cases: { message: string; key?: string; digest: string }[];
    };
    for (const { message, key, digest } of vectors.cases) {
      assert.equal(toHex(xwing.blake2b(fromHex(message), key === undefined ? undefined : fromHex(key))), digest);
    }
    assert.equal(toHex(blake2bSelfTest(xwing)), vectors.selfTest);
  });

  test(`${implementation}: HKDF-SHA-512 agrees with Wycheproof`, () => {
    type Case = { secret: string; salt: string; info: string; length: number; output: string };
    for (const vector of (readVectors("hkdf-sha512") as { cases: Case[] }).cases) {
      const { length, output } = vector;
      const [secret, salt, info] = [vector.secret, vector.salt, vector.info].map(fromHex) as [
        Uint8Array,
        Uint8Array,
        Uint8Array,
      ];
      assert.equal(toHex(xwing.hkdf({ secret, salt, info, length })), output);
    }
  });

  test(`${implementation}: Ed25519 agrees with RFC 8032`, () => {
    type Case = { seed: string; publicKey: string; message: string; signature: string };
    for (const vector of (readVectors("ed25519") as { cases: Case[] }).cases) {
      const [seed, message, signature] = [vector.seed, vector.message, vector.signature].map(fromHex) as [
        Uint8Array,
        Uint8Array,
        Uint8Array,
      ];
      const publicKey = xwing.ed25519.publicKey(seed);
      assert.equal(toHex(publicKey), vector.publicKey);
      assert.deepEqual(xwing.ed25519.sign(message, seed), signature);
      assert.ok(xwing.ed25519.verify(signature, message, publicKey));
      assert.ok(!xwing.ed25519.verify(signature, Uint8Array.of(...message, 0), publicKey));
      assert.ok(!xwing.ed25519.verify(signature.subarray(1), message, publicKey));
    }
  });

  test(`${implementation}: ML-KEM-768 key generation agrees with NIST's ACVP`, () => {
    const mlKem = implementation === "native" ? nativeMlKem768() : portableMlKem768;
    assert.ok(mlKem, "this Node has ML-KEM");
    type Case = { d: string; z: string; publicKeySha256: string };
    for (const { d, z, publicKeySha256 } of (readVectors("ml-kem-768") as { keyGen: Case[] }).keyGen) {
      assert.equal(sha256(mlKem.open(fromHex(d + z)).publicKey), publicKeySha256);
    }
  });

  test(`${implementation}: ML-KEM-768 decapsulates as Wycheproof says, what was changed to a secret that nobody has`, () => {
    const mlKem = implementation === "native" ? nativeMlKem768() : portableMlKem768;
    assert.ok(mlKem, "this Node has ML-KEM");
    type Case = { tcId: number; seed: string; ciphertext: string; publicKeySha256?: string; sharedSecret?: string };
    for (const vector of (readVectors("ml-kem-768") as { decapsulation: Case[] }).decapsulation) {
      const open = (): Uint8Array => mlKem.open(fromHex(vector.seed)).decapsulate(fromHex(vector.ciphertext));
      if (vector.sharedSecret === undefined) {
        assert.throws(open, `case ${vector.tcId}`);
        continue;
      }
      assert.equal(sha256(mlKem.open(fromHex(vector.seed)).publicKey), vector.publicKeySha256);
      assert.equal(toHex(open()), vector.sharedSecret, `case ${vector.tcId}`);
    }
  });

  test(`${implementation}: ML-KEM-768 encapsulates as Wycheproof says, and to no key that is not reduced`, () => {
    const mlKem = implementation === "native" ? nativeMlKem768() : portableMlKem768;
    assert.ok(mlKem, "this Node has ML-KEM");
    type Case = { tcId: number; publicKey: string; message: string; ciphertextSha256?: string; sharedSecret?: string };
    for (const vector of (readVectors("ml-kem-768") as { encapsulation: Case[] }).encapsulation) {
      const [publicKey, message] = [fromHex(vector.publicKey), fromHex(vector.message)];
      if (vector.ciphertextSha256 === undefined) {
        assert.throws(() => mlKem.encapsulate(publicKey, message), { code: "MALFORMED" }, `case ${vector.tcId}`);
        continue;
      }
      const made = mlKem.encapsulate(publicKey, message);
      // OpenSSL takes no randomness from outside.
      if (implementation === "native") continue;
      assert.equal(sha256(made.ciphertext), vector.ciphertextSha256, `case ${vector.tcId}`);
      assert.equal(toHex(made.sharedSecret), vector.sharedSecret);
    }
  });

  test(`${implementation}: ML-DSA-65 makes the keys that Wycheproof says, and takes the signatures that are some`, () => {
    const mlDsa = implementation === "native" ? nativeMlDsa65() : portableMlDsa65;
    assert.ok(mlDsa, "this Node has ML-DSA");
    const { signing, verification, keys } = readVectors("ml-dsa-65") as MlDsaVectors;
    for (const vector of signing) {
      const [seed, message] = [fromHex(vector.seed), fromHex(vector.message)];
      const { publicKey } = mlDsa.open(seed);
      assert.equal(sha256(publicKey), vector.publicKeySha256);
      // OpenSSL's signatures are others each time.
      const signature = portableMlDsa65.open(seed).sign(message);
      assert.equal(sha256(signature), vector.signatureSha256, `case ${vector.tcId}`);
      assert.ok(mlDsa.verify(signature, message, publicKey));
      assert.ok(portableMlDsa65.verify(mlDsa.open(seed).sign(message), message, publicKey));
    }
    for (const { tcId, key, message, signature, valid } of verification) {
      const isTaken = takes(() => mlDsa.verify(fromHex(signature), fromHex(message), fromHex(keys[key] as string)));
      assert.equal(isTaken, valid, `case ${tcId}`);
    }
  });

  test(`${implementation}: X-Wing agrees with its draft`, async () => {
    const portable = await loadSuite("xwing", "portable");
    type Case = { sk: string; eseed: string; ss: string; publicKeySha256: string; ciphertextSha256: string };
    for (const vector of (readVectors("x-wing") as { cases: Case[] }).cases) {
      const key = xwing.sealKem.open(fromHex(vector.sk));
      assert.equal(sha256(key.publicKey), vector.publicKeySha256);
      // OpenSSL takes no randomness from outside, so the portable implementation makes the ciphertext for both.
      const made = portable.sealKem.encapsulate(key.publicKey, { bytes: () => fromHex(vector.eseed) });
      assert.equal(sha256(made.ciphertext), vector.ciphertextSha256);
      assert.equal(toHex(made.sharedSecret), vector.ss);
      assert.equal(toHex(key.decapsulate(made.ciphertext) as Uint8Array), vector.ss);
    }
  });
}

interface MlDsaVectors {
  readonly signing: readonly {
    readonly tcId: number;
    readonly seed: string;
    readonly message: string;
    readonly publicKeySha256: string;
    readonly signatureSha256: string;
  }[];
  readonly keys: readonly string[];
  readonly verification: readonly {
    readonly tcId: number;
    readonly key: number;
    readonly message: string;
    readonly signature: string;
    readonly valid: boolean;
  }[];
}

/** A key or signature of a wrong length is refused either way: the suite looks at lengths before it asks. */
function takes(verify: () => boolean): boolean {
  try {
    return verify();
  } catch {
    return false;
  }
}

/** RFC 7693 appendix E for BLAKE2b: its 32-byte digests by the suite, those of other lengths by noble. */
function blake2bSelfTest(suite: Suite): Uint8Array {
  const digests: Uint8Array[] = [];
  for (const length of [20, 32, 48, 64]) {
    for (const messageBytes of [0, 3, 128, 129, 255, 1024]) {
      const message = selfTestSequence(messageBytes, messageBytes);
      const key = selfTestSequence(length, length);
      const digest = (input: Uint8Array, secret?: Uint8Array): Uint8Array => {
        if (length === 32) return suite.blake2b(input, secret);
        return blake2b(input, secret === undefined ? { dkLen: length } : { dkLen: length, key: secret });
      };
      digests.push(digest(message), digest(message, key));
    }
  }
  return suite.blake2b(concat(...digests));
}

/** RFC 7693 appendix E, selftest_seq: a Fibonacci generator. */
function selfTestSequence(length: number, seed: number): Uint8Array {
  let a = Math.imul(0xdead4bad, seed) >>> 0;
  let b = 1;
  return Uint8Array.from({ length }, () => {
    const t = (a + b) >>> 0;
    a = b;
    b = t;
    return t >>> 24;
  });
}
