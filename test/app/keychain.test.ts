/** The keychain around the key file. Electron's own is simulated; what it must be asked is what these tests are about. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { SafeStorage } from "electron";
import { withKeychain } from "#app/keychain.ts";
import type { Keyring } from "#main/host/compose.ts";

const master = new Uint8Array(32).fill(7);

/** A passphrase keyring whose files anyone can read. */
const passphrase: Keyring = {
  wrap: async (key, phrase) => Buffer.from(JSON.stringify([phrase, [...key]])),
  async unwrap(file, phrase) {
    const [expected, key] = JSON.parse(Buffer.from(file).toString()) as [string, number[]];
    if (expected !== phrase) throw Object.assign(new Error("wrong"), { code: "WRONG_PASSPHRASE" });
    return new Uint8Array(key);
  },
};

function keychain(o: { backend?: string; available?: boolean; key?: number }): SafeStorage {
  const { backend = "gnome_libsecret", available = true, key = 0x5a } = o;
  const turn = (bytes: Uint8Array): Buffer => Buffer.from(bytes.map((byte) => byte ^ key));
  return {
    isEncryptionAvailable: () => available,
    getSelectedStorageBackend: () => backend,
    encryptString: (text: string) => turn(Buffer.from(`keychain:${text}`)),
    decryptString(bytes: Buffer) {
      const text = turn(bytes).toString();
      if (!text.startsWith("keychain:")) throw new Error("not this keychain");
      return text.slice("keychain:".length);
    },
  } as unknown as SafeStorage;
}

test("with a keychain the key file shows nothing of what the passphrase wraps, and opens again", async () => {
  const keyring = withKeychain(passphrase, keychain({}), "linux");
  const file = await keyring.wrap(master, "correct");
  assert.ok(!Buffer.from(file).includes("correct"));
  assert.deepEqual(await keyring.unwrap(file, "correct"), master);
  await assert.rejects(keyring.unwrap(file, "incorrect"), { code: "WRONG_PASSPHRASE" });
});

test("where the keychain is none, the passphrase stands alone", async () => {
  const bare = await passphrase.wrap(master, "correct");
  for (const none of [
    keychain({ backend: "basic_text" }),
    keychain({ backend: "unknown" }),
    keychain({ available: false }),
  ]) {
    assert.deepEqual(await withKeychain(passphrase, none, "linux").wrap(master, "correct"), bare);
  }
});

test("a key file from before there was a keychain still opens", async () => {
  const bare = await passphrase.wrap(master, "correct");
  assert.deepEqual(await withKeychain(passphrase, keychain({}), "linux").unwrap(bare, "correct"), master);
});

test("another keychain is told from a wrong passphrase", async () => {
  const file = await withKeychain(passphrase, keychain({}), "linux").wrap(master, "correct");
  const other = withKeychain(passphrase, keychain({ key: 0x33 }), "linux");
  await assert.rejects(other.unwrap(file, "correct"), { code: "STORE_DAMAGED" });
});
