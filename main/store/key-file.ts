/**
 * The file that holds the store's master key, wrapped by a passphrase. A checksum tells damage from a wrong passphrase.
 * Spec: docs/spec/09-storage.md §2
 */

import { concat, equalBytes, type RandomSource, Reader, utf8, wipe, Writer } from "#transport";
import { MainError } from "../error.ts";
import {
  ARGON2_MEMORY_BYTES,
  ARGON2_MEMORY_BYTES_MAX,
  ARGON2_MEMORY_BYTES_MIN,
  ARGON2_PASSES,
  ARGON2_PASSES_MAX,
} from "./limits.ts";
import { argon2id, blake2b, NONCE_BYTES, openBytes, sealBytes, TAG_BYTES } from "./sodium.ts";

/** What turns a passphrase into the master key and back. A host may add the operating system's keychain. */
export interface Keyring {
  /** Bytes for the key file. The caller keeps and wipes `master`. */
  wrap(master: Uint8Array, passphrase: string): Promise<Uint8Array>;
  /** The 32-byte master key. Throws WRONG_PASSPHRASE or STORE_DAMAGED. */
  unwrap(file: Uint8Array, passphrase: string): Promise<Uint8Array>;
}

export interface Argon2Cost {
  readonly memoryBytes: number;
  readonly passes: number;
}

export class PassphraseKeyring implements Keyring {
  readonly #random: RandomSource;
  readonly #cost: Argon2Cost;

  constructor(random: RandomSource, cost: Argon2Cost = { memoryBytes: ARGON2_MEMORY_BYTES, passes: ARGON2_PASSES }) {
    this.#random = random;
    this.#cost = cost;
  }

  async wrap(master: Uint8Array, passphrase: string): Promise<Uint8Array> {
    const salt = this.#random.bytes(SALT_BYTES);
    const head = new Writer()
      .raw(utf8(MAGIC))
      .u8(VERSION)
      .u32(this.#cost.passes)
      .u32(this.#cost.memoryBytes)
      .raw(salt)
      .finish();
    const key = await stretch(passphrase, { salt, ...this.#cost });
    const body = concat(head, sealBytes(key, master, head));
    wipe(key);
    return concat(body, blake2b(body));
  }

  async unwrap(file: Uint8Array, passphrase: string): Promise<Uint8Array> {
    if (file.length !== FILE_BYTES || !equalBytes(blake2b(file.subarray(0, -HASH_BYTES)), file.subarray(-HASH_BYTES)))
      throw new MainError("STORE_DAMAGED", { detail: "the key file was changed" });
    const reader = new Reader(file);
    const magic = reader.take(MAGIC.length);
    const version = reader.u8();
    const passes = reader.u32();
    const memoryBytes = reader.u32();
    const salt = reader.take(SALT_BYTES);
    if (!equalBytes(magic, utf8(MAGIC)) || version !== VERSION || !plausible({ passes, memoryBytes }))
      throw new MainError("STORE_DAMAGED", { detail: "the key file is of an unknown form" });
    const key = await stretch(passphrase, { salt, passes, memoryBytes });
    const master = openBytes(key, file.slice(HEAD_BYTES, -HASH_BYTES), file.slice(0, HEAD_BYTES));
    wipe(key);
    if (master === undefined) throw new MainError("WRONG_PASSPHRASE");
    return master;
  }
}

const MAGIC = "STARLING KEY";
const VERSION = 1;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const MASTER_BYTES = 32;
const HEAD_BYTES = MAGIC.length + 1 + 4 + 4 + SALT_BYTES;
const FILE_BYTES = HEAD_BYTES + NONCE_BYTES + MASTER_BYTES + TAG_BYTES + HASH_BYTES;

const plausible = ({ passes, memoryBytes }: Argon2Cost): boolean =>
  passes >= 1 &&
  passes <= ARGON2_PASSES_MAX &&
  memoryBytes >= ARGON2_MEMORY_BYTES_MIN &&
  memoryBytes <= ARGON2_MEMORY_BYTES_MAX;

/** One passphrase, however a keyboard composes it: NFC. */
async function stretch(passphrase: string, o: Argon2Cost & { salt: Uint8Array }): Promise<Uint8Array> {
  const bytes = utf8(passphrase.normalize("NFC"));
  const key = await argon2id({ passphrase: bytes, salt: o.salt, passes: o.passes, memoryBytes: o.memoryBytes });
  wipe(bytes);
  return key;
}
