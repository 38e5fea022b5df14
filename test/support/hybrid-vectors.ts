/**
 * Known answers for hybrid signatures, put together here from their parts as docs/spec/00-conventions.md §5 says, without the
 * program's own composition.
 */

import { hkdfSync } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { blake2b } from "@noble/hashes/blake2.js";
import { ml_dsa65 } from "@noble/post-quantum/ml-dsa.js";
import { concat, toHex, utf8 } from "#transport/core/bytes.ts";

export interface HybridVectors {
  readonly provenance: string;
  readonly cases: readonly {
    readonly seed: string;
    readonly mlDsaSeed: string;
    readonly publicKey: string;
    readonly message: string;
    /** What both halves sign. */
    readonly signed: string;
    /** The ML-DSA half deterministic. */
    readonly signature: string;
  }[];
}

export function hybridVectors(): HybridVectors {
  const label = "starling/consensus/v1";
  return {
    provenance:
      "Ours: node test/support/generate-vectors.ts, from @noble's parts and OpenSSL's HKDF as spec 00 §5 composes them.",
    cases: [
      vector(new Uint8Array(32), new Uint8Array(0)),
      vector(
        Uint8Array.from({ length: 32 }, (_, i) => i),
        concat(utf8(label), Uint8Array.of(0), new Uint8Array(36).fill(7)),
      ),
    ],
  };
}

function vector(seed: Uint8Array, message: Uint8Array): HybridVectors["cases"][number] {
  const info = "starling/ml-dsa-65-seed/v1";
  const mlDsaSeed = new Uint8Array(hkdfSync("sha512", seed, new Uint8Array(0), info, 32));
  const pair = ml_dsa65.keygen(mlDsaSeed);
  const publicKey = concat(ed25519.getPublicKey(seed), pair.publicKey);
  const hash = blake2b(publicKey, { dkLen: 32 });
  const signed = concat(utf8("starling/ed25519-ml-dsa-65/v1"), Uint8Array.of(0), hash, message);
  const lattice = ml_dsa65.sign(signed, pair.secretKey, { extraEntropy: false });
  const signature = concat(ed25519.sign(signed, seed), lattice);
  const hex = { seed, mlDsaSeed, publicKey, message, signed, signature };
  return Object.fromEntries(Object.entries(hex).map(([name, bytes]) => [name, toHex(bytes)])) as unknown as ReturnType<
    typeof vector
  >;
}
