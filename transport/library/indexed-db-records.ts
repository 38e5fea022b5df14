/** Records in a browser's IndexedDB, each sealed and under a name that says nothing. Spec: docs/spec/09-storage.md §8 */

import { concat, Reader, toHex, utf8, Writer } from "../core/bytes.ts";
import type { RandomSource } from "../core/random.ts";
import type { Primitives } from "../crypto/suite.ts";
import type { Records } from "./records.ts";

/** The part of the browsers' interface that is used here. */
export interface IndexedDb {
  open(name: string, version: number): OpenRequest;
}
interface Request<T = unknown> {
  readonly result: T;
  readonly error: unknown;
  addEventListener(type: "success" | "error", listener: () => void): void;
}
interface OpenRequest extends Request<Database> {
  addEventListener(type: "success" | "error" | "upgradeneeded", listener: () => void): void;
}
interface Database {
  createObjectStore(name: string): unknown;
  transaction(store: string, mode: "readonly" | "readwrite", options?: { durability: "strict" }): Transaction;
  close(): void;
}
interface Transaction {
  objectStore(name: string): {
    getAll(): Request<Uint8Array[]>;
    get(key: string): Request<Uint8Array | undefined>;
    put(value: Uint8Array, key: string): Request;
    delete(key: string): Request;
  };
  addEventListener(type: "complete" | "abort", listener: () => void): void;
  readonly error: unknown;
}

export interface IndexedDbOptions {
  readonly indexedDb: IndexedDb;
  readonly name: string;
  /** 32 bytes. A secret. */
  readonly key: Uint8Array;
  readonly suite: Primitives;
  readonly random: RandomSource;
}

export class IndexedDbRecords implements Records {
  readonly #options: IndexedDbOptions;
  readonly #database: Database;
  readonly #sealKey: Uint8Array;
  readonly #nameKey: Uint8Array;

  static async open(options: IndexedDbOptions): Promise<IndexedDbRecords> {
    const opening = options.indexedDb.open(options.name, 1);
    opening.addEventListener("upgradeneeded", () => void opening.result.createObjectStore(RECORDS));
    return new IndexedDbRecords(options, await result(opening));
  }

  private constructor(options: IndexedDbOptions, database: Database) {
    const { key, suite } = options;
    if (key.length !== 32) throw new RangeError("a store's key is 32 bytes");
    this.#options = options;
    this.#database = database;
    const both = suite.hkdf({ secret: key, salt: NOTHING, info: utf8("starling/indexed-db/v1"), length: 64 });
    this.#sealKey = both.slice(0, 32);
    this.#nameKey = both.slice(32);
  }

  async load(isBulk: (name: string) => boolean): Promise<ReadonlyMap<string, Uint8Array | undefined>> {
    const all = await result(this.#database.transaction(RECORDS, "readonly").objectStore(RECORDS).getAll());
    return new Map(
      all.map((sealed) => {
        const { name, value } = this.#unseal(sealed);
        return [name, isBulk(name) ? undefined : value];
      }),
    );
  }

  async read(name: string): Promise<Uint8Array> {
    const store = this.#database.transaction(RECORDS, "readonly").objectStore(RECORDS);
    const sealed = await result(store.get(this.#idOf(name)));
    if (sealed === undefined) throw new Error("no such record");
    const found = this.#unseal(sealed);
    if (found.name !== name) throw new Error("the store is damaged");
    return found.value;
  }

  write(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    const sealed = [...changes].map(([name, value]) => [this.#idOf(name), value && this.#seal(name, value)] as const);
    // Without "strict" a browser says that it is done before the disk has it.
    const transaction = this.#database.transaction(RECORDS, "readwrite", { durability: "strict" });
    const store = transaction.objectStore(RECORDS);
    for (const [id, bytes] of sealed) {
      if (bytes === undefined) store.delete(id);
      else store.put(bytes, id);
    }
    return new Promise((resolve, reject) => {
      transaction.addEventListener("complete", () => resolve());
      transaction.addEventListener("abort", () => reject(asError(transaction.error)));
    });
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  #idOf(name: string): string {
    return toHex(this.#options.suite.blake2b(utf8(name), this.#nameKey));
  }

  #seal(name: string, value: Uint8Array): Uint8Array {
    const { suite, random } = this.#options;
    const nonce = random.bytes(NONCE_BYTES);
    const plaintext = new Writer().text16(name).raw(value).finish();
    return concat(nonce, suite.aeadSeal({ key: this.#sealKey, nonce, plaintext, associated: NOTHING }));
  }

  /** Throws when the key is another, or the bytes were changed. */
  #unseal(sealed: Uint8Array): { name: string; value: Uint8Array } {
    const nonce = sealed.slice(0, NONCE_BYTES);
    const ciphertext = sealed.slice(NONCE_BYTES);
    const opened = this.#options.suite.aeadOpen({ key: this.#sealKey, nonce, ciphertext, associated: NOTHING });
    if (opened === undefined) throw new Error("the store's key is another, or the store is damaged");
    const reader = new Reader(opened);
    return { name: reader.text16(0xffff), value: reader.take(reader.remaining) };
  }
}

const RECORDS = "records";
/** Random: a store would have to be written 2^32 times before two of one key were likely enough to matter. */
const NONCE_BYTES = 12;
const NOTHING = new Uint8Array(0);

function result<T>(request: Request<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(asError(request.error)));
  });
}

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error("the store failed"));
