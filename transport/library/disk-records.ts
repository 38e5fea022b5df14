/**
 * Records in one file: an append-only log of sealed entries, of which a torn end is forgotten, rewritten when most of it is
 * out of date. Spec: docs/spec/09-storage.md §8
 */

import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { concat, Reader, Writer } from "../core/bytes.ts";
import { readAt, syncFolder, writeAt } from "./disk-file.ts";
import { type FileKey, HEADER_BYTES, type HeaderOptions, keyOf, newHeader } from "./disk-header.ts";
import { COMPACT_BYTES_MIN, PIECE_BYTES, TORN_NUMBERS_MAX, WINDOW_BYTES } from "./limits.ts";
import type { Records } from "./records.ts";

export interface DiskRecordsOptions extends HeaderOptions {
  readonly file: string;
}

/** Where a value stands, sealed. */
interface Place {
  readonly offset: number;
  readonly length: number;
  readonly number: number;
  /** Its number less that of the entry before it; undefined in a file of version 1. */
  readonly step: number | undefined;
}

export class DiskRecords implements Records {
  readonly #options: DiskRecordsOptions;
  #file: FileHandle;
  #fileKey: Uint8Array;
  /** A file of version 1 is read only, and then written anew. */
  #isOld: boolean;
  readonly #places = new Map<string, Place>();
  #end = HEADER_BYTES;
  #number = 0;
  /** Of the last entry that counts. */
  #last = -1;
  #liveBytes = 0;
  /** After an attempt to write it anew that failed: not again before the file is so long. */
  #compactFrom = 0;
  /** The file took its place under its name, and the folder has not yet said that it keeps that. */
  #isNameDue = false;

  /** Makes the file if there is none. Throws when the key is another, or something in the midst of it is damaged. */
  static async open(options: DiskRecordsOptions): Promise<DiskRecords> {
    if (options.key.length !== 32) throw new RangeError("a store's key is 32 bytes");
    const file = await open(options.file, "a+", 0o600).then(async (created) => {
      await created.close();
      return open(options.file, "r+");
    });
    const { size } = await file.stat();
    // A file that was begun and not headed never held anything.
    const header = size < HEADER_BYTES ? newHeader(options) : await readAt(file, 0, HEADER_BYTES);
    if (size < HEADER_BYTES) {
      await file.truncate(0);
      await writeAt(file, header, 0);
      await file.sync();
      await syncFolder(options.file);
    }
    const known = keyOf(options, header);
    if (known === undefined) {
      await file.close();
      throw new Error(`${options.file} is not a store, or its key is another.`);
    }
    return new DiskRecords(options, file, known);
  }

  private constructor(options: DiskRecordsOptions, file: FileHandle, { fileKey, version }: FileKey) {
    this.#options = options;
    this.#file = file;
    this.#fileKey = fileKey;
    this.#isOld = version === 1;
  }

