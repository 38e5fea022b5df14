/**
 * The keys that fragments to this mailbox are sealed to. A new pair each week; old private halves stay until nothing sealed
 * to them can be in the mailbox any more, and are then erased. Spec: docs/spec/01-message.md §5
 */

import { wipe } from "../core/secret.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import type { RandomSource } from "../core/random.ts";
import type { Parameters } from "../core/parameters.ts";
import type { Decapsulator, Suite } from "../crypto/suite.ts";
import { openSeal } from "../fragment/seal.ts";
import type { Geometry } from "../sphinx/geometry.ts";
import { RECORD_UPLOADS_PER_LIFETIME } from "./limits.ts";
import type { ClientStore, StoredMailboxKey } from "./store.ts";

interface OpenKey {
  readonly stored: StoredMailboxKey;
  readonly decapsulator: Decapsulator;
}

export class MailboxKeys {
  readonly #deps: MailboxKeysDeps;
  /** Newest first. */
  #keys: OpenKey[] = [];

  constructor(deps: MailboxKeysDeps) {
    this.#deps = deps;
  }

  async load(): Promise<void> {
    this.#keys = (await this.#deps.store.mailboxKeys()).map((stored) => this.#open(stored));
  }

  get current(): StoredMailboxKey | undefined {
    return this.#keys[0]?.stored;
  }

  /** Makes a new pair when there is none or the newest is near its end. Durable when it resolves. */
  async renew(now: Milliseconds): Promise<StoredMailboxKey> {
    const { parameters, suite, random, store } = this.#deps;
    const newest = this.current;
    const spare = (2 * parameters.mailboxKeyLifetime) / RECORD_UPLOADS_PER_LIFETIME;
    if (newest !== undefined && newest.validUntil - now > spare) return newest;
    const pair = suite.sealKem.generate(random);
    const validUntil = milliseconds(now + parameters.mailboxKeyLifetime);
    // A mail queued at the last moment is sealed to it until its deadline, and may then lie in the mailbox as long again.
    const eraseAt = milliseconds(validUntil + 2 * parameters.retention);
    const stored: StoredMailboxKey = { ...pair, validFrom: now, validUntil, eraseAt };
    await store.addMailboxKey(stored);
    this.#keys.unshift(this.#open(stored));
    return stored;
  }

  async erase(now: Milliseconds): Promise<void> {
    await this.#deps.store.eraseMailboxKeys(now);
    for (const key of this.#keys) if (key.stored.eraseAt <= now) close(key);
    this.#keys = this.#keys.filter((key) => key.stored.eraseAt > now);
  }

  /** The plaintext of a sealed fragment, or undefined. Every key is tried, so that time does not tell which one it was. */
  openSealed(sealed: Uint8Array): Uint8Array | undefined {
    const { suite, geometry } = this.#deps;
    let opened: Uint8Array | undefined;
    for (const { decapsulator } of this.#keys) {
      opened = openSeal({ suite, geometry, mailboxKey: decapsulator, sealed }) ?? opened;
    }
    return opened;
  }

  /** Wipes what is in memory. */
  close(): void {
    for (const key of this.#keys) close(key);
    this.#keys = [];
  }

  #open(stored: StoredMailboxKey): OpenKey {
    return { stored, decapsulator: this.#deps.suite.sealKem.open(stored.privateKey) };
  }
}

export interface MailboxKeysDeps {
  readonly suite: Suite;
  readonly geometry: Geometry;
  readonly parameters: Parameters;
  readonly store: ClientStore;
  readonly random: RandomSource;
}

function close({ stored, decapsulator }: OpenKey): void {
  decapsulator.destroy();
  wipe(stored.privateKey);
}
