/** A member of a mix network as an application sees it: send, request, poll, close. Guide: docs/integrate.md */

import { toHex } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { TransportError } from "../core/errors.ts";
import { type MessageId, type Milliseconds, milliseconds, seconds } from "../core/units.ts";
import type { TransportClient } from "../client/client.ts";
import type { ClientStatus, IncomingMessage, Journey } from "../client/types.ts";
import type { MailboxRecord } from "../directory/mailbox-record.ts";
import { READY_BYTES_MAX, RECORDS_KEPT_MAX } from "./limits.ts";
import type { Store } from "./store.ts";

/** A message that came. Who sent it stands in no packet: what the application must know of it, the body says. */
export interface Message {
  /** 16 bytes, drawn by the sender. */
  readonly id: MessageId;
  readonly body: Uint8Array;
  readonly receivedAt: Milliseconds;
  /**
   * The application has it: it is not offered again. Durable when it resolves. With `confirmTo` the sender is told that it was
   * delivered, after a random time; only for senders who may know that this client is there (docs/threat-model.md).
   * Throws as `NetworkClient.lookup`, RECORD_EXPIRED, RECORD_UNUSABLE.
   */
  done(options?: { confirmTo: string | MailboxRecord }): Promise<void>;
  /** The application does not take it now: it is offered again, behind those that wait, read anew from the store. */
  putBack(): void;
}

export class NetworkClient implements AsyncIterable<Message> {
  readonly #client: TransportClient;
  readonly #clock: Clock;
  readonly #store: Store;
  /** Came and were not polled, oldest first. */
  readonly #queue: Message[] = [];
  #queuedBytes = 0;
  /** Came when as much waited as may wait in memory: read from the store when there is room. */
  readonly #later: MessageId[] = [];
  readonly #offered = new Set<string>();
  readonly #pollers: ((message: Message | undefined) => void)[] = [];
  readonly #records = new Map<string, MailboxRecord>();
  #isClosed = false;

  constructor(o: { client: TransportClient; clock: Clock; store: Store }) {
    this.#client = o.client;
    this.#clock = o.clock;
    this.#store = o.store;
    this.#client.on("message", (message) => this.#came(message));
  }

  /** What others write to. */
  get address(): string {
    const { account } = this.#client;
    if (account === undefined) throw new TransportError("NO_ACCOUNT");
    return account.address;
  }

  /**
   * Queues a message of up to the network's `messageBytesMax` bytes for an address of this network, or for a record that
   * `lookup` gave. Durable when it resolves; it leaves fragment by fragment in slots that would else carry cover, and is sent
   * again until its reader's client has it. `journey` says where it is. The client keeps `body`. An `id` of 16 random bytes, which the
   * application remembers, makes it safe to send once more when it does not know whether it has: what is here is not sent again.
   * Throws MESSAGE_TOO_LARGE, RECORD_EXPIRED, RECORD_UNUSABLE; with an address also as `lookup`.
   */
  async send(o: { to: string | MailboxRecord; body: Uint8Array; id?: MessageId }): Promise<MessageId> {
    return this.#client.send({ ...o, to: await this.#recordOf(o.to) });
  }

  /**
   * Asks a service of the provider for `at` (its domain) through the network, and gives its answer. The service cannot know who
   * asks. It may see the request more than once: where that matters, the body carries an id of its own.
   * Throws MESSAGE_TOO_LARGE for a body over one packet (about 18 KB in a live network), SERVICE_TIMEOUT, PROVIDER_DOWN, NO_PATH,
   * NO_CONSENSUS, CONSENSUS_STALE, CLOCK_WRONG; REFUSED when no provider of the network serves the domain.
   */
  async request({ at, service, body }: { at: string; service: string; body: Uint8Array }): Promise<Uint8Array> {
    await this.#ready();
    const provider = this.#client.providerOf(at);
    if (provider === undefined) throw new TransportError("REFUSED", `No provider of this network serves ${at}.`);
    return this.#client.request({ provider, service, body });
  }