  async load(isBulk: (name: string) => boolean): Promise<ReadonlyMap<string, Uint8Array | undefined>> {
    const { size } = await this.#file.stat();
    const found = new Map<string, Uint8Array | undefined>();
    let batch: (Entry & { place: Place })[] = [];
    let offset = HEADER_BYTES;
    let last = this.#last;
    while (offset < size) {
      const place = await this.#placeAt(offset, size);
      const entry = place && (await this.#entryAt(place));
      // It is whole, and what stood before it is gone.
      if (entry !== undefined && place?.step !== undefined && place.number - place.step !== last)
        throw this.#damage(offset);
      if (place === undefined || entry === undefined) {
        if (await this.#isAnyWriteBehind({ from: offset + 1, size })) throw this.#damage(offset);
        break; // what a crash cut short was never said to be written
      }
      batch.push({ ...entry, place });
      last = place.number;
      offset = place.offset + place.length;
      if (!entry.isLast) continue;
      for (const { name, value, place: at } of batch) {
        this.#note(name, value === undefined ? undefined : at);
        if (value === undefined) found.delete(name);
        else found.set(name, isBulk(name) ? undefined : value);
      }
      batch = [];
      this.#end = offset;
      this.#number = place.number + 1;
      this.#last = place.number;
    }
    if (this.#isOld && !(await this.#compact()))
      throw new Error(
        `${this.#options.file} is of an older version and cannot be written anew: make room on its disk.`,
      );
    // Under which numbers the torn entries were sealed cannot be known: in a new file none of them counts.
    if (this.#end < size && !(await this.#compact())) {
      this.#number += TORN_NUMBERS_MAX;
      await this.#file.truncate(this.#end).catch(() => undefined);
    }
    return found;
  }

  async read(name: string): Promise<Uint8Array> {
    const place = this.#places.get(name);
    const entry = place && (await this.#entryAt(place));
    if (entry?.value === undefined) throw new Error("no such record");
    return entry.value;
  }

  async write(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    await this.#append([...changes]);
    // Whatever becomes of it: what was to be written is.
    if (this.#end > Math.max(this.#compactFrom, 2 * this.#liveBytes + COMPACT_BYTES_MIN)) await this.#compact();
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #append(changes: readonly (readonly [string, Uint8Array | undefined])[], isDurable = true): Promise<void> {
    // Until the folder keeps the name, a loss of power would bring back the file that had it before.
    if (this.#isNameDue) await syncFolder(this.#options.file);
    this.#isNameDue = false;
    const places: [string, Place | undefined][] = [];
    // Numbers are used up whatever happens: no two entries are ever sealed alike.
    const first = this.#number;
    const step = first - this.#last;
    this.#number += changes.length;
    let end = this.#end;
    try {
      // Until the last of them stands there, none counts: killed in between, a start finds a torn end.
      for (const piece of this.#pieces(changes, { first, step, end, places })) {
        await writeAt(this.#file, piece, end);
        end += piece.length;
      }
      if (isDurable) await this.#file.datasync();
    } catch (error) {
      // Half an entry at the end; where even this fails, the next entry is written over it.
      await this.#file.truncate(this.#end).catch(() => undefined);
      throw error;
    }
    this.#end = end;
    this.#last = first + changes.length - 1;
    for (const [name, place] of places) this.#note(name, place);
  }

  /** Sealed as they are asked for, and noted in `places`: a large mail's entries would hold up every clock of the program at once. */
  *#pieces(
    changes: readonly (readonly [string, Uint8Array | undefined])[],
    o: { first: number; step: number; end: number; places: [string, Place | undefined][] },
  ): Iterable<Uint8Array> {
    const { first, end, places } = o;
    let offset = end;
    let parts: Uint8Array[] = [];
    let bytes = 0;
    for (const [index, [name, value]] of changes.entries()) {
      const number = first + index;
      const isLast = index === changes.length - 1;
      const step = index === 0 ? o.step : 1;
      const sealed = this.#seal({ number, step }, { name, value, isFirst: index === 0, isLast });
      parts.push(new Writer().u32(sealed.length).u64(number).u32(step).raw(sealed).finish());
      places.push([name, value && { offset: offset + FRAME_BYTES, length: sealed.length, number, step }]);
      offset += FRAME_BYTES + sealed.length;
      bytes += FRAME_BYTES + sealed.length;
      if (bytes < PIECE_BYTES && !isLast) continue;
      yield concat(...parts);
      [parts, bytes] = [[], 0];
    }
  }

  /**
   * The same records under a new key in a new file, which takes the old one's place at once. False where that cannot be done: then
   * the old file is as good as before.
   */
  async #compact(): Promise<boolean> {
    const { file: path } = this.#options;
    const copy = await this.#copied(`${path}.new`).catch(() => undefined);
    if (copy === undefined) {
      this.#compactFrom = this.#end + COMPACT_BYTES_MIN;
      // On a full disk it would take the room of what is still to be written.
      await rm(`${path}.new`, { force: true }).catch(() => undefined);
      return false;
    }
    // It has the name: from here on everything goes into it, whatever else fails.
    const old = this.#file;
    this.#file = copy.#file;
    this.#fileKey = copy.#fileKey;
    this.#isOld = false;
    this.#end = copy.#end;
    this.#number = copy.#number;
    this.#last = copy.#last;
    this.#liveBytes = copy.#liveBytes;
    this.#compactFrom = 0;
    for (const [name, place] of copy.#places) this.#places.set(name, place);
    this.#isNameDue = await syncFolder(path).then(
      () => false,
      () => true,
    );
    await old.close().catch(() => undefined);
    return true;
  }

  /** In the place of this file. */
  async #copied(path: string): Promise<DiskRecords> {
    const header = newHeader(this.#options);
    const next = await open(path, "w+", 0o600);
    try {
      const copy = new DiskRecords(this.#options, next, keyOf(this.#options, header) as FileKey);
      await writeAt(next, header, 0);
      for (const name of this.#places.keys()) await copy.#append([[name, await this.read(name)]], false);
      await next.sync();
      await rename(path, this.#options.file);
      return copy;
    } catch (error) {
      await next.close();
      throw error;
    }
  }

  #note(name: string, place: Place | undefined): void {
    this.#liveBytes -= this.#places.get(name)?.length ?? 0;
    if (place === undefined) this.#places.delete(name);
    else this.#places.set(name, place);
    this.#liveBytes += place?.length ?? 0;
  }

  /** Undefined when no entry can begin there: it would not fit, or its number is one that was used before. */
  async #placeAt(offset: number, size: number): Promise<Place | undefined> {
    if (offset + this.#frameBytes > size) return undefined;
    const frame = await readAt(this.#file, offset, this.#frameBytes);
    return this.#placeIn(new DataView(frame.buffer), { at: 0, offset, size });
  }

  get #frameBytes(): number {
    return this.#isOld ? OLD_FRAME_BYTES : FRAME_BYTES;
  }

  #placeIn(view: DataView, o: { at: number; offset: number; size: number }): Place | undefined {
    // By halves: a damaged number may be larger than any that was written.
    const number = view.getUint32(o.at + 4) * 2 ** 32 + view.getUint32(o.at + 8);
    const step = this.#isOld ? undefined : view.getUint32(o.at + OLD_FRAME_BYTES);
    const place = { length: view.getUint32(o.at), number, step, offset: o.offset + this.#frameBytes };
    return number < this.#number || place.offset + place.length > o.size ? undefined : place;
  }

  /**
   * Whether a write begins anywhere from there on: lengths that may be damaged lead to none, so each byte may be its first. Later
   * entries of the last write say nothing: a disk may take them before its first one, and lose power between.
   */
  async #isAnyWriteBehind({ from, size }: { from: number; size: number }): Promise<boolean> {
    const frameBytes = this.#frameBytes;
    for (let start = from; start + frameBytes <= size; start += WINDOW_BYTES) {
      const bytes = await readAt(this.#file, start, Math.min(WINDOW_BYTES + frameBytes - 1, size - start));
      const view = new DataView(bytes.buffer);
      for (let at = 0; at < WINDOW_BYTES && at + frameBytes <= bytes.length; at++) {
        // Fewer than 2^32 entries fit into a file before it is rewritten: nearly every other byte is none for this alone.
        if (view.getUint32(at + 4) !== 0 || view.getUint32(at) < ENTRY_BYTES_MIN) continue;
        const place = this.#placeIn(view, { at, offset: start + at, size });
        if (place !== undefined && (await this.#entryAt(place))?.isFirst === true) return true;
      }
    }
    return false;
  }

  #damage(offset: number): Error {
    return new Error(
      `${this.#options.file} is damaged at byte ${offset}, and what was written later stands behind it. Nothing of it was ` +
        "changed. Put back your newest copy of it: messages since then may be missing, or come a second time. Without a " +
        "copy, keep the file and join anew with another: the account in it cannot be used.",
    );
  }

  /** With the key of the file that it is read from: another may take its place meanwhile. */
  async #entryAt({ offset, length, number, step }: Place): Promise<Entry | undefined> {
    const fileKey = this.#fileKey;
    return this.#unseal({ number, step }, { fileKey, ciphertext: await readAt(this.#file, offset, length) });
  }

  #seal({ number, step }: Pick<Place, "number" | "step">, { name, value, isFirst, isLast }: Entry): Uint8Array {
    const flags = (isLast ? LAST : 0) | (value === undefined ? DELETED : 0) | (isFirst ? 0 : CONTINUED);
    const plaintext = new Writer()
      .u8(flags)
      .text16(name)
      .raw(value ?? NOTHING)
      .finish();
    const [nonce, associated] = [nonceOf(number), associatedOf(step)];
    return this.#options.suite.aeadSeal({ key: this.#fileKey, nonce, plaintext, associated });
  }

  #unseal(
    { number, step }: Pick<Place, "number" | "step">,
    { fileKey: key, ciphertext }: { fileKey: Uint8Array; ciphertext: Uint8Array },
  ): Entry | undefined {
    const [nonce, associated] = [nonceOf(number), associatedOf(step)];
    const opened = this.#options.suite.aeadOpen({ key, nonce, ciphertext, associated });
    if (opened === undefined) return undefined;
    const reader = new Reader(opened);
    const flags = reader.u8();
    const name = reader.text16(0xffff);
    const value = reader.take(reader.remaining);
    const [isFirst, isLast] = [(flags & CONTINUED) === 0, (flags & LAST) !== 0];
    return { name, value: (flags & DELETED) === 0 ? value : undefined, isFirst, isLast };
  }
}

interface Entry {
  readonly name: string;
  readonly value: Uint8Array | undefined;
  /** Of those that were written together. */
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** Length and number before each sealed entry. */
const OLD_FRAME_BYTES = 12;
/** And its step from the one before: whoever takes an entry out of the midst of a file breaks the row. */
const FRAME_BYTES = OLD_FRAME_BYTES + 4;
const LAST = 1;
const DELETED = 2;
/** Not the first of those written together; files of earlier versions do not say so. */
const CONTINUED = 4;
const NOTHING = new Uint8Array(0);
/** A tag, the flags and the length of a name. */
const ENTRY_BYTES_MIN = 16 + 3;

const associatedOf = (step: number | undefined): Uint8Array =>
  step === undefined ? NOTHING : new Writer().u32(step).finish();
const nonceOf = (number: number): Uint8Array => new Writer().u32(0).u64(number).finish();
