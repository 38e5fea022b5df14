/**
 * Where a key period's private key and its replay log live: one file for both, so that neither survives without the other. The
 * directory is memory-backed: a crash of the process keeps the files, loss of power loses them. Spec: docs/spec/06-mix.md §5
 *
 * File: magic 8 ‖ period u32 ‖ private key 32 ‖ replay tags of 16 bytes each, in order of arrival.
 */

import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { concat, equalBytes, Reader, utf8, Writer } from "#transport/core/bytes.ts";
import { secretBytes, withSecret } from "#transport/core/secret.ts";
import { type KeyPeriod, keyPeriodNumber, REPLAY_TAG_BYTES, type ReplayTag } from "#transport/core/units.ts";
import { readBytes } from "../read-bytes.ts";

export interface PeriodStore {
  /** What survived, in no order. The caller owns the keys. */
  load(): StoredPeriod[];
  /** Writes a new period's key and opens its log. */
  create(period: KeyPeriod, privateKey: Uint8Array): PeriodLog;
}

export interface StoredPeriod {
  readonly period: KeyPeriod;
  readonly privateKey: Uint8Array;
  /** The replay tags, 16 bytes each, joined. */
  readonly tags: Uint8Array;
  readonly log: PeriodLog;
}

export interface PeriodLog {
  /** Returns when the tag would survive a crash of this process. Throws when it cannot be kept. */
  append(tag: ReplayTag): void;
  /** Overwrites the key and removes key and log. */
  erase(): void;
  close(): void;
}

export class FilePeriodStore implements PeriodStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  load(): StoredPeriod[] {
    const periods: StoredPeriod[] = [];
    for (const name of readdirSync(this.#directory)) {
      const path = join(this.#directory, name);
      if (name.endsWith(EPOCH_SUFFIX)) eraseOld(path);
      if (name.endsWith(UNFINISHED)) rmSync(path); // a crash before the rename: this key was never published
      if (!name.endsWith(SUFFIX)) continue;
      const stored = readPeriod(path);
      if (stored !== undefined) periods.push(stored);
    }
    return periods;
  }

  create(period: KeyPeriod, privateKey: Uint8Array): PeriodLog {
    const path = join(this.#directory, `${period}${SUFFIX}`);
    const file = openSync(path + UNFINISHED, "w+", 0o600);
    try {
      const written = withSecret(encodeHeader(period, privateKey), (header) => writeSync(file, header));
      if (written !== HEADER_BYTES) throw new Error("ENOSPC");
      fsyncSync(file);
      renameSync(path + UNFINISHED, path);
    } catch (error) {
      // It is tried again some hundred times an hour.
      closeSync(file);
      rmSync(path + UNFINISHED, { force: true });
      throw error;
    }
    return new FilePeriodLog(path, file, HEADER_BYTES);
  }
}

class FilePeriodLog implements PeriodLog {
  readonly #path: string;
  readonly #file: number;
  #end: number;
  #open = true;

  constructor(path: string, file: number, end: number) {
    this.#path = path;
    this.#file = file;
    this.#end = end;
  }

  append(tag: ReplayTag): void {
    // At an explicit position: what is left of a tag that did not fit is overwritten by the next one.
    const written = writeSync(this.#file, tag, 0, REPLAY_TAG_BYTES, this.#end);
    if (written !== REPLAY_TAG_BYTES) throw new Error("ENOSPC");
    this.#end += REPLAY_TAG_BYTES;
  }

  erase(): void {
    writeSync(this.#file, new Uint8Array(HEADER_BYTES), 0, HEADER_BYTES, 0);
    rmSync(this.#path, { force: true });
    this.close();
  }

  close(): void {
    if (this.#open) closeSync(this.#file);
    this.#open = false;
  }
}

const MAGIC = utf8("strlPK01");
const PRIVATE_KEY_BYTES = 32;
const HEADER_BYTES = MAGIC.length + 4 + PRIVATE_KEY_BYTES;
const SUFFIX = ".period";
/** Version 0.1.0's files, whose numbers are epochs: what they open is over, or named in lists of a network that this program has no part in. */
const EPOCH_SUFFIX = ".epoch";
const UNFINISHED = ".new";

function encodeHeader(period: KeyPeriod, privateKey: Uint8Array): Uint8Array {
  if (privateKey.length !== PRIVATE_KEY_BYTES) throw new RangeError("mix keys are stored as 32 bytes");
  const header = secretBytes(HEADER_BYTES);
  header.set(concat(MAGIC, new Writer().u32(period).finish()));
  header.set(privateKey, HEADER_BYTES - PRIVATE_KEY_BYTES);
  return header;
}

function eraseOld(path: string): void {
  const file = openSync(path, "r+");
  writeSync(file, new Uint8Array(HEADER_BYTES), 0, HEADER_BYTES, 0);
  rmSync(path);
  closeSync(file);
}

/** Undefined for a file that is damaged: then key and log are both removed. */
function readPeriod(path: string): StoredPeriod | undefined {
  const bytes = readBytes(path);
  return withSecret(bytes, () => {
    if (bytes.length < HEADER_BYTES || !equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)) {
      rmSync(path);
      return undefined;
    }
    const reader = new Reader(bytes);
    reader.view(MAGIC.length);
    const period = keyPeriodNumber(reader.u32());
    const privateKey = secretBytes(PRIVATE_KEY_BYTES);
    privateKey.set(reader.view(PRIVATE_KEY_BYTES));
    // A last tag cut short by a crash belongs to a packet that had not been accepted.
    const tags = reader.take(reader.remaining - (reader.remaining % REPLAY_TAG_BYTES));
    return { period, privateKey, tags, log: new FilePeriodLog(path, openSync(path, "r+"), HEADER_BYTES + tags.length) };
  });
}
