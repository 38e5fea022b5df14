/** Codes that let somebody sign up. Only their hashes are kept: who copies the database cannot use them. Spec: docs/spec/07-mailbox.md §2.2 */

import { toHex, utf8 } from "#transport/core/bytes.ts";
import type { RandomSource } from "#transport/core/random.ts";
import type { Primitives } from "#transport/crypto/suite.ts";
import type { ProviderDatabase } from "../database/database.ts";

/** A new code of 26 characters (128 bits) that can be used `uses` times. */
export function createInvite(
  database: ProviderDatabase,
  options: { uses: number; random: RandomSource; primitives: Primitives },
): string {
  const code = base32(options.random.bytes(16));
  const hash = codeHash(options.primitives, code);
  database.transaction(() =>
    database.prepare("INSERT INTO invites (code_hash, uses_left) VALUES (?, ?)").run(hash, options.uses),
  );
  return code;
}

export interface StandingInvite {
  /** Its hash in hexadecimal. */
  readonly name: string;
  /** At least 1. */
  readonly usesLeft: number;
}

/** A code that has a use left; else undefined. */
export function findInvite(
  database: ProviderDatabase,
  options: { code: string; primitives: Primitives },
): StandingInvite | undefined {
  const hash = codeHash(options.primitives, options.code);
  const row = database.prepare("SELECT uses_left FROM invites WHERE code_hash = ? AND uses_left > 0").get(hash);
  return row === undefined ? undefined : { name: toHex(hash), usesLeft: Number(row["uses_left"]) };
}

/** Takes one use off a code; false when it has none. Runs inside the transaction that opens the account. */
export function useInvite(database: ProviderDatabase, options: { code: string; primitives: Primitives }): boolean {
  const hash = codeHash(options.primitives, options.code);
  const statement = "UPDATE invites SET uses_left = uses_left - 1 WHERE code_hash = ? AND uses_left > 0";
  return database.prepare(statement).run(hash).changes === 1;
}

function codeHash(primitives: Primitives, code: string): Uint8Array {
  return primitives.blake2b(utf8(`starling/invite-code/v1${code.toLowerCase()}`));
}

/** RFC 4648 §6 alphabet in lower case, without padding. */
function base32(bytes: Uint8Array): string {
  let bits = 0;
  let value = 0;
  let text = "";
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xffff;
    for (bits += 8; bits >= 5; bits -= 5) text += ALPHABET[(value >> (bits - 5)) & 31];
  }
  return bits === 0 ? text : text + ALPHABET[(value << (5 - bits)) & 31];
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
