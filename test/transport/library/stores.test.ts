/** The library's stores: what they keep over a restart, a crash and a full disk. IndexedDB: test/e2e/web-client.spec.ts. */

import assert from "node:assert/strict";
import { lstatSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { epochNumber, milliseconds } from "#transport/core/units.ts";
import { RecordsStore } from "#transport/library/records-store.ts";
import { diskStore } from "#transport";
import {
  KINDS,
  Kept,
  oldHeader,
  sealedEntry,
  at,
  disk,
  folder,
  id,
  incoming,
  key,
  mailboxKey,
  outgoing,
  to,
} from "./store-scene.ts";

for (const [name, place] of KINDS) {
  test(`${name}: everything that a client keeps is there after a restart`, async (t) => {
    const open = place(t);
    const store = await RecordsStore.open(await open());
    await store.saveIdentity({ deviceSeed: key, network: new Uint8Array([1, 2]) });
    for (const epoch of [3, 5, 4, 6]) await store.addConsensus({ epoch, bytes: new Uint8Array([epoch]), keep: 3 });
    for (const from of [10, 30, 20, 20]) await store.addMailboxKey(mailboxKey(from));
    await store.addOutgoing(outgoing(1), [new Uint8Array([1]), new Uint8Array([2])]);
    await store.addOutgoing(outgoing(2), [new Uint8Array([3])]);
    await store.addOutgoing({ ...outgoing(1), bytes: 99 }, []);
    const sent = { state: "sent", notBefore: at, attempts: 1, hashes: [new Uint8Array(16)] } as const;
    await store.saveProgress(id(1), { ...outgoing(1).progress, reminders: 2 }, new Map([[1, sent]]));
    await store.readdress(id(2), { ...to, address: "c@b.example" });
    await store.acceptEntry({ cursor: 7, fragment: incoming(5, 1) });
    await store.acceptEntry({ cursor: 8, fragment: incoming(6, 0) });
    await store.acceptEntry({ cursor: 9, fragment: incoming(5, 0) });
    await store.acceptEntry({ cursor: 10, fragment: incoming(5, 0) });
    await store.close();

    const again = await RecordsStore.open(await open());
    assert.deepEqual(await again.identity(), { deviceSeed: key, network: new Uint8Array([1, 2]) });
    assert.deepEqual(
      await again.consensuses(),
      [6, 5, 4].map((epoch) => new Uint8Array([epoch])),
    );
    assert.deepEqual(
      (await again.mailboxKeys()).map(({ validFrom }) => validFrom),
      [30, 20, 10],
    );
    const [first, second] = await again.outgoing();
    assert.deepEqual(first, {
      ...outgoing(1),
      progress: { ...outgoing(1).progress, reminders: 2 },
      fragments: [outgoing(1).fragments[0], sent],
    });
    assert.equal(second?.to.address, "c@b.example");
    assert.deepEqual(await again.outgoingData(id(1), 1), new Uint8Array([2]));
    assert.equal(await again.cursor(), 10);
    const known = await again.incoming();
    assert.deepEqual(
      known.map((summary) => [summary.id[0], summary.indexes, summary.bytes]),
      [
        [6, [0], 2],
        [5, [1, 0], 4],
      ],
    );
    assert.deepEqual(await again.incomingFragment(id(5), 0), new Uint8Array([5, 0]));
    await again.close();
  });

  test(`${name}: what is done, delivered, erased or old is gone, data first of all`, async (t) => {
    const store = await RecordsStore.open(await place(t)());
    await store.addOutgoing(outgoing(1), [new Uint8Array([1])]);
    await store.finishOutgoing(id(1), { ...outgoing(1).progress, deliveredAt: milliseconds(2000) });
    await assert.rejects(store.outgoingData(id(1), 0));
    await assert.rejects(store.saveProgress(id(9), outgoing(1).progress));
    await store.acceptEntry({ cursor: 1, fragment: incoming(5, 0) });
    await store.consume({ id: id(5), at, proof: key, acknowledgeTo: undefined });
    await assert.rejects(store.incomingFragment(id(5), 0));
    await store.oweReceipt({ id: id(5), proof: key, to, dueAt: milliseconds(2000) });
    await store.oweReceipt({ id: id(8), proof: key, to, dueAt: milliseconds(2000) });
    assert.deepEqual((await store.seen(id(5)))?.acknowledgeTo, to);
    assert.equal((await store.owedReceipts()).length, 1);
    await store.acceptEntry({ cursor: 2, fragment: incoming(6, 0) });
    await store.discardIncoming(id(6));
    await store.acceptEntry({ cursor: 3, fragment: incoming(7, 0, milliseconds(500)) });
    await store.addMailboxKey(mailboxKey(10));
    await store.eraseMailboxKeys(milliseconds(30));
    assert.deepEqual(await store.mailboxKeys(), []);
    await store.prune(milliseconds(3000));
    assert.deepEqual([await store.outgoing(), await store.incoming(), await store.owedReceipts()], [[], [], []]);
    assert.equal(await store.seen(id(5)), undefined);
    await store.close();
  });
}

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

test("two clients never have one file: the second hears what to do, and can open it once the first is done", async (t) => {
  const file = folder(t);
  const store = await diskStore({ file, key });
  const before = readFileSync(file);
  await assert.rejects(diskStore({ file, key }), /Another client uses .*changed nothing.*Stop the other/);
  assert.deepEqual(readFileSync(file), before);
  await store.addMailboxKey(mailboxKey(1));
  await store.close();
  // One that could not be opened holds nothing.
  await assert.rejects(diskStore({ file, key: new Uint8Array(32) }), /its key is another/);
  const again = await diskStore({ file, key });
  assert.equal((await again.mailboxKeys()).length, 1);
  await again.close();
});

test("a file under two names is one store: who has it has it under both, and it is written anew where it is", async (t) => {
  const file = folder(t);
  const link = `${file}-link`;
  symlinkSync(file, link);
  await (await diskStore({ file, key })).close();
  const store = await diskStore({ file: link, key });
  await assert.rejects(diskStore({ file, key }), /Another client uses/);
  for (let n = 1; n <= 12; n++)
    await store.addConsensus({ epoch: epochNumber(n), bytes: new Uint8Array(200_000), keep: 1 });
  await store.addMailboxKey(mailboxKey(1));
  await store.close();
  assert.ok(statSync(file).size < 2_000_000, "it was written anew");
  assert.ok(lstatSync(link).isSymbolicLink());
  const again = await diskStore({ file, key });
  assert.equal((await again.mailboxKeys()).length, 1);
  await again.close();
});

test("a store with another key is not opened", async (t) => {
  const file = folder(t);
  await (await diskStore({ file, key })).close();
  await assert.rejects(diskStore({ file, key: new Uint8Array(32) }), /is not a store, or its key is another/);
  await assert.rejects(diskStore({ file, key: new Uint8Array(31) }), RangeError);
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

test("nothing of what a store holds can be read in its file, and only its owner may open it", async (t) => {
  const file = folder(t);
  const store = await diskStore({ file, key });
  await store.saveIdentity({
    deviceSeed: new Uint8Array(32).fill(0x41),
    network: new TextEncoder().encode("a network"),
  });
  await store.close();
  const bytes = readFileSync(file);
  for (const word of ["identity", "network", "A".repeat(8), "QUFB"]) assert.equal(bytes.includes(word), false, word);
  assert.equal(statSync(file).mode & 0o077, 0);
});

test("a file that is mostly out of date is written anew, and holds the same", async (t) => {
  const file = folder(t);
  const records = await disk(file);
  await records.load(() => false);
  await records.write(new Map([["kept", new Uint8Array([1])]]));
  for (let i = 0; i < 60; i++) await records.write(new Map([["large", new Uint8Array(60_000).fill(i)]]));
  assert.ok(statSync(file).size < 2_000_000, "3.6 MB were written");
  assert.equal(statSync(file).mode & 0o077, 0, "the new file, too, is its owner's alone");
  assert.deepEqual(await records.read("large"), new Uint8Array(60_000).fill(59));
  await records.close();
  const again = await disk(file);
  const found = await again.load((name) => name === "large");
  assert.deepEqual([found.get("kept"), found.has("large"), found.get("large")], [new Uint8Array([1]), true, undefined]);
  assert.deepEqual(await again.read("large"), new Uint8Array(60_000).fill(59));
  await again.close();
});

test("a write that fails has changed nothing, and the next one succeeds", async () => {
  const records = new (class extends Kept {
    refusal: Error | undefined;
    override async write(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
      if (this.refusal !== undefined) throw this.refusal;
      await super.write(changes);
    }
  })();
  const store = await RecordsStore.open(records);
  await store.acceptEntry({ cursor: 1 });
  records.refusal = new Error("full");
  await assert.rejects(store.acceptEntry({ cursor: 2, fragment: incoming(5, 0) }), /full/);
  assert.deepEqual([await store.cursor(), await store.incoming()], [1, []]);
  records.refusal = undefined;
  await store.acceptEntry({ cursor: 2, fragment: incoming(5, 0) });
  assert.equal(await store.cursor(), 2);
});
