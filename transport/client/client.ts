/**
 * A client of the mix network: what leaves its one socket, and when, depends on its clocks alone.
 * Spec: docs/spec/01-message.md, docs/spec/04-traffic.md
 */

import { TransportError } from "../core/errors.ts";
import type { ProfileName } from "../core/parameters.ts";
import { wipe } from "../core/secret.ts";
import type { MessageId, Milliseconds, NodeId } from "../core/units.ts";
import { assertCurrent, type MailboxRecord } from "../directory/mailbox-record.ts";
import type { NodeDescriptor } from "../directory/model.ts";
import type { Frame } from "../link/frame.ts";
import { geometry } from "../sphinx/geometry.ts";
import { Sphinx } from "../sphinx/sphinx.ts";
import { ProfileSchedule } from "../traffic/profile-schedule.ts";
import { SendClock, type SendClockOptions } from "../traffic/send-clock.ts";
import type { Account } from "./account.ts";
import { clientStatus } from "./client-status.ts";
import { ConsensusKeeper } from "./consensus-keeper.ts";
import { ControlChannel } from "./control-channel.ts";
import type { Devices } from "./devices.ts";
import { Entrance } from "./entrance.ts";
import { keyQuestion, readKeyAnswer } from "./key-answer.ts";
import type { MailboxKeys } from "./mailbox-keys.ts";
import { membership } from "./membership.ts";
import { ProviderLink } from "./provider-link.ts";
import { recipientOf } from "./recipient.ts";
import { Session } from "./session.ts";
import type {
  ClientEvents,
  ClientStatus,
  Device,
  JoinDeviceOptions,
  Journey,
  MixClient,
  SendOptions,
  SignedUp,
  TransportClientOptions,
} from "./types.ts";
import { Usage } from "./usage.ts";

