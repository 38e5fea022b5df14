/** A store in one file, for one program at a time: two would lose each other's messages. Spec: docs/spec/09-storage.md §8 */

import { realpath } from "node:fs/promises";
import type { RandomSource } from "../core/random.ts";
import type { Primitives } from "../crypto/suite.ts";
import { DiskRecords } from "./disk-records.ts";
import type { FileLock } from "./file-lock.ts";
import type { Records } from "./records.ts";
import { RecordsStore } from "./records-store.ts";
import type { Store } from "./store.ts";

/** Rejects as `diskStore` (node.ts). */
export async function openDiskStore(o: {
  file: string;
  key: Uint8Array;
  suite: Primitives;
  random: RandomSource;
}): Promise<Store> {
  // By one name: under a second one it would have a second lock, and be written anew in the place of the link to it.
  const file = await realpath(o.file).catch(() => o.file);
  const lock = await locked(file);
  try {
    return await RecordsStore.open(new LockedRecords(await DiskRecords.open({ ...o, file }), lock));
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function locked(file: string): Promise<FileLock> {
  // Here and not above: who has no store on the disk need not load a database.
  const { lockFile } = await import("./file-lock.ts");
  const lock = lockFile(`${file}.in-use`);
  if (lock !== undefined) return lock;
  throw new Error(
    `Another client uses ${file}, in this program or another. This one has opened and changed nothing, and the other goes on. ` +
      "Stop the other, or give this one a file of its own.",
  );
}

/** Gives up the lock when the last write is done. */
class LockedRecords implements Records {
  readonly #records: Records;
  readonly #lock: FileLock;

  constructor(records: Records, lock: FileLock) {
    this.#records = records;
    this.#lock = lock;
  }

  load(isBulk: (name: string) => boolean): Promise<ReadonlyMap<string, Uint8Array | undefined>> {
    return this.#records.load(isBulk);
  }

  read(name: string): Promise<Uint8Array> {
    return this.#records.read(name);
  }

  write(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    return this.#records.write(changes);
  }

  async close(): Promise<void> {
    await this.#records.close().finally(() => this.#lock.release());
  }
}
