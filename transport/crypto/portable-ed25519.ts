/**
 * Ed25519 by @noble, with signatures verified as libsodium does. RFC 8032 leaves open whether parts of small order count: @noble's
 * own `verify` passes over them (8·S·B = 8·R + 8·k·A), libsodium does not. Authorities that judged a signature differently
 * would count different nodes. Spec: docs/spec/00-conventions.md §2
 */

import { ed25519 } from "@noble/curves/ed25519.js";
import { bytesToNumberLE } from "@noble/curves/utils.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { concat } from "../core/bytes.ts";
import type { Primitives } from "./suite.ts";

export const portableEd25519: Primitives["ed25519"] = {
  publicKey: (seed) => ed25519.getPublicKey(seed),
  sign: (message, seed) => ed25519.sign(message, seed),

  verify(signature, message, publicKey) {
    if (signature.length !== 64 || publicKey.length !== 32) return false;
    const [pointBytes, answer] = [signature.subarray(0, 32), bytesToNumberLE(signature.subarray(32))];
    const [key, point] = [pointOf(publicKey), pointOf(pointBytes)];
    if (key === undefined || point === undefined || answer >= Point.Fn.ORDER) return false;
    const challenge = Point.Fn.create(bytesToNumberLE(sha512(concat(pointBytes, publicKey, message))));
    return Point.BASE.multiplyUnsafe(answer).subtract(key.multiplyUnsafe(challenge)).equals(point);
  },
};

const { Point } = ed25519;

/** Undefined for a second encoding, for no point at all, and for one of small order. */
function pointOf(bytes: Uint8Array): InstanceType<typeof Point> | undefined {
  try {
    const point = Point.fromBytes(bytes, false);
    return point.isSmallOrder() ? undefined : point;
  } catch {
    return undefined;
  }
}
