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
