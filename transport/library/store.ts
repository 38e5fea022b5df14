/** What an application hands to `joinNetwork`: a client's store, and the device's own key beside it. */

import type { ClientStore } from "../client/store.ts";

/** What a device is before it has an account. */
export interface Identity {
  /** Ed25519 seed, 32 bytes: by its key the provider knows the device. A secret. */
  readonly deviceSeed: Uint8Array;
  /** The network file. */
  readonly network: Uint8Array;
}

/** A place where a client keeps what it must not forget. One client at a time may use it. */
export interface Store extends ClientStore {
  identity(): Promise<Identity | undefined>;
  saveIdentity(identity: Identity): Promise<void>;
  close(): Promise<void>;
}
