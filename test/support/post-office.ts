/**
 * The mix network as the program above it sees it, without mixes: for tests of main. Mail lies in the office until
 * `deliver`, look-ups answer at once or not at all, and every client really keeps nothing but what its store keeps.
 */

import type { TransportFactory } from "#main/account/transport-factory.ts";
import { createServices, type Services } from "#main/services.ts";
import { PassphraseKeyring } from "#main/store/key-file.ts";
import type {
  ClientEvents,
  ClientStatus,
  Clock,
  EstimateOptions,
  Journey,
  MailboxRecord,
  MessageId,
  MixClient,
  SendOptions,
  SignedUp,
  Suite,
  TransportClientOptions,
} from "#transport";
import { TransportError } from "#transport";
import { toHex, utf8 } from "#transport/core/bytes.ts";
import { type Milliseconds, mailboxId, messageId, milliseconds, nodeId } from "#transport/core/units.ts";
import { encodeInvite } from "#transport/directory/invite.ts";
import type { Network } from "#transport/directory/model.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { SeededRandom, seededStreams } from "./seeded-random.ts";
import { testNetwork } from "./test-network.ts";
import { VirtualClock } from "./virtual-clock.ts";

export const PASSPHRASE = "correct horse battery";
export const START = milliseconds(1_770_000_000_000);
const DAY = 24 * 3600 * 1000;

interface Parcel {
  readonly id: MessageId;
  readonly to: string;
  readonly body: Uint8Array;
}

export class PostOffice {
  readonly clock = new VirtualClock({ start: START });
  readonly network: Network;
  readonly suite: Suite;
  readonly records = new Map<string, MailboxRecord>();
  readonly parcels: Parcel[] = [];
  /** Messages that their readers acknowledged, in hexadecimal. */
  readonly acknowledged: string[] = [];
  /** To which record each mail was sent again, if a new one was known. */
  readonly retries: (MailboxRecord | undefined)[] = [];
  /** Addresses that were looked up, in order. */
  readonly lookups: string[] = [];
  /** Errors that the programs reported as bugs. */
  readonly reported: unknown[] = [];
  /** While true, nobody gets an answer. */
  down = false;
  /** Nobody has a token left. */
  isUsedUp = false;
  readonly #clients = new Map<string, PostClient>();

  static async open(): Promise<PostOffice> {
    const suite = await loadSuite("x25519", "native");
    return new PostOffice(suite);
  }

  private constructor(suite: Suite) {
    this.suite = suite;
    this.network = testNetwork({ suite }).network;
  }

  /** A program whose account, once made, is at `domain`. Cheap Argon2, virtual time. */
  program(o: { dataDir: string; seed: string }): Services {
    const random = new SeededRandom(o.seed);
    return createServices({
      clock: this.clock,
      random,
      streams: seededStreams(o.seed),
      dataDir: o.dataDir,
      keyring: new PassphraseKeyring(random, { memoryBytes: 8 * 2 ** 20, passes: 1 }),
      networks: "any",
      report: (error) => this.reported.push(error),
      version: "0.0.0",
      transport: this.#factory(),
    });
  }

  invite(domain: string): string {
    return encodeInvite({
      address: "127.0.0.1:4000",
      linkKey: this.suite.blake2b(utf8(domain)),
      domain,
      networkHash: this.network.hash,
      code: domain,
    });
  }

  /** Hands out what lies here and resolves when its readers have stored it; at once when one of them is not there. */
  async deliver(): Promise<void> {
    for (const parcel of this.parcels.slice()) {
      const client = this.#clients.get(parcel.to);
      if (client === undefined) continue;
      await client.offer({ messageId: parcel.id, body: parcel.body.slice(), receivedAt: this.clock.now() });
    }
  }

