/**
 * The operating system's keychain around the store's key file: whoever copies the disk cannot even begin to guess the
 * passphrase. Electron falls back to a key that is no secret where a desktop has no keychain ("basic_text"); then the
 * passphrase stands alone.
 */

import type { SafeStorage } from "electron";
import type { Keyring } from "#main/host/compose.ts";

/** Wraps `passphrase`'s key files; reads its bare ones too, from before there was a keychain. */
export function withKeychain(passphrase: Keyring, safeStorage: SafeStorage, platform: NodeJS.Platform): Keyring {
  return {
    async wrap(master, phrase) {
      const file = await passphrase.wrap(master, phrase);
      if (!isSecret(safeStorage, platform)) return file;
      return Buffer.concat([MAGIC, safeStorage.encryptString(Buffer.from(file).toString("base64"))]);
    },
    async unwrap(file, phrase) {
      const bytes = Buffer.from(file);
      if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return passphrase.unwrap(file, phrase);
      return passphrase.unwrap(reveal(bytes.subarray(MAGIC.length), safeStorage), phrase);
    },
  };
}

/** Begins every file that a keychain wrapped. */
const MAGIC = Buffer.from("starling-keychain-1\n");

function isSecret(safeStorage: SafeStorage, platform: NodeJS.Platform): boolean {
  if (!safeStorage.isEncryptionAvailable()) return false;
  return platform !== "linux" || !["basic_text", "unknown"].includes(safeStorage.getSelectedStorageBackend());
}

/** A keychain that is locked or another one leaves the file as it is: with the right keychain it opens again. */
function reveal(sealed: Buffer, safeStorage: SafeStorage): Uint8Array {
  try {
    return new Uint8Array(Buffer.from(safeStorage.decryptString(sealed), "base64"));
  } catch (cause) {
    throw Object.assign(new Error("the keychain that wrapped the key file is not this one", { cause }), {
      code: "STORE_DAMAGED",
    });
  }
}
