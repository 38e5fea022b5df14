/** An account while it is open: store, client, pipelines, wired to one another. Closing it leaves no key behind. */

import {
  type Cancel,
  type ClientObserver,
  type Clock,
  decodeInvite,
  decodeNetwork,
  exponential,
  type IncomingMessage,
  type Invite,
  type Journey,
  milliseconds,
  type MixClient,
  type Network,
  type RandomSource,
  type RandomStreams,
  type Suite,
  wipe,
} from "#transport";
import { MainError, toMainError } from "../error.ts";
import { Contacts } from "../keys/contacts.ts";
import { LEAVES } from "../contract/contract.ts";
import { MailWork, type MailWorkOptions } from "../mail-work/mail-work.ts";
import { Inbound } from "../pipeline/inbound.ts";
import { Outbound } from "../pipeline/outbound.ts";
import type { Owner } from "../pipeline/owner.ts";
import type { OpenAccount } from "../store/records.ts";
import type { Store } from "../store/store.ts";
import { StandingOffer } from "./standing-offer.ts";
import type { TransportFactory } from "./transport-factory.ts";

export interface SessionDependencies {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly streams: RandomStreams;
  readonly transport: TransportFactory;
  /** Makes mail threads, where somebody wants to wait for them. */
  readonly mailWork?: ((options: MailWorkOptions) => MailWork) | undefined;
  readonly observer?: ClientObserver | undefined;
  readonly report: (error: unknown) => void;
  readonly announce: SessionEvents;
}

/** What the window hears of. */
export interface SessionEvents {
  mailChanged(conversationId: string): void;
  journeyChanged(messageId: string): void;
  networkChanged(): void;
}

export class Session {
  readonly account: OpenAccount;
  readonly network: Network;
  readonly store: Store;
  readonly mailWork: MailWork;
  readonly client: MixClient;
  readonly suite: Suite;
  readonly owner: Owner;
  readonly contacts: Contacts;
  readonly outbound: Outbound;
  readonly inbound: Inbound;
  readonly offer: StandingOffer;
  readonly #d: SessionDependencies;
  readonly #stops: (() => void)[] = [];
  readonly #running = new Set<Promise<void>>();
  /** End the waits of mail that found no room. */
  readonly #waits = new Set<() => void>();
  #state: string | undefined;
  #cancelLook: Cancel = () => undefined;
  #closed = false;

  private constructor(
    d: SessionDependencies,
    o: {
      account: OpenAccount;
      network: Network;
      store: Store;
      mailWork: MailWork;
      client: MixClient;
      suite: Suite;
      owner: Owner;
    },
  ) {
    this.#d = d;
    this.account = o.account;
    this.network = o.network;
    this.store = o.store;
    this.mailWork = o.mailWork;
    this.client = o.client;
    this.suite = o.suite;
    this.owner = o.owner;
    this.offer = new StandingOffer(d.clock);
    const { store, mailWork, client, owner } = o;
    const common = { store, mailWork, client, owner, clock: d.clock, random: d.random };
    this.contacts = new Contacts(common);
    const messageBytesMax = o.network.parameters.messageBytesMax;
    this.outbound = new Outbound({ ...common, contacts: this.contacts, messageBytesMax });
    const changed = (conversationId: string): void => d.announce.mailChanged(conversationId);
    this.inbound = new Inbound({ ...common, contacts: this.contacts, changed });
  }

  /** Connecting goes on in the background. Throws what opening the client throws. */
  static async start(d: SessionDependencies, store: Store): Promise<Session> {
    const account = await store.mainAccount();
    if (account === undefined) throw new MainError("NO_ACCOUNT");
    const anySuite = await d.transport.suite("xwing");
    const network = decodeNetwork(account.network, anySuite);
    const suite = await d.transport.suite(network.parameters.suite);
    const invite = decodeInvite(account.invite);
    const client = clientFor(d, { invite, network, suite, store, deviceSeed: account.deviceSeed });
    const mailWork = mailWorkBy(d, { ownKey: () => store.ownKey() });
    try {
      const current = await withLongerLife(account, { store, mailWork, now: d.clock.now() });
      const owner = await ownerOf(current, { mailWork, now: d.clock.now() });
      const session = new Session(d, { account: current, network, store, mailWork, client, suite, owner });
      session.#listen();
      await client.start();
      session.#lookAgainLater();
      // Signing up, if that was cut short, takes the new one with it.
      if (current !== account && client.account !== undefined) await client.setCertificate(current.certificate);
      return session;
    } catch (error) {
      await client.stop();
      await mailWork.close();
      throw error;
    }
  }

  /** Asking again after a failure is safe. Throws ADDRESS_TAKEN, TOO_MANY_NAMES, BAD_INVITE, BAD_INPUT, SIGNUP_CLOSED, PROVIDER_DOWN. */
  async signUp(): Promise<void> {
    const { account, store, client } = this;
    if (account.signedUp) return;
    const localPart = account.address.slice(0, account.address.lastIndexOf("@"));
    const invite = decodeInvite(account.invite).code;
    try {
      const { address } = await client.signUp({ localPart, invite, certificate: account.certificate });
      if (address !== account.address) throw new MainError("REFUSED", { detail: "the provider gave another address" });
    } catch (error) {
      const known = toMainError(error);
      throw known.code === "REFUSED" ? new MainError("SIGNUP_CLOSED", { cause: error }) : known;
    }
    await store.changeMainAccount({ signedUp: true });
  }