  #factory(): TransportFactory {
    return {
      suite: async () => this.suite,
      dialer: () => ({ dial: () => Promise.reject(new TransportError("PROVIDER_DOWN")) }),
      fetchNetwork: async () => {
        if (this.down) throw new TransportError("PROVIDER_DOWN");
        return this.network;
      },
      client: (options) => new PostClient(this, options, this.#clients),
    };
  }
}

class PostClient implements MixClient {
  account: SignedUp | undefined;
  readonly #office: PostOffice;
  readonly #options: TransportClientOptions;
  readonly #present: Map<string, PostClient>;
  readonly #handlers: { [E in keyof ClientEvents]: Set<(data: ClientEvents[E]) => void> } = {
    message: new Set(),
    progress: new Set(),
    status: new Set(),
  };
  readonly #consumed = new Map<string, () => void>();
  readonly #journeys: Journey[] = [];

  constructor(office: PostOffice, options: TransportClientOptions, present: Map<string, PostClient>) {
    this.#office = office;
    this.#options = options;
    this.#present = present;
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  async start(): Promise<void> {
    const stored = await this.#options.store.account();
    if (stored?.opened === undefined) return;
    this.account = { ...stored.opened, accountKey: this.#office.suite.ed25519.publicKey(stored.accountKey) };
    this.#present.set(stored.opened.address, this);
  }

  async stop(): Promise<void> {
    if (this.account !== undefined) this.#present.delete(this.account.address);
    for (const resolve of this.#consumed.values()) resolve();
  }

  async signUp(o: { localPart: string; invite: string; certificate: Uint8Array }): Promise<SignedUp> {
    if (this.#office.down) throw new TransportError("PROVIDER_DOWN");
    const address = `${o.localPart}@${o.invite}`;
    const known = this.#office.records.get(address);
    if (known !== undefined) throw new TransportError("NAME_TAKEN");
    const { suite } = this.#options;
    const seed = this.#options.streams.keys.bytes(32);
    const place = {
      address,
      providerId: nodeId(suite.blake2b(utf8(o.invite))),
      mailboxId: mailboxId(suite.blake2b(utf8(address))),
    };
    const accountKey = suite.ed25519.publicKey(seed);
    await this.#options.store.saveAccount({
      opened: place,
      accountKey: seed,
      certificate: o.certificate,
      profile: "mail",
      nextProfile: undefined,
      guards: [],
      recordUntil: milliseconds(0),
    });
    const validFrom = this.clock.now();
    const validUntil = milliseconds(validFrom + 7 * DAY);
    const mailboxKey = new Uint8Array(1216);
    const { certificate } = o;
    this.#office.records.set(address, { ...place, mailboxKey, validFrom, validUntil, certificate, accountKey });
    this.account = { ...place, accountKey };
    this.#present.set(address, this);
    return this.account;
  }

  async offerDevice(): Promise<string> {
    throw new TransportError("REFUSED", "The post office knows one device an account.");
  }

  async withdrawOffer(): Promise<void> {
    throw new TransportError("REFUSED", "The post office knows one device an account.");
  }

  async nameDevice(): Promise<void> {
    throw new TransportError("REFUSED", "The post office knows one device an account.");
  }

  async joinDevice(): Promise<never> {
    throw new TransportError("REFUSED", "The post office knows one device an account.");
  }

  async devices(): Promise<[]> {
    return [];
  }

  async removeDevice(): Promise<void> {
    throw new TransportError("REFUSED", "The post office knows one device an account.");
  }

  async send(o: SendOptions): Promise<MessageId> {
    const id = o.id ?? messageId(this.#options.streams.keys.bytes(16));
    if (this.#journeys.some((journey) => toHex(journey.messageId) === toHex(id))) return id;
    this.#office.parcels.push({ id, to: o.to.address, body: o.body });
    const now = this.clock.now();
    this.#journeys.push({
      messageId: id,
      delivery: "queued",
      bytes: o.body.length,
      fragments: 1,
      fragmentsSent: 0,
      fragmentsStored: 0,
      queuedAt: now,
      firstSentAt: undefined,
      lastSentAt: undefined,
      storedAt: undefined,
      deliveredAt: undefined,
      expectedAt: milliseconds(now + 10_000),
      waitingFor: "none",
      goesTo: "mailbox",
    });
    return id;
  }

  /** Resolves when the program has consumed the message or is gone. */
  offer(message: ClientEvents["message"]): Promise<void> {
    const done = new Promise<void>((resolve) => this.#consumed.set(toHex(message.messageId), resolve));
    for (const handler of this.#handlers.message) handler(message);
    return done;
  }

  async offerAgain(id: MessageId): Promise<void> {
    const parcel = this.#office.parcels.find((one) => toHex(one.id) === toHex(id));
    if (parcel === undefined) return;
    const message = { messageId: id, body: parcel.body.slice(), receivedAt: this.clock.now() };
    for (const handler of this.#handlers.message) handler(message);
  }

  async consumed(id: MessageId): Promise<void> {
    await this.#options.store.consume({
      id,
      at: this.clock.now(),
      proof: new Uint8Array(32),
      acknowledgeTo: undefined,
    });
    const index = this.#office.parcels.findIndex((parcel) => toHex(parcel.id) === toHex(id));
    if (index >= 0) this.#office.parcels.splice(index, 1);
    this.#consumed.get(toHex(id))?.();
    this.#consumed.delete(toHex(id));
  }

  async acknowledge(o: { messageId: MessageId; to: MailboxRecord }): Promise<void> {
    this.#office.acknowledged.push(toHex(o.messageId));
    this.#present.get(o.to.address)?.delivered(o.messageId);
  }

  delivered(id: MessageId): void {
    const index = this.#journeys.findIndex((journey) => toHex(journey.messageId) === toHex(id));
    const journey = this.#journeys[index];
    if (journey === undefined) return;
    const done: Journey = { ...journey, delivery: "delivered", fragmentsSent: 1, deliveredAt: this.clock.now() };
    this.#journeys[index] = done;
    for (const handler of this.#handlers.progress) handler(done);
  }

  async lookup(address: string): Promise<MailboxRecord | undefined> {
    this.#office.lookups.push(address);
    if (this.#office.down) throw new TransportError("SERVICE_TIMEOUT");
    if (this.#office.isUsedUp) throw new TransportError("NO_TOKENS");
    return this.#office.records.get(address);
  }

  async request(): Promise<Uint8Array> {
    throw new TransportError("SERVICE_TIMEOUT");
  }

  serves(domain: string): boolean {
    return domain.endsWith(".example");
  }

  journeys(): readonly Journey[] {
    return this.#journeys;
  }

  async retry({ to }: { to: MailboxRecord | undefined }): Promise<void> {
    this.#office.retries.push(to);
  }

  async setProfile(): Promise<void> {}
  async setCertificate(): Promise<void> {}

  status(): ClientStatus {
    return {
      state: this.#office.down ? "provider-down" : "mixing",
      profile: "mail",
      nextProfile: undefined,
      epoch: 1,
      mixes: 6,
      operators: 6,
      providers: 2,
      sentToday: { packets: 0, bytes: 0 },
      receivedToday: { polls: 0, bytes: 0 },
      loops: { sent: 0, returned: 0 },
      recentLoops: { sent: 0, returned: 0, until: undefined },
      queuedFragments: 0,
      departures: [],
    };
  }

  /** Tells the program that the state changed. */
  tellStatus(): void {
    for (const handler of this.#handlers.status) handler(this.status());
  }

  /** Whoever is known is written to in a box, where mail waits. */
  async estimate({ copies = 1, to }: EstimateOptions): Promise<Milliseconds> {
    return milliseconds(copies * 10_000 + (to === undefined ? 0 : 5_000));
  }

  on<E extends keyof ClientEvents>(event: E, handler: (data: ClientEvents[E]) => void): () => void {
    this.#handlers[event].add(handler);
    return () => void this.#handlers[event].delete(handler);
  }
}
