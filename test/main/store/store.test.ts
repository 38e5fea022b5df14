import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { messageId } from "#transport";
import { Database } from "#main/store/database.ts";
import { newId } from "#main/store/ids.ts";
import { PassphraseKeyring } from "#main/store/key-file.ts";
import type { Arrival } from "#main/store/records.ts";
import { RowCipher } from "#main/store/row-cipher.ts";
import { createStore, openStore, type Store } from "#main/store/store.ts";
import { SystemRandom } from "#transport/core/system-random.ts";

const random = new SystemRandom();
const keyring = new PassphraseKeyring(random, { memoryBytes: 8 * 2 ** 20, passes: 1 });
const passphrase = "correct horse battery";
const CANARY = "canaryword";

test("what was stored is there after closing and opening, and no word of it is in any file", async (t) => {
  const dataDir = await folder(t);
  let store = await createStore({ dataDir, keyring, passphrase, random });
  const conversation = await store.addArrival(arrival({ text: `hello ${CANARY}` }), newId(random));
  assert.ok(conversation !== undefined);
  await store.close();
  for (const name of await readdir(dataDir)) {
    const bytes = await readFile(join(dataDir, name));
    assert.ok(!bytes.includes(CANARY) && !bytes.includes("alice@a.example"), `${name} shows what it holds`);
    assert.equal((await stat(join(dataDir, name))).mode & 0o077, 0, `${name} is readable by others`);
  }
  store = await openStore({ dataDir, keyring, passphrase });
  const thread = await store.thread(conversation);
  assert.equal(thread.messages[0]?.message.text, `hello ${CANARY}`);
  assert.deepEqual(
    (await store.search({ query: "canaryw", limit: 10 })).map((found) => found.conversation.id),
    [conversation],
  );
  assert.deepEqual(await store.search({ query: '" OR *', limit: 10 }), []);
  await store.close();
});

test("a message that is offered again is stored once, by transport id and by signer and message id", async (t) => {
  const store = await openNew(t);
  const first = arrival({ text: "once" });
  assert.ok(await store.addArrival(first, newId(random)));
  assert.equal(await store.addArrival(first, newId(random)), undefined);
  const again = {
    ...first,
    message: { ...first.message, id: newId(random), transportId: messageId(random.bytes(16)) },
  };
  assert.equal(await store.addArrival(again, newId(random)), undefined);
  assert.equal((await store.listConversations({ folder: "inbox", limit: 10 })).conversations.length, 1);
  await store.close();
});

test("a store that is closed twice is sealed once, and opens", async (t) => {
  const dataDir = await folder(t);
  const store = await createStore({ dataDir, keyring, passphrase, random });
  await store.addArrival(arrival({ text: "kept" }), newId(random));
  await Promise.all([store.close(), store.close()]);
  await store.close();
  const again = await openStore({ dataDir, keyring, passphrase });
  assert.equal((await again.search({ query: "kept", limit: 5 })).length, 1);
  await again.close();
});

test("a list read page by page holds every conversation once, though many have the same time", async (t) => {
  const store = await openNew(t);
  const written = new Set<string | undefined>();
  for (let i = 0; i < 7; i++) written.add(await store.addArrival(arrival({ text: `mail ${i}` }), newId(random)));
  const found: string[] = [];
  for (let before: { at: number; id: string } | undefined; ; ) {
    const { conversations } = await store.listConversations({ folder: "inbox", before, limit: 2 });
    const last = conversations.at(-1);
    if (last === undefined) break;
    found.push(...conversations.map(({ conversation }) => conversation.id));
    before = { at: last.newest.at, id: last.conversation.id };
  }
  assert.equal(found.length, 7);
  assert.deepEqual(new Set(found), written);
  await store.close();
});

test("an answer joins the conversation of the mail it answers", async (t) => {
  const store = await openNew(t);
  const question = arrival({ text: "?", messageId: "<1@a.example>" });
  const conversation = await store.addArrival(question, newId(random));
  const answer = arrival({ text: "!", messageId: "<2@a.example>", references: ["<0@x.example>", "<1@a.example>"] });
  assert.equal(await store.addArrival(answer, newId(random)), conversation);
  await store.close();
});

test("a wrong passphrase and a changed key file are told apart, and nothing is lost", async (t) => {
  const dataDir = await folder(t);
  await (await createStore({ dataDir, keyring, passphrase, random })).close();
  await assert.rejects(openStore({ dataDir, keyring, passphrase: "incorrect horse" }), { code: "WRONG_PASSPHRASE" });
  const path = join(dataDir, "starling.key");
  const good = await readFile(path);
  for (let i = 0; i < good.length; i++) {
    const bad = Buffer.from(good);
    bad[i] = (bad[i] as number) ^ 1;
    await assert.rejects(keyring.unwrap(bad, passphrase), { code: "STORE_DAMAGED" });
  }
  await writeFile(path, good);
  await (await openStore({ dataDir, keyring, passphrase })).close();
});