  /** What a crash or a lost link interrupted. */
  resume(): void {
    for (const journey of this.client.journeys()) this.#background(() => this.#note(journey));
    this.#background(() => this.outbound.handOver());
    this.#background(() => this.inbound.settle());
  }

  /** A conversation was opened by its reader: it counts as read, and its senders as accepted. */
  async opened(conversationId: string): Promise<void> {
    if (await this.store.markRead(conversationId)) this.#d.announce.mailChanged(conversationId);
    const { messages } = await this.store.thread(conversationId);
    const senders = new Set(messages.filter((m) => m.message.direction === "in").map((m) => m.message.from.address));
    for (const address of senders) await this.contacts.accept(address);
    this.#background(() => this.inbound.settle());
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelLook();
    this.offer.close();
    for (const stop of [...this.#stops, ...this.#waits]) stop();
    await this.client.stop();
    await Promise.allSettled(this.#running);
    await this.mailWork.close();
    await this.store.close();
    wipe(this.account.deviceSeed);
  }

  /**
   * What waits for somebody's key or for an answer goes on without anybody's doing, at random times: asking whenever the window is
   * opened, or on the hour, would tell the service who waits.
   */
  #lookAgainLater(): void {
    const { clock, streams } = this.#d;
    this.#cancelLook = clock.at(milliseconds(clock.now() + exponential(streams.reliability, LOOK_AGAIN_MEAN)), () => {
      if (this.#state !== undefined && LEAVES.has(this.#state)) this.resume();
      this.#lookAgainLater();
    });
  }

  #listen(): void {
    const { announce } = this.#d;
    this.#stops.push(
      this.client.on("message", (incoming) => this.#takeIn(incoming)),
      this.client.on("progress", (journey) => this.#background(() => this.#note(journey))),
      this.client.on("status", (status) => {
        announce.networkChanged();
        if (status.state === this.#state) return;
        this.#state = status.state;
        // What waited for the network can go on.
        if (LEAVES.has(status.state)) this.resume();
      }),
    );
  }

  async #note(journey: Journey): Promise<void> {
    const { messageId, delivery, fragments, fragmentsSent, expectedAt, queuedAt } = journey;
    const { firstSentAt, lastSentAt, storedAt, deliveredAt } = journey;
    const times = { queuedAt, firstSentAt, lastSentAt, storedAt, deliveredAt, expectedAt };
    const owner = await this.store.updateDelivery(messageId, { delivery, fragments, fragmentsSent, ...times });
    if (owner === undefined) return;
    this.#d.announce.journeyChanged(owner.message);
    this.#d.announce.mailChanged(owner.conversation);
  }

  /** A full disk is waited out; the bytes are gone by then, so the transport offers them again. */
  #takeIn(incoming: IncomingMessage): void {
    this.#background(async () => {
      try {
        await this.inbound.take(incoming);
      } catch (error) {
        if (toMainError(error).code !== "DISK_FULL" || this.#closed) throw error;
        const { clock } = this.#d;
        const wait = clock.at(milliseconds(clock.now() + DISK_FULL_WAIT), () => {
          this.#waits.delete(wait);
          this.#background(() => this.client.offerAgain(incoming.messageId));
        });
        this.#waits.add(wait);
      }
    });
  }

  /** Nobody waits for it; an error that is no consequence of closing is reported. */
  #background(work: () => Promise<void>): void {
    if (this.#closed) return;
    const running = work()
      .catch((error: unknown) => {
        // What a device that was removed cannot do is no bug: it waits until it is one of the account again.
        if (!this.#closed && toMainError(error).code !== "DEVICE_UNKNOWN") this.#d.report(error);
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }
}

export function clientFor(
  d: SessionDependencies,
  o: { invite: Invite; network: Network; suite: Suite; store: Store; deviceSeed: Uint8Array },
): MixClient {
  const { invite, network, suite, store, deviceSeed } = o;
  return d.transport.client({
    clock: d.clock,
    streams: d.streams,
    suite,
    network,
    dialer: d.transport.dialer({ identitySeed: deviceSeed, network, suite }),
    provider: { address: invite.address, linkKey: invite.linkKey },
    store,
    ...(d.observer === undefined ? {} : { observer: d.observer }),
  });
}

/** Half an hour on average: a reader who has just published a new key is written to soon, one who is gone is asked for rarely. */
const LOOK_AGAIN_MEAN = milliseconds(1_800_000);

/** Before mail that found no room on the disk is tried again, in milliseconds: soon enough for somebody who watches. */
const DISK_FULL_WAIT = 30_000;

export const mailWorkBy = (d: SessionDependencies, options: MailWorkOptions): MailWork =>
  d.mailWork?.(options) ?? new MailWork(options);

async function ownerOf(account: OpenAccount, o: { mailWork: MailWork; now: number }): Promise<Owner> {
  const { address, name } = account;
  const certificate = await o.mailWork.readCertificate({ bytes: account.certificate, address, now: o.now });
  if (certificate === undefined) throw new MainError("STORE_DAMAGED", { detail: "the own certificate is none" });
  return { address, name, certificate };
}

/** The same account, its certificate's expiry moved on when that is due. */
async function withLongerLife(
  account: OpenAccount,
  o: { store: Store; mailWork: MailWork; now: number },
): Promise<OpenAccount> {
  const { address, certificate } = account;
  const pair = await o.mailWork.prolong({ certificate, address, now: o.now });
  if (pair === undefined) return account;
  await o.store.changeMainAccount(pair);
  wipe(pair.privateKey);
  return { ...account, certificate: pair.certificate };
}