export class TransportClient implements MixClient {
  readonly #options: TransportClientOptions;
  readonly #sphinx: Sphinx;
  readonly #link: ProviderLink;
  readonly #keeper: ConsensusKeeper;
  readonly #control: ControlChannel;
  readonly #mailboxKeys: MailboxKeys;
  readonly #account: Account;
  readonly #devices: Devices;
  readonly #usage = new Usage();
  readonly #handlers: { [E in keyof ClientEvents]: Set<(data: ClientEvents[E]) => void> } = {
    message: new Set(),
    progress: new Set(),
    status: new Set(),
  };
  readonly #entrance: Entrance;
  #profiles: ProfileSchedule;
  #session: Session | undefined;
  /** The provider knows this device no more. */
  #isRemoved = false;
  #isStopped = false;
  /** The end of a session that was stopped for that. */
  #ending: Promise<void> = Promise.resolve();

  constructor(options: TransportClientOptions) {
    this.#options = options;
    const { clock, streams, suite, network, dialer, provider, store } = options;
    const { parameters } = network;
    const sizes = geometry({ suite: parameters.suite, packetBytes: parameters.packetBytes });
    this.#sphinx = new Sphinx({ suite, geometry: sizes });
    this.#profiles = new ProfileSchedule({ parameters, choice: { profile: "mail", nextProfile: undefined } });
    // Polls, consensus, records and reconnection draw from one stream: none of them sees mail.
    const random = streams.polling;
    const onFrame = (frame: Frame, bytes: number): void => this.#received(frame, bytes);
    const link = new ProviderLink({
      clock,
      random,
      dialer,
      provider,
      sizes,
      onFrame,
      onChange: () => this.#linkChanged(),
      onSteady: () => this.#emitStatus(),
    });
    const onChange = (): void => this.#consensusChanged();
    const keeper = new ConsensusKeeper({ clock, random, suite, network, store, link, onChange });
    const control = new ControlChannel({ clock, link, onNoAccount: () => this.#removed() });
    const { mailboxKeys, account, devices } = membership(options, { geometry: sizes, keeper, control });
    this.#link = link;
    this.#keeper = keeper;
    this.#entrance = new Entrance({ clock, link, keeper });
    this.#control = control;
    this.#mailboxKeys = mailboxKeys;
    this.#account = account;
    this.#devices = devices;
  }

  get account(): SignedUp | undefined {
    return this.#account.signedUp;
  }

  async start(): Promise<void> {
    try {
      await this.#account.load();
      await this.#keeper.load();
      await this.#mailboxKeys.load();
      if (this.#isStopped) return;
      this.#link.start();
      this.#keeper.start();
      await this.#openSession();
    } catch (error) {
      // Whoever could not start it has nothing to stop: what had begun would go on sending for nobody.
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#account.stop();
    this.#keeper.stop();
    this.#link.stop();
    await this.#session?.stop();
    this.#session = undefined;
    await this.#ending;
    await this.#mailboxKeys.close();
  }

  async signUp(options: { localPart: string; invite: string; certificate: Uint8Array }): Promise<SignedUp> {
    await this.#entrance.assertOpen();
    const signedUp = await this.#account.signUp(options);
    await this.#openSession();
    return signedUp;
  }

  async offerDevice(options: { extra: Uint8Array }): Promise<string> {
    await this.#atProvider();
    return this.#devices.offer(options.extra);
  }

  async joinDevice(options: JoinDeviceOptions): Promise<SignedUp> {
    if (this.#session !== undefined) throw new TransportError("REFUSED");
    if (!this.#isRemoved) return this.#join(options);
    await this.#ending;
    this.#link.start();
    try {
      return await this.#join(options);
    } catch (error) {
      this.#link.stop();
      throw error;
    }
  }

  async #join({ code, deviceKey, name, keep }: JoinDeviceOptions): Promise<SignedUp> {
    await this.#entrance.assertOpen();
    const extra = await this.#devices.join(code);
    const account = this.#account.signedUp as SignedUp;
    try {
      await keep({ account, extra });
    } finally {
      wipe(extra);
    }
    // The provider takes it as the word that this device is done: from here on it stays in the account.
    await this.#devices.name({ deviceKey, name, since: this.#options.clock.now() });
    this.#isRemoved = false;
    await this.#openSession();
    this.#emitStatus();
    return account;
  }

  async withdrawOffer(): Promise<void> {
    await this.#atProvider();
    await this.#devices.withdraw();
  }

  async devices(): Promise<readonly Device[]> {
    await this.#atProvider();
    return this.#devices.list();
  }

  async nameDevice(options: { deviceKey: Uint8Array; name: string; since: Milliseconds }): Promise<void> {
    await this.#atProvider();
    await this.#devices.name(options);
  }

  async removeDevice(options: { deviceKey: Uint8Array }): Promise<void> {
    await this.#atProvider();
    await this.#devices.remove(options.deviceKey);
  }

  async send(options: SendOptions): Promise<MessageId> {
    const { to, body, id } = options;
    const { clock, network } = this.#options;
    if (body.length > network.parameters.messageBytesMax) throw new TransportError("MESSAGE_TOO_LARGE");
    assertCurrent(to, clock.now());
    return this.#required().posting.send(recipientOf(to), { body, id });
  }

  async request(options: { provider: NodeId; service: string; body: Uint8Array }): Promise<Uint8Array> {
    const session = this.#required();
    if (this.#link.state === "down") throw new TransportError("PROVIDER_DOWN");
    const { problem } = this.#keeper;
    if (problem !== undefined) throw new TransportError(problem);
    return session.requests.ask(options);
  }

  async lookup(address: string): Promise<MailboxRecord | undefined> {
    const provider = this.#providerOf(address.slice(address.lastIndexOf("@") + 1));
    if (provider === undefined) return undefined;
    const body = keyQuestion(address);
    const answer = await this.request({ provider: provider.nodeId, service: "keys", body });
    return readKeyAnswer(answer, { suite: this.#options.suite, address });
  }

  serves(domain: string): boolean {
    return this.#providerOf(domain) !== undefined;
  }

  /** The provider that serves the domain, if the list that is in use names one. */
  providerOf(domain: string): NodeId | undefined {
    return this.#providerOf(domain)?.nodeId;
  }

  async acknowledge(options: { messageId: MessageId; to: MailboxRecord }): Promise<void> {
    await this.#required().acknowledge(options.messageId, recipientOf(options.to));
  }

  async offerAgain(messageId: MessageId): Promise<void> {
    await this.#required().inbox.offerAgain(messageId);
  }

  async consumed(messageId: MessageId): Promise<void> {
    await this.#required().inbox.consumed(messageId);
  }

  journeys(): readonly Journey[] {
    const session = this.#session;
    return session === undefined ? [] : session.outbox.all().map((outgoing) => session.journeys.of(outgoing));
  }

  /** One of them; undefined when there is no such message. */
  journey(messageId: MessageId): Journey | undefined {
    const outgoing = this.#session?.outbox.one(messageId);
    return outgoing && this.#session?.journeys.of(outgoing);
  }

  async retry(options: { messageId: MessageId; to: MailboxRecord | undefined }): Promise<void> {
    const { messageId, to } = options;
    if (to !== undefined) assertCurrent(to, this.#options.clock.now());
    await this.#required().retry(messageId, to && recipientOf(to));
  }

  async setProfile(profile: ProfileName): Promise<void> {
    this.#required();
    const choice = this.#profiles.choose(profile, this.#options.clock.now());
    await this.#account.save(choice);
    this.#emitStatus();
  }

  async setCertificate(certificate: Uint8Array): Promise<void> {
    this.#required();
    await this.#account.save({ certificate });
  }

  estimate(bytes: number, copies = 1): Milliseconds {
    return this.#required().journeys.estimate(bytes, copies);
  }

  status(): ClientStatus {
    return clientStatus({
      now: this.#options.clock.now(),
      link: this.#link,
      keeper: this.#keeper,
      profiles: this.#profiles,
      usage: this.#usage,
      session: this.#session,
      isRemoved: this.#isRemoved,
    });
  }

  on<E extends keyof ClientEvents>(event: E, handler: (data: ClientEvents[E]) => void): () => void {
    const handlers = this.#handlers[event];
    handlers.add(handler);
    return () => handlers.delete(handler);
  }

  /** Tests plant faults here. */
  protected makeSendClock(options: SendClockOptions): SendClock {
    return new SendClock(options);
  }

  async #openSession(): Promise<void> {
    const { opened, stored } = this.#account;
    if (opened === undefined || stored === undefined || this.#session !== undefined) return;
    const { parameters } = this.#options.network;
    this.#profiles = new ProfileSchedule({ parameters, choice: stored });
    this.#session = new Session({
      ...this.#options,
      sphinx: this.#sphinx,
      link: this.#link,
      control: this.#control,
      keeper: this.#keeper,
      account: this.#account,
      opened,
      mailboxKeys: this.#mailboxKeys,
      profiles: this.#profiles,
      usage: this.#usage,
      lookup: (address) => this.lookup(address),
      onNotice: (body) => this.#devices.noticed(body),
      emit: (event, data) => this.#emit(event, data),
      onLoops: () => this.#emitStatus(),
      makeSendClock: (options) => this.makeSendClock(options),
    });
    const session = this.#session;
    this.#account.start();
    session.useGuards();
    try {
      await session.start();
    } catch (error) {
      // Half of what the store holds is not what there is to go on with.
      this.#account.stop();
      if (this.#session === session) this.#session = undefined;
      await session.stop();
      throw error;
    }
  }

  /** Just started, a client waits for its link before it says that there is none. Throws NO_ACCOUNT. */
  async #atProvider(): Promise<void> {
    this.#required();
    await this.#entrance.tried();
  }

  #required(): Session {
    if (this.#session === undefined) throw new TransportError("NO_ACCOUNT");
    return this.#session;
  }

  #received(frame: Frame, bytes: number): void {
    this.#usage.received(bytes, this.#options.clock.now(), frame.type === "entry");
    switch (frame.type) {
      case "entry":
        if (frame.kind === "no-account") return this.#removed();
        return this.#session?.entry(frame);
      case "consensusPart":
        return this.#keeper.received(frame);
      case "controlAnswer":
        return this.#control.answered(frame.body);
      default:
    }
  }

  /** What is here stays; nothing leaves any more. Not kept: a provider that has its accounts back from a backup is asked at the next start. */
  #removed(): void {
    const session = this.#session;
    if (session === undefined) return;
    this.#isRemoved = true;
    this.#session = undefined;
    this.#account.stop();
    this.#link.stop();
    // What cannot be written at its end is asked for again as after any other.
    this.#ending = session.stop().catch(() => undefined);
    this.#emitStatus();
  }

  #linkChanged(): void {
    if (this.#link.state === "up") {
      this.#keeper.linked();
      this.#session?.loops.linked(this.#options.clock.now());
    } else this.#session?.loops.linkLost();
    this.#entrance.changed();
    this.#emitStatus();
  }

  #consensusChanged(): void {
    this.#session?.useGuards();
    this.#entrance.changed();
    this.#emitStatus();
  }

  #providerOf(domain: string): NodeDescriptor | undefined {
    return this.#keeper.current()?.consensus.providers.find((provider) => provider.domain === domain.toLowerCase());
  }

  #emitStatus(): void {
    this.#emit("status", this.status());
  }

  #emit<E extends keyof ClientEvents>(event: E, data: ClientEvents[E]): void {
    for (const handler of this.#handlers[event]) handler(data);
  }
}
