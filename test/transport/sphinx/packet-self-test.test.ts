/** What a start tries before it sends anything: every primitive, one packet, one reply. Each planted fault is found. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { packetAnswersFile } from "#test/support/packet-answers.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { selfTest } from "#transport/crypto/self-test.ts";
import type { Kem, Suite } from "#transport/crypto/suite.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { packetSelfTest } from "#transport/sphinx/packet-self-test.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";

const native = { xwing: await loadSuite("xwing", "native"), x25519: await loadSuite("x25519", "native") };
const portable = { xwing: await loadSuite("xwing", "portable"), x25519: await loadSuite("x25519", "portable") };
const LIVE_PACKET_BYTES = 28_672;

function tryPacket(suite: Suite): void {
  const sizes = geometry({ suite: suite.name, packetBytes: LIVE_PACKET_BYTES });
  packetSelfTest(new Sphinx({ suite, geometry: sizes }), new SeededRandom("packet self-test"));
}

test("the answers are what the vectors and the portable implementation make", async () => {
  const file = new URL("../../../transport/sphinx/packet-answers.ts", import.meta.url);
  assert.equal(readFileSync(file, "utf8"), await packetAnswersFile());
});

test("both implementations pass, with both suites", () => {
  for (const suite of [native.xwing, native.x25519, portable.xwing, portable.x25519]) tryPacket(suite);
});

/** Right wherever a primitive alone is tried, wrong at a packet's size or in a packet's place. */
const IN_PACKETS_ONLY: Readonly<Record<string, (suite: Suite) => Partial<Suite>>> = {
  "ChaCha20 that stops after 4 KiB": (suite) => ({
    chacha20InPlace: (key, bytes) => suite.chacha20InPlace(key, bytes.subarray(0, 4096)),
  }),
  "SHA-256 that reads 4 KiB": (suite) => ({ sha256: (message) => suite.sha256(message.subarray(0, 4096)) }),
  "BLAKE2b that reads 64 bytes": (suite) => ({
    blake2b: (message, key) => suite.blake2b(message.subarray(0, 64), key),
  }),
  "BLAKE2b that forgets long keys": (suite) => ({
    blake2b: (message, key) => suite.blake2b(message, message.length > 64 ? undefined : key),
  }),
  "HKDF that forgets a long info": (suite) => ({
    hkdf: (o) => suite.hkdf({ ...o, info: o.info.subarray(0, 8) }),
  }),
  // What it makes it opens, and its keys are right: only an answer of another implementation shows it.
  "a KEM with a secret of its own making": (suite) => ({
    kem: changedKem(suite.kem, (secret) => suite.sha256(secret)),
  }),
  "a KEM whose secret is always the same": (suite) => ({ kem: changedKem(suite.kem, () => new Uint8Array(32)) }),
};

/** Wrong anywhere. */
const ANYWHERE: Readonly<Record<string, (suite: Suite) => Partial<Suite>>> = {
  "BLAKE2b without its key": (suite) => ({ blake2b: (message) => suite.blake2b(message) }),
  "SHA-256 of zeros": () => ({ sha256: () => new Uint8Array(32) }),
  "HKDF of zeros": () => ({ hkdf: ({ length }) => new Uint8Array(length) }),
  "HKDF that repeats its first block": (suite) => ({
    hkdf: (o) => {
      const block = suite.hkdf({ ...o, length: Math.min(o.length, 64) });
      return Uint8Array.from({ length: o.length }, (_, i) => block[i % block.length] as number);
    },
  }),
  "ChaCha20 that changes nothing": () => ({ chacha20InPlace: () => {} }),
  "a seal that is the plaintext": () => ({
    aeadSeal: ({ plaintext }) => Uint8Array.of(...plaintext, ...new Uint8Array(16)),
  }),
  "a seal that opens whatever comes": (suite) => ({
    aeadOpen: (o) => suite.aeadOpen(o) ?? o.ciphertext.subarray(0, -16),
  }),
  "Ed25519 that believes everything": (suite) => ({ ed25519: { ...suite.ed25519, verify: () => true } }),
  "Ed25519 that believes nothing": (suite) => ({ ed25519: { ...suite.ed25519, verify: () => false } }),
  "two signatures of which one is looked at": (suite) => ({
    hybrid: {
      ...suite.hybrid,
      verify: (signature, message, key) =>
        suite.hybrid.verify(signature, message, key) ||
        suite.hybrid.verify(withLastBitFlipped(signature), message, key),
    },
  }),
  "two signatures that believe everything": (suite) => ({ hybrid: { ...suite.hybrid, verify: () => true } }),
  "a KEM that opens to something else": (suite) => ({
    kem: { ...suite.kem, open: (key) => ({ ...suite.kem.open(key), decapsulate: () => new Uint8Array(32) }) },
  }),
  "a KEM with the keys of another": (suite) => ({
    kem: { ...suite.kem, open: (key) => suite.kem.open(suite.sha256(key)) },
  }),
  "a seal's KEM that opens nothing": (suite) => ({
    sealKem: { ...suite.sealKem, open: (key) => ({ ...suite.sealKem.open(key), decapsulate: () => undefined }) },
  }),
  "a primitive that throws": () => ({
    sha256: () => {
      throw new Error("no such instruction");
    },
  }),
};

for (const name of ["xwing", "x25519"] as const) {
  test(`${name}: a primitive that is right alone and wrong in a packet stops the start`, () => {
    for (const [what, plant] of Object.entries(IN_PACKETS_ONLY)) {
      const broken: Suite = { ...native[name], ...plant(native[name]) };
      assert.throws(() => tryPacket(broken), /^Error: the self-test of .* failed \(native cryptography\)$/, what);
    }
  });

  test(`${name}: a broken primitive is found by the one self-test or the other`, () => {
    for (const [what, plant] of Object.entries(ANYWHERE)) {
      const broken: Suite = { ...native[name], ...plant(native[name]) };
      assert.throws(() => tryAll(broken), /^Error: the self-test of .* failed \(native cryptography\)$/, what);
    }
  });
}

test("the primitives' own self-test lets through what only a packet shows: that is what the packet is for", () => {
  const passed = Object.entries(IN_PACKETS_ONLY).filter(([, plant]) => {
    try {
      selfTest({ ...native.xwing, ...plant(native.xwing) });
      return true;
    } catch {
      return false;
    }
  });
  assert.ok(passed.length >= 6, `${passed.length}`);
});

function withLastBitFlipped(bytes: Uint8Array): Uint8Array {
  return bytes.with(bytes.length - 1, (bytes.at(-1) as number) ^ 1);
}

function tryAll(suite: Suite): void {
  selfTest(suite);
  tryPacket(suite);
}

function changedKem(kem: Kem, change: (secret: Uint8Array) => Uint8Array): Kem {
  return {
    ...kem,
    encapsulate(publicKey, random) {
      const { ciphertext, sharedSecret } = kem.encapsulate(publicKey, random);
      return { ciphertext, sharedSecret: change(sharedSecret) };
    },
    open(privateKey) {
      const key = kem.open(privateKey);
      return {
        publicKey: key.publicKey,
        decapsulate(ciphertext) {
          const secret = key.decapsulate(ciphertext);
          return secret && change(secret);
        },
        destroy: () => key.destroy(),
      };
    },
  };
}
