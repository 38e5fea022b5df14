import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { PassphraseKeyring } from "#main/store/key-file.ts";
import { createStore, openStore, storeExists } from "#main/store/store.ts";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { DiskRecords } from "#transport/library/disk-records.ts";
import { MemoryRecords } from "#transport/library/records.ts";
import { RecordsStore } from "#transport/library/records-store.ts";
import { clientStoreCompliance } from "./client-store.ts";

const suite = await loadSuite("x25519", "native");
const key = new Uint8Array(32).fill(7);

clientStoreCompliance("in tests' memory", async () => {
  const store = new MemoryClientStore();
  return async () => store;
});

clientStoreCompliance("in the library's memory", async () => {
  const store = await RecordsStore.open(new MemoryRecords());
  return async () => Object.assign(store, { close: async () => undefined });
});

clientStoreCompliance("in the library's file", async (t) => {
  const file = join(await folder(t), "store");
  const random = new SeededRandom("disk");
  return async () => RecordsStore.open(await DiskRecords.open({ file, key, suite, random }));
});

clientStoreCompliance("in the program's database", async (t) => {
  const dataDir = await folder(t);
  const random = new SeededRandom("database");
  const keyring = new PassphraseKeyring(random, { memoryBytes: 8 * 2 ** 20, passes: 1 });
  const o = { dataDir, keyring, passphrase: "correct horse battery" };
  return async () => {
    const store = await ((await storeExists(dataDir)) ? openStore(o) : createStore({ ...o, random }));
    t.after(() => store.close());
    return store;
  };
});

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "starling-client-store-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}
