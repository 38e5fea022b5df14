/** The library where there is Node: TLS links, libsodium, files. Guide: docs/integrate.md */

import { SystemClock } from "../core/system-clock.ts";
import { SystemRandom } from "../core/system-random.ts";
import { loadSuite } from "../crypto/create-suite.ts";
import { TlsDialer } from "../link/tls-dialer.ts";
import { openDiskStore } from "./disk-store.ts";
import { join, type JoinOptions, type Platform } from "./joining.ts";
import type { NetworkClient } from "./network-client.ts";
import { MemoryRecords } from "./records.ts";
import { RecordsStore } from "./records-store.ts";
import type { Store } from "./store.ts";

/** As `join` (transport/library/joining.ts), over TLS 1.3 with the native suite. */
export function joinNetwork(options: JoinOptions): Promise<NetworkClient> {
  return join(NODE, options);
}

/** Forgotten when the client closes: the next join opens another account. */
export function memoryStore(): Promise<Store> {
  return RecordsStore.open(new MemoryRecords());
}

/**
 * One file, encrypted with a key of 32 bytes that the application keeps. For one client at a time: while it is open, the empty file
 * `….in-use` beside it is locked. Rejects with an Error when another client has it, the key is another or the file is damaged, and
 * with the system's error when it cannot be opened.
 */
export async function diskStore({ file, key }: { file: string; key: Uint8Array }): Promise<Store> {
  const suite = await loadSuite("x25519", "native");
  return openDiskStore({ file, key, suite, random: new SystemRandom() });
}

const clock = new SystemClock();

const NODE: Platform = {
  clock,
  random: new SystemRandom(),
  suite: (name) => loadSuite(name, "native"),
  dialer: ({ deviceSeed, sizes, suite }) => new TlsDialer({ identitySeed: deviceSeed, suite, sizes, clock }),
};
