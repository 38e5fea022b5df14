/**
 * NOT CRYPTOGRAPHY. Something of the shape of a suite that protects nothing: secrets follow from public keys, long messages are
 * hashed in samples, anybody can sign for anybody. With it a simulation of thousands of clients spends its time on what it is
 * about, when packets move, and not on curves. It refuses to be made outside a test or the simulator.
 */

import { withSigner } from "#test/support/with-signer.ts";
import { equalBytes } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import type { RandomSource } from "#transport/core/random.ts";
import { HYBRID_PUBLIC_KEY_BYTES, HYBRID_SIGNATURE_BYTES } from "#transport/crypto/hybrid-signature.ts";
import { nativeSuite } from "#transport/crypto/native.ts";
import type { Kem, Suite } from "#transport/crypto/suite.ts";

/** In the sizes of the suite `x25519`, so that every length on the wire is as with it. */
export function noCryptography(): Suite {
  refuseOutsideTests();
  return {
    ...real,
    kem: openKem({ publicKeyBytes: 32, ciphertextBytes: 32 }),
    sealKem: openKem({ publicKeyBytes: 1216, ciphertextBytes: 1120 }),
    blake2b: (message, key) => real.blake2b(sample(message), key),
    sha256: (message) => real.blake2b(sample(message)),
    hkdf: ({ secret, salt, info, length }) => {
      const stream = new Uint8Array(length);
      real.chacha20InPlace(real.blake2b(joined(secret, salt, info)), stream);
      return stream;
    },
    // The first bytes only: enough that a block which was not opened is not taken for one that was.
    chacha20InPlace: (key, bytes) => real.chacha20InPlace(key, bytes.subarray(0, SAMPLE_BYTES)),
    aeadSeal: ({ key, plaintext }) => joined(plaintext, tagOf(key, plaintext)),
    aeadOpen: ({ key, ciphertext }) => {
      const plaintext = ciphertext.slice(0, -TAG_BYTES);
      return equalBytes(tagOf(key, plaintext), ciphertext.subarray(-TAG_BYTES)) ? plaintext : undefined;
    },
    ed25519: {
      publicKey: (seed) => real.blake2b(seed),
      sign: (message, seed) => signature(message, real.blake2b(seed)),
      verify: (given, message, publicKey) => equalBytes(given, signature(message, publicKey)),
    },
    // In true sizes, and as open as the rest.
    hybrid: withSigner({
      publicKey: (seed) => padded(real.blake2b(seed), HYBRID_PUBLIC_KEY_BYTES),
      sign: (message, seed) => hybridSignature(message, real.blake2b(seed)),
      verify: (given, message, publicKey) => equalBytes(given, hybridSignature(message, publicKey.subarray(0, 32))),
    }),
  };
}

/** The test runner's processes, and the one that `npm run sim` starts. */
function refuseOutsideTests(): void {
  const isTest = process.execArgv.some((word) => word.startsWith("--test")) || process.env["NODE_TEST_CONTEXT"];
  const isSimulator = /[/\\]test[/\\]sim[/\\]main\.ts$/.test(process.argv[1] ?? "");
  if (!isTest && !isSimulator) throw new Error("this is not cryptography: it is for tests and the simulator alone");
}

/** Whoever knows the public key knows every secret. */
function openKem(sizes: Pick<Kem, "publicKeyBytes" | "ciphertextBytes">): Kem {
  const { publicKeyBytes, ciphertextBytes } = sizes;
  const publicKeyOf = (privateKey: Uint8Array): Uint8Array => padded(privateKey, publicKeyBytes);
  return {
    ...sizes,
    generate: (random: RandomSource) => {
      const privateKey = random.bytes(32);
      return { publicKey: publicKeyOf(privateKey), privateKey };
    },
    open: (privateKey) => {
      const publicKey = publicKeyOf(privateKey);
      let isDestroyed = false;
      return {
        publicKey,
        decapsulate: (ciphertext) => {
          if (isDestroyed) throw new Error("this key was destroyed");
          return ciphertext.length === ciphertextBytes ? secretOf(publicKey, ciphertext) : undefined;
        },
        destroy: () => {
          isDestroyed = true;
        },
      };
    },
    encapsulate: (publicKey, random) => {
      if (publicKey.length !== publicKeyBytes) throw new TransportError("MALFORMED");
      const ciphertext = padded(random.bytes(32), ciphertextBytes);
      return { ciphertext, sharedSecret: secretOf(publicKey, ciphertext) };
    },
  };
}

const secretOf = (publicKey: Uint8Array, ciphertext: Uint8Array): Uint8Array =>
  real.blake2b(joined(publicKey.subarray(0, 32), ciphertext.subarray(0, 32)));

const real = nativeSuite("x25519");
const TAG_BYTES = 16;
const SAMPLE_BYTES = 128;

/** Of what is long the head, the tail, every 16th byte between, and the length. */
function sample(message: Uint8Array): Uint8Array {
  const { length } = message;
  if (length <= 4 * SAMPLE_BYTES) return message;
  const result = new Uint8Array(2 * SAMPLE_BYTES + (length >> 4) + 4);
  result.set(message.subarray(0, SAMPLE_BYTES));
  result.set(message.subarray(-SAMPLE_BYTES), SAMPLE_BYTES);
  let to = 2 * SAMPLE_BYTES;
  for (let i = 7; i < length; i += 16) result[to++] = message[i] as number;
  new DataView(result.buffer).setUint32(result.length - 4, length);
  return result;
}

const tagOf = (key: Uint8Array, plaintext: Uint8Array): Uint8Array =>
  real.blake2b(sample(plaintext), key).subarray(0, TAG_BYTES);

/** Signed by whoever knows the public key. */
const signature = (message: Uint8Array, publicKey: Uint8Array): Uint8Array => {
  const hash = real.blake2b(message, publicKey);
  return joined(hash, hash);
};

const hybridSignature = (message: Uint8Array, key: Uint8Array): Uint8Array =>
  padded(signature(message, key), HYBRID_SIGNATURE_BYTES);

function padded(bytes: Uint8Array, length: number): Uint8Array {
  const result = new Uint8Array(length);
  result.set(bytes.subarray(0, length));
  return result;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
