/**
 * One byte changed on the user's disk. Whatever it is, the program says STORE_DAMAGED, writes nothing over it, and has
 * everything again when the byte is put back:
 *
 * | where                                              | noticed by                                      |
 * |----------------------------------------------------|-------------------------------------------------|
 * | any page of the closed database                    | the hash over the file                          |
 * | that hash                                          | itself                                          |
 * | any byte of the key file                           | its checksum                                    |
 * | a database that was not closed, or whose hash is gone | the check of its pages, and each row's seal  |
 */

import assert from "node:assert/strict";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { failsWith, PASSPHRASE, People, type Person } from "#test/support/people.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { PassphraseKeyring } from "#main/store/key-file.ts";
import { openStore, type Store } from "#main/store/store.ts";
import { below } from "#transport/core/random.ts";

const TEXT = "what must not be lost";
const PAGE_BYTES = 4096;
const random = new SeededRandom("where");
const keyring = new PassphraseKeyring(random, { memoryBytes: 8 * 2 ** 20, passes: 1 });

test("a byte changed in any page, in the hash over them or in the key file: it is not opened, and not touched", async (t) => {
  const { alice, bob } = await lockedReader(t);
  for (const name of await readdir(bob.dataDir)) {
    const path = join(bob.dataDir, name);
    const good = await readFile(path);
    const pages = Math.ceil(good.length / PAGE_BYTES);
    // Every tenth page through the contract; test/main/store does the same to the store itself.
    for (let page = 0; page < pages; page += 10) {
      await changeByte(path, good, page);
      const damaged = await contents(bob);
      await failsWith(bob.unlock(), "STORE_DAMAGED");
      assert.deepEqual(await contents(bob), damaged, "nothing was written");
      assert.equal((await bob.contract["app.state"]({})).stage, "locked");
    }
    await writeFile(path, good);
  }
  await bob.unlock();
  assert.deepEqual(await bob.draftTexts(), ["draft"]);
  await alice.write(bob.address, "and then");
  await bob.receivesOnce(TEXT, "and then");
});

test("a byte changed in a database that was not closed: what is read is damaged, or as it was, never something else", async (t) => {
  const { bob } = await lockedReader(t);
  const path = join(bob.dataDir, "starling.db");
  await rm(`${path}.seal`);
  const good = await readFile(path);
  const before = await readAll(bob);
  assert.ok(before !== "STORE_DAMAGED" && [...before].some((row) => row.includes(TEXT)));
  const noticed = { atOpening: 0, atReading: 0 };
  for (let page = 0; page < good.length / PAGE_BYTES; page += 5) {
    for (const name of await readdir(bob.dataDir)) if (/\.db[.-]/.test(name)) await rm(join(bob.dataDir, name));
    const damaged = await changeByte(path, good, page);
    const after = await readAll(bob);
    if (after === "STORE_DAMAGED") {
      noticed.atOpening++;
      assert.deepEqual(await readFile(path), damaged, "nothing was written");
      continue;
    }
    for (const row of after) assert.ok(row === "STORE_DAMAGED" || before.has(row), `page ${page}: ${row}`);
    if (after.has("STORE_DAMAGED")) noticed.atReading++;
  }
  t.diagnostic(JSON.stringify(noticed));
  assert.ok(noticed.atOpening > 0);
});

async function lockedReader(t: Parameters<typeof People.on>[0]) {
  const people = await People.on(t, { seed: "damage" });
  const { alice, bob } = await people.aliceAndBob();
  await bob.draft(alice.address, "draft");
  await alice.write(bob.address, TEXT);
  await bob.receivesOnce(TEXT);
  await people.during(bob.contract["app.lock"]({}));
  return { alice, bob };
}

async function contents(person: Person): Promise<Record<string, Buffer>> {
  const names = (await readdir(person.dataDir)).toSorted();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(person.dataDir, name))])),
  );
}

/** Somewhere in the page. */
async function changeByte(path: string, good: Buffer, page: number): Promise<Buffer> {
  const bad = Buffer.from(good);
  const start = page * PAGE_BYTES;
  const at = start + below(random, Math.min(PAGE_BYTES, good.length - start));
  bad[at] = (bad[at] as number) ^ (1 << below(random, 8));
  await writeFile(path, bad);
  return bad;
}

/** Everything that rows say, one by one; STORE_DAMAGED for what says so. */
async function readAll(person: Person): Promise<Set<string> | "STORE_DAMAGED"> {
  let store: Store;
  try {
    store = await openStore({ dataDir: person.dataDir, keyring, passphrase: PASSPHRASE });
  } catch (error) {
    assert.equal((error as { code?: unknown }).code, "STORE_DAMAGED", String(error));
    return "STORE_DAMAGED";
  }
  const mails = async (): Promise<unknown[]> => {
    const { conversations } = await store.listConversations({ folder: "inbox", limit: 10 });
    const threads = conversations.map(({ conversation }) => store.thread(conversation.id));
    return (await Promise.all(threads)).flatMap(({ messages }) => messages.map(({ message }) => message));
  };
  const parts: (() => Promise<readonly unknown[]>)[] = [
    async () => [await store.mainAccount(), await store.account()],
    () => store.drafts(10),
    () => store.suggest({ wanted: "", limit: 1000 }),
    mails,
    () => store.mailboxKeys(),
    () => store.consensuses(),
    () => store.outgoing(),
    () => store.owedReceipts(),
  ];
  const said = new Set<string>();
  for (const ask of parts) {
    try {
      for (const row of await ask()) if (row !== undefined) said.add(JSON.stringify(row));
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      assert.ok(code === "STORE_DAMAGED" || code === "NOT_FOUND", String(error));
      said.add("STORE_DAMAGED");
    }
  }
  await store.close().catch(() => undefined);
  return said;
}
