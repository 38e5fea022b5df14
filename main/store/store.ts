/**
 * The encrypted store as the rest of the program sees it: every operation a promise, the database in a thread of its own.
 * The transport's `ClientStore` is a part of it. Spec: docs/spec/09-storage.md
 */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { type ClientStore, type RandomSource, utf8, wipe } from "#transport";
import { MainError } from "../error.ts";
import { Thread } from "../thread/thread.ts";
import { isSealedAs, sealClosedFile, takeSeal } from "./closed-seal.ts";
import { readFileIfAny, removeFile, replaceFile } from "./files.ts";
import type { Keyring } from "./key-file.ts";
import { PASSPHRASE_CHARACTERS_MIN } from "./limits.ts";
import { type AsyncOperations, type OperationName, operations } from "./operations.ts";
import { blake2b } from "./sodium.ts";
import type { WorkerStart } from "./worker.ts";

export interface Store extends Omit<AsyncOperations, keyof ClientStore>, ClientStore {
  /** Finishes what was asked before, moves everything into one file, seals it, and forgets the keys. Again, it does nothing. */
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly dataDir: string;
  readonly keyring: Keyring;
  readonly passphrase: string;
}

/** Whether there is a store to open. */
export async function storeExists(dataDir: string): Promise<boolean> {
  return (await readFileIfAny(keyPath(dataDir))) !== undefined;
}

/** Throws ACCOUNT_EXISTS, WEAK_PASSPHRASE, DISK_FULL. */
export async function createStore(o: StoreOptions & { random: RandomSource }): Promise<Store> {
  if (await storeExists(o.dataDir)) throw new MainError("ACCOUNT_EXISTS");
  if (o.passphrase.length < PASSPHRASE_CHARACTERS_MIN) throw new MainError("WEAK_PASSPHRASE");
  await mkdir(o.dataDir, { recursive: true, mode: 0o700 });
  const master = o.random.bytes(32);
  try {
    await replaceFile(keyPath(o.dataDir), await o.keyring.wrap(master, o.passphrase));
    return await openWith(o.dataDir, master);
  } finally {
    wipe(master);
  }
}

/** Throws NO_ACCOUNT, WRONG_PASSPHRASE, STORE_DAMAGED. */
export async function openStore(o: StoreOptions): Promise<Store> {
  const file = await readFileIfAny(keyPath(o.dataDir));
  if (file === undefined) throw new MainError("NO_ACCOUNT");
  const master = await o.keyring.unwrap(file, o.passphrase);
  try {
    return await openWith(o.dataDir, master);
  } finally {
    wipe(master);
  }
}

/** Takes back a store that never held anything: signing up failed. */
export async function discardStore(dataDir: string): Promise<void> {
  const path = databasePath(dataDir);
  for (const file of [path, `${path}-wal`, `${path}-shm`, `${path}.seal`, keyPath(dataDir)]) await removeFile(file);
}

const keyPath = (dataDir: string): string => join(dataDir, "starling.key");
const databasePath = (dataDir: string): string => join(dataDir, "starling.db");

/** One key for each purpose, so that none is used in two ways. */
const derive = (master: Uint8Array, purpose: string): Uint8Array =>
  blake2b(utf8(`starling/store/${purpose}/v1`), master);

/**
 * Operations that take the large buffers they are given: copying 25 MB would hold the caller's thread up. The caller has no
 * more use for what it gave, whatever the outcome.
 */
const TAKES: ReadonlySet<OperationName> = new Set(["addOutgoing", "addArrival", "addDeparture", "addDraftAttachment"]);

async function openWith(dataDir: string, master: Uint8Array): Promise<Store> {
  const path = databasePath(dataDir);
  const sealKey = derive(master, "closed-file");
  const closed = await isSealedAs(path, sealKey);
  if (closed === "changed") throw new MainError("STORE_DAMAGED", { detail: "the database was changed while closed" });
  const start: WorkerStart = {
    path,
    pageKey: derive(master, "pages"),
    rowKey: derive(master, "rows"),
    check: closed === "unsealed",
  };
  if (closed === "new") await replaceFile(path, new Uint8Array()); // before SQLite would, for the sake of its mode
  await takeSeal(path);
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: start });
  // Messages to a worker keep their order, so overlapping calls are serialised.
  const thread = new Thread(worker, { exited: () => new MainError("LOCKED") });
  wipe(start.pageKey);
  wipe(start.rowKey);
  await thread.opened;
  const names = Object.keys(operations) as OperationName[];
  const calls = Object.fromEntries(
    names.map((name) => [name, (...input: unknown[]) => thread.call(name, input, { handOver: TAKES.has(name) })]),
  ) as unknown;
  const close = async (): Promise<void> => {
    await thread.close();
    await sealClosedFile(path, sealKey);
    wipe(sealKey);
  };
  // Once: a second seal would be one of the wiped key.
  let closing: Promise<void> | undefined;
  return {
    ...(calls as Omit<AsyncOperations, keyof ClientStore> & ClientStore),
    close: () => (closing ??= close()),
  };
}
