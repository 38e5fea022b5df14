/**
 * The library where there is no Node: for a browser's worker, or any runtime with WebSockets. Nothing that this file leads to
 * imports a Node module; test/transport/library/import-graph.test.ts holds it so. Guide: docs/integrate.md
 */

import { TransportError, type TransportErrorCode } from "./core/errors.ts";
import { SystemClock } from "./core/system-clock.ts";
import { WebRandom } from "./core/system-web-random.ts";
import { portableSuite } from "./crypto/portable.ts";
import { WebDialer } from "./link/web-dialer.ts";
import type { WebSocketLike } from "./link/web-socket.ts";
import { type IndexedDb, IndexedDbRecords } from "./library/indexed-db-records.ts";
import { join, type JoinOptions, type Platform } from "./library/joining.ts";
import type { Message, NetworkClient } from "./library/network-client.ts";
import { MemoryRecords } from "./library/records.ts";
import { RecordsStore } from "./library/records-store.ts";
import type { Store } from "./library/store.ts";

export { TransportError, type TransportErrorCode };
export type { JoinOptions, Message, NetworkClient, Store };

/**
 * As `joinNetwork` in Node, over the provider's web link: `webLink` is its URL, wss://…, which the operator gives out with the
 * invite. Call it in a worker: a page's own thread is busy, and throttled when nobody looks. Throws as in Node.
 */
export function joinNetwork(options: JoinOptions & { readonly webLink: string }): Promise<NetworkClient> {
  return join(platformOf(options.webLink), options);
}

/** Forgotten when the client closes: the next join opens another account. */
export function memoryStore(): Promise<Store> {
  return RecordsStore.open(new MemoryRecords());
}

/**
 * A database of this origin, each record sealed with a key of 32 bytes that the application keeps. For one client at a time.
 * Rejects when the key is another, or the browser does not give room.
 */
export async function indexedDbStore({ name, key }: { name: string; key: Uint8Array }): Promise<Store> {
  const { indexedDB: indexedDb } = globalThis as unknown as { indexedDB: IndexedDb };
  const suite = portableSuite("x25519");
  return RecordsStore.open(await IndexedDbRecords.open({ indexedDb, name, key, suite, random: new WebRandom() }));
}

function platformOf(url: string): Platform {
  const clock = new SystemClock();
  const random = new WebRandom();
  const { WebSocket } = globalThis as unknown as { WebSocket: new (url: string, protocol: string) => WebSocketLike };
  return {
    clock,
    random,
    suite: async (name) => portableSuite(name),
    dialer: ({ deviceSeed, networkHash, sizes, suite }) =>
      new WebDialer({
        url,
        networkHash,
        identitySeed: deviceSeed,
        suite,
        random,
        sizes,
        clock,
        open: (to, protocol) => new WebSocket(to, protocol),
      }),
  };
}
