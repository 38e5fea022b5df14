/** A node's or authority's long-term keys: magic 8 ‖ identity seed 32 ‖ link seed 32, readable by its owner only. docs/operating.md */

import { statSync } from "node:fs";
import { concat, equalBytes, toHex, utf8 } from "#transport/core/bytes.ts";
import type { RandomSource } from "#transport/core/random.ts";
import { withSecret } from "#transport/core/secret.ts";
import type { Primitives } from "#transport/crypto/suite.ts";
import { nodeIdOf } from "#transport/directory/descriptor.ts";
import { linkKeyOf } from "#transport/link/link-key.ts";
import { ServerError } from "../errors.ts";
import { readBytes } from "../read-bytes.ts";
import { codeOf, writeNew } from "./write-new.ts";

export interface NodeKeys {
  /** 32 bytes: of the Ed25519 and the ML-DSA-65 key that sign descriptors, or votes and consensuses. */
  readonly identitySeed: Uint8Array;
  /** Ed25519 seed, 32 bytes: the key of the TLS certificate. */
  readonly linkSeed: Uint8Array;
}

/** Makes a new file; never replaces one. Throws KEY_FILE. */
export function createKeyFile(path: string, random: RandomSource): NodeKeys {
  const keys = { identitySeed: random.bytes(SEED_BYTES), linkSeed: random.bytes(SEED_BYTES) };
  withSecret(concat(MAGIC, keys.identitySeed, keys.linkSeed), (bytes) =>
    writeNew(path, bytes, { mode: 0o600, code: "KEY_FILE" }),
  );
  return keys;
}

/** Throws KEY_FILE for a file that is missing, damaged, or readable by others. */
export function readKeyFile(path: string): NodeKeys {
  const bytes = readKeyBytes(path);
  return withSecret(bytes, () => {
    const isSound =
      bytes.length === MAGIC.length + 2 * SEED_BYTES && equalBytes(bytes.subarray(0, MAGIC.length), MAGIC);
    if (!isSound) throw new ServerError("KEY_FILE", `${path}: expected a key file made by the command keygen.`);
    const seeds = bytes.slice(MAGIC.length);
    return { identitySeed: seeds.slice(0, SEED_BYTES), linkSeed: seeds.slice(SEED_BYTES) };
  });
}

/** What others are told: all in hexadecimal. The node id is the hash of the identity key, and short enough to be compared. */
export function publicKeys(
  keys: NodeKeys,
  primitives: Primitives,
): { nodeId: string; identityKey: string; linkKey: string } {
  const identityKey = primitives.hybrid.publicKey(keys.identitySeed);
  const linkKey = linkKeyOf(primitives, keys.linkSeed);
  return {
    nodeId: toHex(nodeIdOf(primitives, identityKey)),
    identityKey: toHex(identityKey),
    linkKey: toHex(linkKey),
  };
}

const MAGIC = utf8("strlNK01");
const SEED_BYTES = 32;

function readKeyBytes(path: string): Uint8Array {
  try {
    const isPrivate = process.platform === "win32" || (statSync(path).mode & 0o077) === 0;
    if (!isPrivate)
      throw new ServerError("KEY_FILE", `${path}: expected a file that only its owner can read (chmod 600).`);
    return readBytes(path);
  } catch (error) {
    if (error instanceof ServerError) throw error;
    throw new ServerError("KEY_FILE", `${path}: ${whyUnreadable(codeOf(error))}`);
  }
}

function whyUnreadable(code: string): string {
  if (code === "ENOENT")
    return "there is no such file. A key file is made by `keygen --out FILE`, once for each daemon.";
  if (code === "EACCES" || code === "EPERM")
    return "this user cannot read it. A key file belongs to the user that runs the daemon (chown).";
  return `expected a key file made by the command keygen (${code}).`;
}
