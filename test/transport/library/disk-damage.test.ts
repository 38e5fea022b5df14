/** What a store makes of a file that was cut, torn, damaged, or is of an earlier version. Spec: docs/spec/09-storage.md §8 */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { diskStore } from "#transport";
import { oldHeader, sealedEntry, disk, folder, key } from "./store-scene.ts";

test("a store whose end was cut off anywhere holds all that was said to be written, and goes on", async (t) => {
  const file = folder(t);
  const records = await disk(file);
  await records.load(() => false);
  const ends = [statSync(file).size];
  for (let i = 0; i < 4; i++) {
    await records.write(
      new Map([
        ["a", new Uint8Array([i])],
        [`b${i}`, new Uint8Array(50)],
      ]),
    );
    ends.push(statSync(file).size);
  }
  await records.close();
  const whole = readFileSync(file);
  for (let cut = ends[0] as number; cut < whole.length; cut += 7) {
    writeFileSync(file, whole.subarray(0, cut));
    const random = new SeededRandom(`cut ${cut}`);
    const torn = await disk(file, random);
    const count = ends.filter((end) => end <= cut).length - 1;
    const found = await torn.load(() => false);
    assert.deepEqual([...found.keys()].filter((name) => name !== "a").length, count);
    assert.deepEqual(found.get("a"), count === 0 ? undefined : new Uint8Array([count - 1]));
    await torn.write(new Map([["after", new Uint8Array([9])]]));
    await torn.close();
    const again = await disk(file, random);
    assert.deepEqual((await again.load(() => false)).get("after"), new Uint8Array([9]));
    await again.close();
  }
});

test("a store that is damaged before something whole is not opened, whichever byte it is, and its file stays as it is", async (t) => {
  const file = folder(t);
  const ends = await writeEach(file, 3);
  const bytes = readFileSync(file);
  // Every byte of the first two entries: lengths that lead past the end, numbers that no file has, sealed bytes.
  for (let place = ends[0] as number; place < (ends[2] as number); place++) {
    for (const mask of [1, 0xff]) {
      const changed = Buffer.from(bytes);
      changed[place] = (changed[place] as number) ^ mask;
      writeFileSync(file, changed);
      const begin = place < (ends[1] as number) ? ends[0] : ends[1];
      const text = new RegExp(`is damaged at byte ${begin}, .* Nothing of it was changed\\. Put back your newest copy`);
      await assert.rejects(diskStore({ file, key }), text, `byte ${place}`);
      assert.deepEqual(readFileSync(file), changed);
    }
  }
  writeFileSync(file, bytes);
  await (await diskStore({ file, key })).close();
});

test("what follows damage is found however far away it stands", async (t) => {
  const file = folder(t);
  const records = await disk(file);
  await records.load(() => false);
  const first = statSync(file).size;
  for (const fill of [1, 2]) await records.write(new Map([["large", new Uint8Array(300_000).fill(fill)]]));
  await records.close();
  const changed = readFileSync(file);
  changed[first] = 0xff; // the length of the first
  writeFileSync(file, changed);
  await assert.rejects(diskStore({ file, key }), /is damaged at byte/);
});

test("a file that a power cut filled up with zeros holds all that was said to be written", async (t) => {
  const file = folder(t);
  const ends = await writeEach(file, 3);
  const bytes = readFileSync(file);
  for (const zeros of [1, 11, 12, 500]) {
    writeFileSync(file, Buffer.concat([bytes.subarray(0, ends[2]), Buffer.alloc(zeros)]));
    const records = await disk(file, new SeededRandom(`zeros ${zeros}`));
    assert.deepEqual((await records.load(() => false)).get("a"), new Uint8Array(40).fill(1));
    await records.close();
  }
});

test("a power cut that left later parts of one write and not its beginning is a torn end, and one before the last write is damage", async (t) => {
  const file = folder(t);
  const records = await disk(file);
  await records.load(() => false);
  await records.write(new Map([["a", new Uint8Array(40)]]));
  const end = statSync(file).size;
  const large = ["b", "c"].map((name) => [name, new Uint8Array(9000)] as const);
  await records.write(new Map(large));
  const torn = readFileSync(file).fill(0, end, end + 4096);
  await records.write(new Map([["d", new Uint8Array(40)]]));
  await records.close();
  writeFileSync(file, readFileSync(file).fill(0, end, end + 4096));
  await assert.rejects(diskStore({ file, key }), /is damaged at byte/);
  writeFileSync(file, torn);
  const again = await disk(file, new SeededRandom("again"));
  assert.deepEqual([...(await again.load(() => false)).keys()], ["a"]);
  await again.close();
});

