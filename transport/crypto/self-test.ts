/**
 * Known answers for every primitive, run once at start: a runtime whose cryptography is broken, or not what it says it is
 * (Electron's BoringSSL, a wrong prebuilt binary), must not send a packet.
 */

import { fromHex, toHex, utf8 } from "../core/bytes.ts";
import type { Kem, Suite } from "./suite.ts";

/**
 * Throws an Error that names the first primitive with a wrong answer. Takes some milliseconds; portable, on an engine that is cold,
 * some tenths of a second. Packets have their own: sphinx/packet-self-test.ts.
 */
export function selfTest(suite: Suite): void {
  for (const [name, holds] of checks(suite)) assertHolds({ suite, name, holds });
}

/** Throws the one Error of every self-test. A primitive that throws is as broken as one that answers wrongly. */
export function assertHolds({ suite, name, holds }: { suite: Suite; name: string; holds: () => boolean }): void {
  const failed = new Error(`the self-test of ${name} failed (${suite.implementation} cryptography)`);
  try {
    if (holds()) return;
  } catch (cause) {
    failed.cause = cause;
  }
  throw failed;
}

function checks(suite: Suite): [name: string, holds: () => boolean][] {
  return [
    ["BLAKE2b", () => is(suite.blake2b(COUNT_3), ANSWERS.blake2b)],
    ["keyed BLAKE2b", () => is(suite.blake2b(COUNT_3, COUNT_32), ANSWERS.keyedBlake2b)],
    ["SHA-256", () => is(suite.sha256(utf8("abc")), ANSWERS.sha256)],
    ["HKDF-SHA-512", () => is(hkdf(suite), ANSWERS.hkdf)],
    ["ChaCha20", () => is(keystream(suite), ANSWERS.chacha20)],
    ["ChaCha20-Poly1305", () => aeadHolds(suite)],
    ["Ed25519", () => ed25519Holds(suite)],
    ["Ed25519 with ML-DSA-65", () => hybridHolds(suite)],
    ["the packets' KEM", () => kemHolds(suite.kem, ANSWERS.kemPublicKey[suite.name], suite)],
    ["X-Wing", () => kemHolds(suite.sealKem, ANSWERS.kemPublicKey.xwing, suite)],
  ];
}

const COUNT_3 = Uint8Array.of(0, 1, 2);
const COUNT_32 = Uint8Array.from({ length: 32 }, (_, i) => i);
const ZERO_NONCE = new Uint8Array(12);

const is = (bytes: Uint8Array, hex: string): boolean => toHex(bytes) === hex;

const hkdf = (suite: Suite): Uint8Array =>
  suite.hkdf({ secret: COUNT_32, salt: new Uint8Array(0), info: COUNT_3, length: 112 }).slice(80);

function keystream(suite: Suite): Uint8Array {
  const bytes = new Uint8Array(64);
  suite.chacha20InPlace(new Uint8Array(32), bytes);
  return bytes;
}

function aeadHolds(suite: Suite): boolean {
  const common = { key: COUNT_32, nonce: ZERO_NONCE, associated: COUNT_3 };
  const ciphertext = suite.aeadSeal({ ...common, plaintext: COUNT_3 });
  const opened = suite.aeadOpen({ ...common, ciphertext });
  const changed = ciphertext.with(0, (ciphertext[0] as number) ^ 1);
  return (
    is(ciphertext, ANSWERS.aead) &&
    opened !== undefined &&
    is(opened, "000102") &&
    suite.aeadOpen({ ...common, ciphertext: changed }) === undefined
  );
}

function ed25519Holds({ ed25519 }: Suite): boolean {
  const seed = fromHex(ANSWERS.ed25519.seed);
  const signature = ed25519.sign(new Uint8Array(0), seed);
  const publicKey = ed25519.publicKey(seed);
  return (
    is(signature, ANSWERS.ed25519.signature) &&
    ed25519.verify(signature, new Uint8Array(0), publicKey) &&
    !ed25519.verify(signature, COUNT_3, publicKey)
  );
}

/** A known key pair, one round trip, and both ways to be half right. */
function hybridHolds(suite: Suite): boolean {
  const { hybrid } = suite;
  const publicKey = hybrid.publicKey(COUNT_32);
  const signature = hybrid.sign(COUNT_3, COUNT_32);
  const changedAt = (at: number): Uint8Array => signature.with(at, (signature.at(at) as number) ^ 1);
  return (
    is(suite.blake2b(publicKey), ANSWERS.hybridPublicKey) &&
    hybrid.verify(signature, COUNT_3, publicKey) &&
    [0, signature.length - 1].every((at) => !hybrid.verify(changedAt(at), COUNT_3, publicKey))
  );
}

/** A known key pair, and one round trip to it. */
function kemHolds(kem: Kem, publicKeyDigest: string, suite: Suite): boolean {
  const key = kem.open(COUNT_32);
  // Nothing is sealed to this key, so its randomness need not be random.
  const made = kem.encapsulate(key.publicKey, { bytes: (length) => new Uint8Array(length).fill(5) });
  const opened = key.decapsulate(made.ciphertext);
  return (
    is(suite.blake2b(key.publicKey), publicKeyDigest) && opened !== undefined && is(opened, toHex(made.sharedSecret))
  );
}

/** Ed25519: RFC 8032 §7.1 test 1. ChaCha20: RFC 8439 A.1 vector 1. SHA-256: FIPS 180-4, "abc". The others: both implementations and the tests agree. */
const ANSWERS = {
  blake2b: "3d8c3d594928271f44aad7a04b177154806867bcf918e1549c0bc16f9da2b09b",
  keyedBlake2b: "e14fc9161564dd081204f2dd6146a9ffbef66f95d5dc80e0a225e213c09dad7b",
  sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  hkdf: "f783ef8ec32ead33604405e6ba524c5cd0435cbec91d556b364ac23c0ad48a27",
  chacha20:
    "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586",
  aead: "18b940fec48380b2dc24e7f199d32dc039973c",
  ed25519: {
    seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    signature:
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  },
  hybridPublicKey: "2a6b6efbc6d3b191e5f6b251fd3797cb4639a8a4c3ed2b04d8758992b7896ca6",
  kemPublicKey: {
    x25519: "57addcd56cefb4269c07945b89a221a829a40f1f0e8bd64c4a958219abc5c2c1",
    xwing: "3153bedde9d5e8406a7874c46d5f58f1706fcf133b8975b20c35319dfd540157",
  },
} as const;