test("a byte changed anywhere in the closed database is STORE_DAMAGED, and changing it back gives everything back", async (t) => {
  const dataDir = await folder(t);
  let store = await createStore({ dataDir, keyring, passphrase, random });
  await store.addArrival(arrival({ text: "precious" }), newId(random));
  await store.close();
  const path = join(dataDir, "starling.db");
  const good = await readFile(path);
  for (let step = 0; step < 12; step++) {
    const bad = Buffer.from(good);
    const at = Math.floor((good.length - 1) * (step / 11));
    bad[at] = (bad[at] as number) ^ 0x10;
    await writeFile(path, bad);
    await assert.rejects(openStore({ dataDir, keyring, passphrase }), { code: "STORE_DAMAGED" });
    assert.deepEqual(await readFile(path), bad, "the damaged file was not touched");
  }
  await writeFile(path, good);
  store = await openStore({ dataDir, keyring, passphrase });
  assert.equal((await store.search({ query: "precious", limit: 5 })).length, 1);
  await store.close();
});

test("a database that is refused has been closed when the refusal is heard: no file comes or goes after it", async (t) => {
  const dataDir = await folder(t);
  const store = await createStore({ dataDir, keyring, passphrase, random });
  await store.addArrival(arrival({ text: "precious" }), newId(random));
  await store.close();
  const path = join(dataDir, "starling.db");
  const bad = await readFile(path);
  for (let at = 0x800; at < bad.length; at += 0x1000) bad[at] = (bad[at] as number) ^ 0x10;
  for (let step = 0; step < 10; step++) {
    await rm(`${path}.seal`, { force: true }); // as after a kill: it is opened and its pages are looked at
    await writeFile(path, bad);
    await assert.rejects(openStore({ dataDir, keyring, passphrase }), { code: "STORE_DAMAGED" });
    assert.deepEqual((await readdir(dataDir)).toSorted(), ["starling.db", "starling.key"]);
  }
});

test("a full disk is DISK_FULL, and what was stored before stays", async (t) => {
  const store = await openNew(t);
  const conversation = await store.addArrival(arrival({ text: "before" }), newId(random));
  await store.limitPages(1);
  const large = arrival({ text: "x".repeat(200_000) });
  await assert.rejects(store.addArrival(large, newId(random)), { code: "DISK_FULL" });
  assert.equal((await store.thread(conversation as string)).messages.length, 1);
  await store.limitPages(1_000_000);
  assert.ok(await store.addArrival(large, newId(random)));
  await store.close();
});

test("what a promise said is stored outlives a loss of power, and what is deleted is overwritten", async (t) => {
  const cipher = new RowCipher(random.bytes(32));
  const database = new Database({ path: join(await folder(t), "store.db"), key: random.bytes(32), cipher });
  // 2 is FULL: the log is synced at each commit.
  assert.equal(database.get("PRAGMA synchronous")?.["synchronous"], 2);
  assert.equal(database.get("PRAGMA secure_delete")?.["secure_delete"], 1);
  database.close();
});

test("a passphrase opens the store however a keyboard composes its letters", async () => {
  const file = await keyring.wrap(new Uint8Array(32).fill(5), "correct h\u00f6rse");
  assert.deepEqual(await keyring.unwrap(file, "correct ho\u0308rse"), new Uint8Array(32).fill(5));
});

test("a row says nothing in another row's place, nor in another table", () => {
  const cipher = new RowCipher(random.bytes(32));
  const sealed = cipher.seal("contacts", [1, Uint8Array.of(2)], Uint8Array.of(9));
  assert.deepEqual(cipher.open("contacts", [1, Uint8Array.of(2)], sealed), Uint8Array.of(9));
  for (const key of [[2, Uint8Array.of(2)], [1, Uint8Array.of(3)], [1], [Uint8Array.of(1), Uint8Array.of(2)]])
    assert.throws(() => cipher.open("contacts", key, sealed), { code: "STORE_DAMAGED" });
  assert.throws(() => cipher.open("drafts", [1, Uint8Array.of(2)], sealed), { code: "STORE_DAMAGED" });
});

test("a short passphrase, a second account and no account are refused", async (t) => {
  const dataDir = await folder(t);
  await assert.rejects(openStore({ dataDir, keyring, passphrase }), { code: "NO_ACCOUNT" });
  await assert.rejects(createStore({ dataDir, keyring, passphrase: "short", random }), { code: "WEAK_PASSPHRASE" });
  await (await createStore({ dataDir, keyring, passphrase, random })).close();
  await assert.rejects(createStore({ dataDir, keyring, passphrase, random }), { code: "ACCOUNT_EXISTS" });
});

function arrival(o: { text: string; messageId?: string; references?: string[] }): Arrival {
  return {
    message: {
      id: newId(random),
      direction: "in",
      from: { address: "alice@a.example", name: "Alice" },
      to: [{ address: "bob@b.example", name: "" }],
      subject: "Subject",
      at: 1_700_000_000_000,
      text: o.text,
      hasHtml: false,
      content: "private",
      signature: "valid",
      messageId: o.messageId ?? `<${newId(random)}@a.example>`,
      references: o.references ?? [],
      transportId: messageId(random.bytes(16)),
      receipt: "none",
    },
    html: undefined,
    attachments: [],
    references: o.references ?? [],
    signedBy: "fingerprint",
    source: undefined,
  };
}

async function openNew(t: TestContext): Promise<Store> {
  const store = await createStore({ dataDir: await folder(t), keyring, passphrase, random });
  // A test that fails must end too.
  t.after(() => store.close().catch(() => undefined));
  return store;
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "starling-store-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}