test("what a failed write left behind the end is nothing that was written", async (t) => {
  const file = folder(t);
  const [end] = (await writeEach(file, 1)) as [number];
  const whole = readFileSync(file);
  const [header, failed] = [whole.subarray(0, end), whole.subarray(end)];
  const next = sealedEntry(header, { number: 1, step: 2, name: "a", value: new Uint8Array(40).fill(1) });
  // An entry of a lower number behind the newest, whole: written over, as far as it was, where it could not be cut off.
  writeFileSync(file, Buffer.concat([header, next, failed]));
  const records = await disk(file, new SeededRandom("left behind"));
  assert.deepEqual((await records.load(() => false)).get("a"), new Uint8Array(40).fill(1));
  await records.close();
});

test("a write that was taken out of the midst of a file is missed, and so is a part of one: the file is not opened and stays as it is", async (t) => {
  const file = folder(t);
  const records = await disk(file);
  await records.load(() => false);
  const ends = [statSync(file).size];
  for (const names of [["a"], ["b"], ["c", "d", "e"], ["f"]]) {
    // All entries have one length.
    await records.write(new Map(names.map((name) => [name, new Uint8Array(40)])));
    const [from = 0] = ends.slice(-1);
    const bytes = (statSync(file).size - from) / names.length;
    for (const index of names.keys()) ends.push(from + (index + 1) * bytes);
  }
  await records.close();
  const whole = readFileSync(file);
  for (let i = 0; i + 2 < ends.length; i++) {
    for (let j = i + 1; j + 1 < ends.length; j++) {
      const cut = Buffer.concat([whole.subarray(0, ends[i]), whole.subarray(ends[j])]);
      writeFileSync(file, cut);
      await assert.rejects(diskStore({ file, key }), /is damaged at byte/, `${i} to ${j}`);
      assert.deepEqual(readFileSync(file), cut);
    }
  }
});

test("a file of version 1 is read, and written anew; where it cannot be, it stays as it is and says why", async (t) => {
  const file = folder(t);
  const header = oldHeader();
  const value = new Uint8Array(40).fill(1);
  // A write that a full disk refused used up number 1.
  const entries = [
    sealedEntry(header, { number: 0, name: "a", value }),
    sealedEntry(header, { number: 2, name: "b", value }),
  ];
  const old = Buffer.concat([header, ...entries]);
  writeFileSync(file, old);
  mkdirSync(`${file}.new`);
  const without = await disk(file, new SeededRandom("no room"));
  await assert.rejects(
    without.load(() => false),
    /is of an older version and cannot be written anew: make room on its disk/,
  );
  await without.close();
  assert.deepEqual(readFileSync(file), old);
  rmSync(`${file}.new`, { recursive: true });
  for (let time = 0; time < 2; time++) {
    const records = await disk(file, new SeededRandom(`room ${time}`));
    assert.deepEqual([...(await records.load(() => false)).keys()], ["a", "b"]);
    assert.equal(readFileSync(file).subarray(0, 19).toString(), "starling-records/2\n");
    await records.close();
  }
  // And damage in it is damage.
  writeFileSync(file, Buffer.from(old).fill(0, header.length, header.length + 20));
  const damaged = await disk(file, new SeededRandom("damaged"));
  await assert.rejects(
    damaged.load(() => false),
    /is damaged at byte/,
  );
  await damaged.close();
});

/** Writes one record so many times; where the file ended before and after each. */
async function writeEach(file: string, count: number): Promise<number[]> {
  const records = await disk(file);
  await records.load(() => false);
  const ends = [statSync(file).size];
  for (let i = 0; i < count; i++) {
    await records.write(new Map([["a", new Uint8Array(40).fill(i)]]));
    ends.push(statSync(file).size);
  }
  await records.close();
  return ends;
}
