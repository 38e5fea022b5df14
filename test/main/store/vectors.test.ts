import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { safetyNumber } from "#main/keys/safety-number.ts";
import { PassphraseKeyring } from "#main/store/key-file.ts";
import * as limits from "#main/store/limits.ts";
import { RowCipher } from "#main/store/row-cipher.ts";
import { blake2b } from "#main/store/sodium.ts";
import { fromHex, toHex, utf8 } from "#transport/core/bytes.ts";
import { SystemRandom } from "#transport/core/system-random.ts";

interface Vectors {
  readonly keyFile: { passphrase: string; master: string; file: string };
  readonly keys: Record<string, string>;
  readonly row: { json: string; sealed: string; index: { purpose: string; text: string; value: string } };
  readonly safetyNumber: { groups: string[] };
}

const vectors = JSON.parse(await readFile(new URL("../../vectors/store.json", import.meta.url), "utf8")) as Vectors;
const { keyFile, keys, row } = vectors;
const bytes = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, i) => i);

test("the key file of docs/spec/09-storage.md opens with its passphrase", async () => {
  const master = await new PassphraseKeyring(new SystemRandom()).unwrap(fromHex(keyFile.file), keyFile.passphrase);
  assert.equal(toHex(master), keyFile.master);
});

test("a key file that asks for more memory or passes than any was made with, or for less, is refused before it is tried", async () => {
  const keyring = new PassphraseKeyring(new SystemRandom());
  const { ARGON2_MEMORY_BYTES_MAX: most, ARGON2_MEMORY_BYTES_MIN: least, ARGON2_PASSES_MAX: passes } = limits;
  for (const cost of [
    { passes: 3, memory: most + 1 },
    { passes: 3, memory: 2 ** 32 - 1 },
    { passes: 3, memory: least - 1 },
    { passes: passes + 1, memory: least },
    { passes: 0, memory: least },
  ]) {
    const file = asking(fromHex(keyFile.file), cost);
    await assert.rejects(keyring.unwrap(file, keyFile.passphrase), {
      code: "STORE_DAMAGED",
      message: /unknown form/,
    });
  }
});

/** The same file with other costs in its head (docs/spec/09-storage.md §2) and a checksum that holds. */
function asking(file: Uint8Array, { passes, memory }: { passes: number; memory: number }): Uint8Array {
  const changed = file.slice();
  const view = new DataView(changed.buffer);
  view.setUint32(13, passes);
  view.setUint32(17, memory);
  changed.set(blake2b(changed.subarray(0, -32)), changed.length - 32);
  return changed;
}

test("the derived keys are those of the specification", () => {
  for (const [purpose, value] of Object.entries(keys))
    assert.equal(toHex(blake2b(utf8(`starling/store/${purpose}/v1`), fromHex(keyFile.master))), value);
});

test("a row opens at its place and nowhere else", () => {
  const cipher = new RowCipher(fromHex(keys["rows"] as string));
  const sealed = fromHex(row.sealed);
  assert.deepEqual(cipher.openJson("messages", [bytes(16), 3], sealed), { text: "hi", key: bytes(3) });
  assert.equal(new TextDecoder().decode(cipher.open("messages", [bytes(16), 3], sealed)), row.json);
  for (const [table, key] of [
    ["drafts", [bytes(16), 3]],
    ["messages", [bytes(16), 4]],
    ["messages", [bytes(16)]],
  ] as const)
    assert.throws(() => cipher.open(table, key, sealed), { code: "STORE_DAMAGED" });
  for (let i = 0; i < sealed.length; i++) {
    const changed = sealed.slice();
    changed[i] = (changed[i] as number) ^ 1;
    assert.throws(() => cipher.open("messages", [bytes(16), 3], changed), { code: "STORE_DAMAGED" });
  }
  assert.equal(toHex(cipher.index(row.index.purpose, row.index.text)), row.index.value);
});

test("both people compute the safety number of the specification", () => {
  const alice = { address: "alice@a.example", accountKey: new Uint8Array(32).fill(1), fingerprint: "11".repeat(20) };
  const bob = { address: "bob@b.example", accountKey: new Uint8Array(32).fill(2), fingerprint: "22".repeat(20) };
  assert.deepEqual(safetyNumber(alice, bob, { blake2b }), vectors.safetyNumber.groups);
  assert.deepEqual(safetyNumber(bob, alice, { blake2b }), vectors.safetyNumber.groups);
});
