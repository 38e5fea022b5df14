/** The library's file where the disk gives trouble at the moment at which it is written anew. */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { DiskRecords } from "#transport/library/disk-records.ts";

const suite = await loadSuite("x25519", "native");
const key = new Uint8Array(32).fill(7);
const LARGE = 60_000;

test("where a file cannot be written anew, what is written counts all the same", async (t) => {
  const file = folder(t);
  const records = await disk(file);
  await records.load(() => false);
  mkdirSync(`${file}.new`);
  for (let i = 0; i < 60; i++) await records.write(new Map([["large", new Uint8Array(LARGE).fill(i)]]));
  assert.deepEqual(await records.read("large"), new Uint8Array(LARGE).fill(59));
  await records.close();
  const again = await disk(file);
  assert.deepEqual((await again.load(() => false)).get("large"), new Uint8Array(LARGE).fill(59));
  await again.close();
});

test("a file that has taken its place is the one that is written, also when its folder cannot be opened", async (t) => {
  const file = folder(t);
  const records = await disk(file);
  await records.load(() => false);
  const before = statSync(file).ino;
  const folderOpened = { refused: 0 };
  replaceOpen(t, (path) => {
    if (path !== dirname(file) || folderOpened.refused > 0) return;
    folderOpened.refused++;
    throw Object.assign(new Error("too many open files"), { code: "EMFILE" });
  });
  let written = 0;
  while (folderOpened.refused === 0) {
    await records.write(new Map([["large", new Uint8Array(LARGE).fill(written++)]]));
  }
  await records.write(new Map([["after", new Uint8Array([1])]]));
  assert.notEqual(statSync(file).ino, before, "it was written anew");
  await records.close();
  const again = await disk(file);
  const found = await again.load(() => false);
  assert.deepEqual(found.get("after"), new Uint8Array([1]));
  assert.deepEqual(found.get("large"), new Uint8Array(LARGE).fill(written - 1));
  await again.close();
});

test("while a folder does not keep a new file's name, nothing that is written counts", async (t) => {
  const file = folder(t);
  const records = await disk(file);
  await records.load(() => false);
  let isRefused = true;
  const folderOpened = { refused: 0 };
  replaceOpen(t, (path) => {
    if (path !== dirname(file) || !isRefused) return;
    folderOpened.refused++;
    throw Object.assign(new Error("too many open files"), { code: "EMFILE" });
  });
  while (folderOpened.refused === 0) await records.write(new Map([["large", new Uint8Array(LARGE)]]));
  await assert.rejects(records.write(new Map([["after", new Uint8Array([1])]])), { code: "EMFILE" });
  await assert.rejects(records.read("after"));
  isRefused = false;
  await records.write(new Map([["after", new Uint8Array([2])]]));
  assert.deepEqual(await records.read("after"), new Uint8Array([2]));
  await records.close();
});

test("an attempt to write a file anew that fails leaves nothing on a full disk, and is not made again at each write", async (t) => {
  const file = folder(t);
  const records = await disk(file);
  await records.load(() => false);
  let attempts = 0;
  replaceOpen(t, (path, handle) => {
    if (path !== `${file}.new` || handle === undefined) return;
    attempts++;
    handle.sync = () => Promise.reject(Object.assign(new Error("no space left"), { code: "ENOSPC" }));
  });
  for (let i = 0; i < 60; i++) await records.write(new Map([["large", new Uint8Array(LARGE).fill(i)]]));
  assert.equal(existsSync(`${file}.new`), false);
  assert.ok(attempts >= 1 && attempts <= 4, `${attempts} attempts in 3.6 MB`);
  await records.close();
});

