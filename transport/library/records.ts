/** What a client's store stands on: named byte strings, written some at a time or not at all. Spec: docs/spec/09-storage.md §8 */

export interface Records {
  /** Everything there is, once, at the start; where `isBulk` says so the name alone. */
  load(isBulk: (name: string) => boolean): Promise<ReadonlyMap<string, Uint8Array | undefined>>;
  /** Rejects when it is not there. */
  read(name: string): Promise<Uint8Array>;
  /** One transaction, durable when it resolves; undefined deletes. Calls never overlap. */
  write(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void>;
  close(): Promise<void>;
}

/** Gone with the process: for a client that joins anew each time. */
export class MemoryRecords implements Records {
  readonly #values = new Map<string, Uint8Array>();

  async load(): Promise<ReadonlyMap<string, Uint8Array | undefined>> {
    return new Map(this.#values);
  }

  async read(name: string): Promise<Uint8Array> {
    const value = this.#values.get(name);
    if (value === undefined) throw new Error("no such record");
    return value.slice();
  }

  async write(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    for (const [name, value] of changes) {
      if (value === undefined) this.#values.delete(name);
      else this.#values.set(name, value.slice());
    }
  }

  async close(): Promise<void> {
    this.#values.clear();
  }
}
