/** The library's stores: what they keep over a restart, a crash and a full disk. IndexedDB: test/e2e/web-client.spec.ts. */

import assert from "node:assert/strict";
import { lstatSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { test } from "node:test";
import { epochNumber, milliseconds } from "#transport/core/units.ts";
import { RecordsStore } from "#transport/library/records-store.ts";
import { diskStore } from "#transport";
import { KINDS, Kept, at, disk, folder, id, incoming, key, mailboxKey, outgoing, to } from "./store-scene.ts";

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
