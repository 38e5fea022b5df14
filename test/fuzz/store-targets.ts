/** A store's file that a disk or somebody else has changed: what comes out is what was written first, or nothing at all. */

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { equalBytes } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import { decodeStock, encodeStock } from "#transport/client/token-stock.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { DiskRecords } from "#transport/library/disk-records.ts";
import type { Target } from "./fuzz.ts";
import { inverse } from "./inverse.ts";
import type { Traffic } from "./traffic.ts";

const KEY = new Uint8Array(32).fill(7);
/** In this order, the middle two together. */
const WRITTEN: readonly ReadonlyMap<string, Uint8Array>[] = [
  new Map([["a", new Uint8Array(40).fill(1)]]),
  new Map([
    ["b", new Uint8Array(3).fill(2)],
    ["c", new Uint8Array(0)],
  ]), // written at once
  new Map([["d", new Uint8Array(100).fill(4)]]),
];

/** What a file may hold that was cut off at some point. */
const PREFIXES = [0, 1, 2, 3].map(
  (count) => new Map(WRITTEN.slice(0, count).flatMap((changes) => Array.from(changes))),
);

const MEMORY = "/dev/shm";

export async function storeTargets({ suite }: Traffic): Promise<Target[]> {
  // In memory where there is such a folder: a million files would wait for the disk for hours.
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), "starling-fuzz-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "store");
  const whole = await writtenFile(suite, file);
  const random = new SeededRandom("fuzz stock");
  const providers = new Map([["ab".repeat(32), { values: [random.bytes(32), random.bytes(32)], used: 1 }]]);
  return [
    {
      name: "file of a store",
      corpus: [whole],
      decode: (bytes) => opened({ suite, file, bytes }),
      takesChanged: "any",
    },
    {
      name: "stock of tokens",
      corpus: [encodeStock([{ period: 3, seed: random.bytes(32), providers }]), encodeStock([])],
      decode: inverse(decodeStock, encodeStock),
      takesChanged: "some",
    },
  ];
}

async function writtenFile(suite: Suite, file: string): Promise<Uint8Array> {
  const records = await DiskRecords.open({ file, key: KEY, suite, random: new SeededRandom("fuzz store") });
  for (const changes of WRITTEN) await records.write(changes);
  await records.close();
  return new Uint8Array(readFileSync(file));
}

async function opened({ suite, file, bytes }: { suite: Suite; file: string; bytes: Uint8Array }): Promise<void> {
  writeFileSync(file, bytes);
  let found: ReadonlyMap<string, Uint8Array | undefined>;
  try {
    const records = await DiskRecords.open({ file, key: KEY, suite, random: new SeededRandom("fuzz again") });
    found = await records.load(() => false).finally(() => records.close());
  } catch (error) {
    const isSaid =
      error instanceof Error && /is damaged at byte |is not a store, or its key is another\.$/.test(error.message);
    throw isSaid ? new TransportError("MALFORMED") : new Error("an error of the formats below", { cause: error });
  }
  const isPrefix = PREFIXES.some((prefix) => isSame(found, prefix));
  assert.ok(isPrefix, "what was written later is there without what was written before");
}

const isSame = (a: ReadonlyMap<string, Uint8Array | undefined>, b: ReadonlyMap<string, Uint8Array>): boolean =>
  a.size === b.size && [...b].every(([name, value]) => equalBytes(a.get(name) ?? NOTHING, value));
const NOTHING = new Uint8Array([0xff]);
