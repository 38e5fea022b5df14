/**
 * The keys that fragments to this mailbox are sealed to. A new pair every five days, the same on every device of the account;
 * old private halves stay until nothing sealed to them can be in the mailbox any more, and are then erased.
 * Spec: docs/spec/01-message.md §5
 */

import type { Clock } from "../core/clock.ts";
import { TransportError } from "../core/errors.ts";
import type { Parameters } from "../core/parameters.ts";
import type { RandomSource } from "../core/random.ts";
import { wipe } from "../core/secret.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import type { Decapsulator, Suite } from "../crypto/suite.ts";
import { openSeal } from "../fragment/seal.ts";
import type { Geometry } from "../sphinx/geometry.ts";
import { generationAt, partOf, periodOf, stepRatchet } from "./key-generations.ts";
import { KEYS_AHEAD_PARTS } from "./limits.ts";
import type { ClientStore, MailboxRatchet, StoredMailboxKey } from "./store.ts";

export interface MailboxKeysDeps {
  readonly clock: Clock;
  readonly suite: Suite;
  readonly geometry: Geometry;
  readonly parameters: Parameters;
  readonly store: ClientStore;
  readonly random: RandomSource;
  /** Whether signed lists agree with the clock: a wrong one must neither make keys of another year nor erase this one's. */
  readonly isClockGood: () => boolean;
}

interface OpenKey {
  readonly stored: StoredMailboxKey;
  readonly decapsulator: Decapsulator;
}

export class MailboxKeys {
  readonly #deps: MailboxKeysDeps;
  /** Latest first; those of the coming generation before the one in force. */
  #keys: OpenKey[] = [];
  #ratchet: MailboxRatchet | undefined;
  #work: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(deps: MailboxKeysDeps) {
    this.#deps = deps;
  }

  async load(): Promise<void> {
    const { store } = this.#deps;
    this.#keys = (await store.mailboxKeys()).map((stored) => this.#open(stored));
    this.#ratchet = await store.mailboxRatchet();
  }

  /** The one to publish and to seal cover to. */
  get current(): StoredMailboxKey | undefined {
    const now = this.#deps.clock.now();
    return (this.#keys.find(({ stored }) => stored.validFrom <= now) ?? this.#keys.at(-1))?.stored;
  }

  /** What makes the coming keys; undefined before the first. A secret. */
  get ratchet(): MailboxRatchet | undefined {
    return this.#ratchet;
  }

  get all(): readonly StoredMailboxKey[] {
    return this.#keys.map(({ stored }) => stored);
  }

  get isClockGood(): boolean {
    return this.#deps.isClockGood();
  }

  /** The key in force, made if there is none yet. Durable when it resolves. */
  async renew(): Promise<StoredMailboxKey> {
    await this.makeReady();
    return this.current as StoredMailboxKey;
  }

  /**
   * Makes the keys of the time that comes, before anybody can seal to them: another device may publish one as soon as it is
   * in force. Durable when it resolves. Throws NO_ACCOUNT after `close`.
   */
  makeReady(): Promise<void> {
    if (this.#isReady()) return this.#work;
    return this.#inTurn(() => this.#derive());
  }

  /** From another device of the account, for this new one. Durable when it resolves. */
  adopt(ratchet: MailboxRatchet, keys: readonly StoredMailboxKey[]): Promise<void> {
    return this.#inTurn(async () => {
      for (const key of keys) await this.#add(key);
      await this.#saveRatchet(ratchet);
    });
  }

  /** A device was removed: the coming keys are made from another secret, of which it knows nothing. Durable when it resolves. */
  follow(ratchet: MailboxRatchet): Promise<void> {
    return this.#inTurn(async () => {
      await this.#saveRatchet(ratchet);
      await this.#derive();
    });
  }

  async erase(now: Milliseconds): Promise<void> {
    if (!this.#deps.isClockGood()) return;
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

  /**
   * Makes nothing any more, and wipes what is in memory once what was begun is on the disk: from zeros it would go on with keys that
   * everybody can make.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#work;
    for (const key of this.#keys) close(key);
    this.#keys = [];
    if (this.#ratchet !== undefined) {
      wipe(this.#ratchet.secret);
      wipe(this.#ratchet.deviceSecret);
    }
    this.#ratchet = undefined;
  }

  #isReady(): boolean {
    if (this.#isClosed || this.#ratchet === undefined) return false;
    // The first key is needed before there is a list of nodes to hold the clock against.
    if (!this.#deps.isClockGood() && this.#keys.length > 0) return true;
    return this.#ratchet.generation > this.#lastGeneration();
  }

  #lastGeneration(): number {
    const { clock, parameters } = this.#deps;
    return generationAt(parameters, milliseconds(clock.now() + KEYS_AHEAD_PARTS * partOf(parameters)));
  }

  /** Key first, then the ratchet that cannot make it any more: ended in between, the same key is made again. */
  async #derive(): Promise<void> {
    const { suite, parameters, clock } = this.#deps;
    const { from, deviceSecret, ...first } = this.#ratchet ?? this.#firstRatchet();
    let { secret, generation } = first;
    for (; generation <= this.#lastGeneration(); generation++) {
      const { seed, next } = stepRatchet(suite, secret.slice());
      const period = periodOf(parameters, generation);
      const validFrom = milliseconds(Math.max(period.validFrom, from));
      if (period.eraseAt > clock.now()) await this.#add({ ...period, validFrom, ...this.#pair(seed) });
      await this.#saveRatchet({ from, deviceSecret, secret: next, generation: generation + 1 });
      secret = next;
    }
  }

  #firstRatchet(): MailboxRatchet {
    const { random, clock, parameters } = this.#deps;
    const generation = generationAt(parameters, clock.now());
    const [secret, deviceSecret] = [random.bytes(SECRET_BYTES), random.bytes(SECRET_BYTES)];
    return { secret, deviceSecret, generation, from: milliseconds(0) };
  }

  #pair(seed: Uint8Array): { publicKey: Uint8Array; privateKey: Uint8Array } {
    const { sealKem } = this.#deps.suite;
    const opened = sealKem.open(seed.slice());
    const publicKey = opened.publicKey.slice();
    opened.destroy();
    return { publicKey, privateKey: seed };
  }

  /** One key for each beginning: after a removal the coming generation is made anew, and what it was is nobody's. */
  async #add(key: StoredMailboxKey): Promise<void> {
    await this.#deps.store.addMailboxKey(key);
    const others = this.#keys.filter(({ stored }) => stored.validFrom !== key.validFrom);
    this.#keys = [...others, this.#open(key)].toSorted((a, b) => b.stored.validFrom - a.stored.validFrom);
  }

  async #saveRatchet(ratchet: MailboxRatchet): Promise<void> {
    const before = this.#ratchet;
    await this.#deps.store.saveMailboxRatchet(ratchet);
    this.#ratchet = ratchet;
    if (before === undefined) return;
    wipe(before.secret);
    if (before.deviceSecret !== ratchet.deviceSecret) wipe(before.deviceSecret);
  }

  #open(stored: StoredMailboxKey): OpenKey {
    return { stored, decapsulator: this.#deps.suite.sealKem.open(stored.privateKey) };
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    // Without what is on the disk it would begin anew, beside the other devices.
    if (this.#isClosed) return Promise.reject(new TransportError("NO_ACCOUNT"));
    const done = this.#work.then(work);
    this.#work = done.catch(() => undefined);
    return done;
  }
}

const SECRET_BYTES = 32;

function close({ stored, decapsulator }: OpenKey): void {
  decapsulator.destroy();
  wipe(stored.privateKey);
}
