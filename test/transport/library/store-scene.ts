/** Things to store, and places to store them: a file and memory. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { SeededRandom } from "#test/support/seeded-random.ts";
import {
  type IncomingFragment,
  NO_PROGRESS,
  type OutgoingMessage,
  type StoredMailboxKey,
} from "#transport/client/store.ts";
import { concat, utf8, Writer } from "#transport/core/bytes.ts";
import { mailboxId, messageId, milliseconds, nodeId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { DiskRecords } from "#transport/library/disk-records.ts";
import { MemoryRecords, type Records } from "#transport/library/records.ts";

export const suite = await loadSuite("x25519", "native");
export const key = new Uint8Array(32).fill(7);
export const at = milliseconds(1000);
export const id = (value: number) => messageId(new Uint8Array(16).fill(value));
export const to = {
  address: "b@b.example",
  accountKey: new Uint8Array(32).fill(1),
  providerId: nodeId(new Uint8Array(32).fill(2)),
  mailboxId: mailboxId(new Uint8Array(32).fill(3)),
  mailboxKey: new Uint8Array(1216).fill(4),
  validUntil: milliseconds(9000),
};
export const progress = {
  ...NO_PROGRESS,
  deadline: milliseconds(5000),
};
export const outgoing = (value: number): OutgoingMessage => ({
  id: id(value),
  to,
  bytes: 5,
  proof: new Uint8Array(32).fill(value),
  queuedAt: at,
  progress,
  fragments: [0, 1].map(() => ({ state: "waiting", notBefore: at, attempts: 0, hashes: [] })),
});
export const incoming = (value: number, index: number, time = at): IncomingFragment => ({
  id: id(value),
  index,
  total: 2,
  messageBytes: 5,
  data: new Uint8Array([value, index]),
  at: time,
});
export const mailboxKey = (from: number): StoredMailboxKey => ({
  publicKey: new Uint8Array(1216).fill(from),
  privateKey: new Uint8Array(32).fill(from),
  validFrom: milliseconds(from),
  validUntil: milliseconds(from + 10),
  eraseAt: milliseconds(from + 20),
});

export function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "starling-store-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return join(path, "store");
}

export const disk = (file: string, random = new SeededRandom("disk")): Promise<DiskRecords> =>
  DiskRecords.open({ file, key, suite, random });

export class Kept extends MemoryRecords {
  override async close(): Promise<void> {}
}

export const KINDS: readonly (readonly [string, (t: TestContext) => () => Promise<Records>])[] = [
  [
    "memory",
    () => {
      const records = new Kept();
      return async () => records;
    },
  ],
  [
    "disk",
    (t) => {
      const file = folder(t);
      return () => disk(file);
    },
  ],
];

/** How a file of version 1 begins (docs/spec/09-storage.md §8). */
export function oldHeader(): Uint8Array {
  const salt = new Uint8Array(32).fill(9);
  const info = concat(utf8("starling/records/v1"), salt);
  const check = suite.hkdf({ secret: key, salt: new Uint8Array(0), info, length: 64 }).subarray(32);
  return concat(utf8("starling-records/1\n"), salt, check);
}

/** One write of one entry, as the specification says; without a step, as in version 1. */
export function sealedEntry(
  header: Uint8Array,
  { number, step, name, value }: { number: number; step?: number; name: string; value: Uint8Array },
): Uint8Array {
  const salt = header.subarray(19, 51);
  const info = concat(utf8(`starling/records/v${step === undefined ? 1 : 2}`), salt);
  const fileKey = suite.hkdf({ secret: key, salt: new Uint8Array(0), info, length: 64 }).subarray(0, 32);
  const stepBytes = step === undefined ? new Uint8Array(0) : new Writer().u32(step).finish();
  const sealed = suite.aeadSeal({
    key: fileKey,
    nonce: new Writer().u32(0).u64(number).finish(),
    plaintext: new Writer().u8(1).text16(name).raw(value).finish(),
    associated: stepBytes,
  });
  return new Writer().u32(sealed.length).u64(number).raw(stepBytes).raw(sealed).finish();
}