  /**
   * The next message, as soon as there is one; undefined once the client is closed. One that was polled and not `done` comes
   * again after the next start: an application that stops in between loses nothing, and stores what it takes under `id`. What is not
   * `done` twice the network's retention after it came is forgotten.
   */
  poll(): Promise<Message | undefined> {
    const message = this.#queue.shift();
    this.#queuedBytes -= message?.body.length ?? 0;
    const next = this.#later[0];
    if (next !== undefined && this.#queuedBytes < READY_BYTES_MAX) {
      this.#later.shift();
      this.#offerAgain(next);
    }
    if (message !== undefined || this.#isClosed) return Promise.resolve(message);
    return new Promise((resolve) => this.#pollers.push(resolve));
  }

  /** Messages as they come, until `close`. One counts as done when the loop asks for the next. */
  async *[Symbol.asyncIterator](): AsyncIterator<Message> {
    for (let message = await this.poll(); message !== undefined; message = await this.poll()) {
      yield message;
      await message.done();
    }
  }

  /**
   * The record of an address: its keys, signed by its owner. The account key in it stays the same for ever: an application that
   * remembers it notices when a provider gives out another. Asked anonymously, and kept until it expires or the client closes.
   * Throws as `request`, RECORD_FORGED; REFUSED when there is no such address.
   */
  async lookup(address: string): Promise<MailboxRecord> {
    const kept = this.#records.get(address);
    if (kept !== undefined && this.#clock.now() < kept.validUntil) return kept;
    await this.#ready();
    const record = await this.#client.lookup(address);
    if (record === undefined) throw new TransportError("REFUSED", `There is no ${address} in this network.`);
    const [oldest] = this.#records.keys();
    if (oldest !== undefined && this.#records.size >= RECORDS_KEPT_MAX) this.#records.delete(oldest);
    this.#records.set(address, record);
    return record;
  }

  /** Where a message is that was sent from here; undefined once it was forgotten, twice the network's retention after its end. */
  journey(id: MessageId): Journey | undefined {
    return this.#client.journey(id);
  }

  /** How things stand; `state` is "mixing" when packets leave. */
  status(): ClientStatus {
    return this.#client.status();
  }

  /** Hears of every change of a sent message's journey, or of the status. Gives what ends that. */
  on(event: "progress", handler: (journey: Journey) => void): () => void;
  on(event: "status", handler: (status: ClientStatus) => void): () => void;
  on(event: "progress" | "status", handler: (data: never) => void): () => void {
    return this.#client.on(event, handler as (data: Journey | ClientStatus) => void);
  }

  /** Stops sending and polling and closes the store. Requests that wait reject; what is queued goes on at the next join. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#client.stop();
    await this.#store.close();
    for (const resolve of this.#pollers.splice(0)) resolve(undefined);
  }

  #came({ messageId, body, receivedAt }: IncomingMessage): void {
    const id = toHex(messageId);
    if (this.#offered.has(id)) return;
    this.#offered.add(id);
    if (this.#queuedBytes >= READY_BYTES_MAX) return void this.#later.push(messageId);
    const message: Message = {
      id: messageId,
      body,
      receivedAt,
      done: async (options) => {
        const to = options && (await this.#recordOf(options.confirmTo));
        await this.#client.consumed(messageId, to && { acknowledgeTo: to });
        this.#offered.delete(id);
      },
      putBack: () => this.#offerAgain(messageId),
    };
    const poller = this.#pollers.shift();
    if (poller !== undefined) return poller(message);
    this.#queue.push(message);
    this.#queuedBytes += body.length;
  }

  #offerAgain(id: MessageId): void {
    this.#offered.delete(toHex(id));
    // After the end of the session it is offered at the next start.
    this.#client.offerAgain(id).catch(() => undefined);
  }

  async #recordOf(to: string | MailboxRecord): Promise<MailboxRecord> {
    return typeof to === "string" ? this.lookup(to) : to;
  }

  /** A request needs link, list and account; right after the start they are on their way. What is still missing, the request says. */
  #ready(): Promise<void> {
    if (this.#client.status().state === "mixing") return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        cancel();
        off();
        resolve();
      };
      const cancel = this.#clock.at(milliseconds(this.#clock.now() + READY_WAIT), finish);
      const off = this.#client.on("status", ({ state }) => {
        if (state === "mixing") finish();
      });
    });
  }
}

/** A list of nodes takes some round trips; a provider that is down is not waited for longer. */
const READY_WAIT: Milliseconds = seconds(30);