test("no number is used again after a torn end that cannot be written anew", async (t) => {
  const file = folder(t);
  const records = await disk(file);
  await records.load(() => false);
  await records.write(new Map([["a", new Uint8Array(40)]]));
  const end = statSync(file).size;
  await records.write(new Map([["secret", new Uint8Array(400).fill(1)]]));
  await records.close();
  const whole = readFileSync(file);
  writeFileSync(file, whole.subarray(0, -1));
  mkdirSync(`${file}.new`);
  const again = await disk(file);
  await again.load(() => false);
  await again.write(new Map([["other", new Uint8Array(400).fill(2)]]));
  await again.close();
  const numberAt = (bytes: Buffer): bigint => bytes.readBigUInt64BE(end + 4);
  assert.ok(numberAt(readFileSync(file)) > numberAt(whole), "two plaintexts under one nonce");
  rmSync(`${file}.new`, { recursive: true });
  const third = await disk(file);
  assert.deepEqual([...(await third.load(() => false)).keys()], ["a", "other"]);
  await third.close();
});

test("a record can be read while the file is written anew", async (t) => {
  const file = folder(t);
  const records = await disk(file);
  await records.load(() => false);
  await records.write(new Map([["kept", new Uint8Array([1])]]));
  for (let i = 0; i < 40; i++) {
    const state = { isWritten: false };
    const write = records.write(new Map([["large", new Uint8Array(LARGE).fill(i)]])).finally(() => {
      state.isWritten = true;
    });
    while (!state.isWritten) assert.deepEqual(await records.read("kept"), new Uint8Array([1]));
    await write;
  }
  await records.close();
});

test("a large mail is sealed in pieces between which the clocks run, and a program killed at any of them finds the old state or the new", async (t) => {
  const file = folder(t);
  let [sealed, most, isOver] = [0, 0, false];
  const turn = (): void => {
    sealed = 0;
    if (!isOver) setImmediate(turn);
  };
  const aeadSeal: typeof suite.aeadSeal = (input) => {
    most = Math.max(most, (sealed += input.plaintext.length));
    return suite.aeadSeal(input);
  };
  const states: Buffer[] = [];
  replaceOpen(t, (path, handle) => {
    if (path !== file || handle === undefined) return;
    const write = handle.write.bind(handle) as (...input: unknown[]) => Promise<{ bytesWritten: number }>;
    const watched = async (bytes: Uint8Array, offset: number, length: number, position: number) => {
      // A part at a time, as a disk that is nearly full.
      const result = await write(bytes, offset, Math.ceil(length / 2), position);
      if (result.bytesWritten > 4) states.push(readFileSync(file));
      return result;
    };
    Object.assign(handle, { write: watched });
  });
  const watched = { ...suite, aeadSeal };
  const records = await DiskRecords.open({ file, key, suite: watched, random: new SeededRandom("pieces") });
  await records.load(() => false);
  await records.write(new Map([["old", new Uint8Array([1])]]));
  turn();
  states.length = 0;
  const mail = new Map(Array.from({ length: 60 }, (_, n) => [`part ${n}`, new Uint8Array(20_000).fill(n)] as const));
  await records.write(mail);
  isOver = true;
  assert.ok(most <= 2 * 200_000, `${most} bytes were sealed in one turn`);
  await records.close();
  assert.ok(states.length > 6);
  for (const [n, state] of [...states, readFileSync(file)].entries()) {
    const copy = `${file}.${n}`;
    writeFileSync(copy, state);
    const found = await disk(copy);
    const { size } = await found.load(() => false);
    await found.close();
    assert.ok(size === 1 || size === 61, `${size} records in state ${n}`);
    if (n === states.length) assert.equal(size, 61);
  }
});

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "starling-disk-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return join(path, "store");
}

const disk = (file: string): Promise<DiskRecords> =>
  DiskRecords.open({ file, key, suite, random: new SeededRandom(`disk ${file}`) });

/** Hears of every file that is opened until the test ends: before, without a handle, and after. */
function replaceOpen(t: TestContext, heard: (path: string, handle?: fs.FileHandle) => void): void {
  const { open } = fs;
  fs.open = async (path, ...rest) => {
    heard(String(path));
    const handle = await open(path, ...rest);
    heard(String(path), handle);
    return handle;
  };
  syncBuiltinESMExports();
  t.after(() => {
    fs.open = open;
    syncBuiltinESMExports();
  });
}
