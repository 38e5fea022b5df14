/**
 * A client of the mix network: what leaves its one socket, and when, depends on its clocks alone.
 * Spec: docs/spec/01-message.md, docs/spec/04-traffic.md
 */

import type { Place } from "../box/place.ts";
import { TransportError } from "../core/errors.ts";
import type { ProfileName } from "../core/parameters.ts";
import { wipe } from "../core/secret.ts";
import type { MessageId, Milliseconds, NodeId } from "../core/units.ts";
import { assertCurrent, type MailboxRecord } from "../directory/mailbox-record.ts";
import type { NodeDescriptor } from "../directory/model.ts";
import type { Frame } from "../link/frame.ts";
import { geometry } from "../sphinx/geometry.ts";
import { Sphinx } from "../sphinx/sphinx.ts";
import { SendClock, type SendClockOptions } from "../traffic/send-clock.ts";
import type { Account } from "./account.ts";
import { ClientSessions } from "./client-sessions.ts";
import { clientStatus } from "./client-status.ts";
import { ConsensusKeeper } from "./consensus-keeper.ts";
import { ControlChannel } from "./control-channel.ts";
import type { Devices } from "./devices.ts";
import { Entrance } from "./entrance.ts";
import { Listeners } from "./listeners.ts";
import { keyQuestion, readKeyAnswer } from "./key-answer.ts";
import type { MailboxKeys } from "./mailbox-keys.ts";
import { membership } from "./membership.ts";
import { ProviderLink } from "./provider-link.ts";
import { recipientOf } from "./recipient.ts";
import { Session, type SessionDeps } from "./session.ts";
import type {
  ClientEvents,
  ClientStatus,
  Device,
  EstimateOptions,
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
  readonly #listeners = new Listeners();
  readonly #entrance: Entrance;
  readonly #sessions: ClientSessions;
  #isStopped = false;

  constructor(options: TransportClientOptions) {
    this.#options = options;
    const { clock, streams, suite, network, dialer, provider, store } = options;
    const { parameters } = network;
    const sizes = geometry({ suite: parameters.suite, packetBytes: parameters.packetBytes });
    this.#sphinx = new Sphinx({ suite, geometry: sizes });
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
    const control = new ControlChannel({ clock, link, onNoAccount: () => this.#sessions.removed() });
    const { mailboxKeys, account, devices } = membership(options, { geometry: sizes, keeper, control });
    this.#link = link;
    this.#keeper = keeper;
    this.#entrance = new Entrance({ clock, link, keeper });
    this.#control = control;
    this.#mailboxKeys = mailboxKeys;
    this.#account = account;
    this.#devices = devices;
    this.#sessions = new ClientSessions({
      parameters,
      account,
      link,
      make: (o) => this.#makeSession(o),
      onRemoved: () => this.#emitStatus(),
    });
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
      await this.#sessions.open();
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
    await this.#sessions.stop();
    await this.#mailboxKeys.close();
  }

  async signUp(options: { localPart: string; invite: string; certificate: Uint8Array }): Promise<SignedUp> {
    await this.#entrance.assertOpen();
    const signedUp = await this.#account.signUp(options);
    await this.#sessions.open();
    return signedUp;
  }

  async offerDevice(options: { extra: Uint8Array }): Promise<string> {
    await this.#atProvider();
    return this.#devices.offer(options.extra);
  }

  async joinDevice(options: JoinDeviceOptions): Promise<SignedUp> {
    const account = await this.#sessions.join(() => this.#join(options));
    this.#emitStatus();
    return account;
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
    // Says where answers to this device come, before it asks anything. What fails is tried again soon, as every upload.
    await this.#account.upload().catch(() => undefined);
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
    return this.#sessions.required().posting.send(recipientOf(to), { body, id });
  }

  async request(options: { provider: NodeId; service: string; body: Uint8Array }): Promise<Uint8Array> {
    const session = this.#sessions.required();
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
    return this.#keeper.current() && this.#providerOf(domain)?.nodeId;
  }

  async acknowledge(options: { messageId: MessageId; to: MailboxRecord }): Promise<void> {
    await this.#sessions.required().acknowledge(options.messageId, recipientOf(options.to));
  }

  async offerAgain(messageId: MessageId): Promise<void> {
    await this.#sessions.required().inbox.offerAgain(messageId);
  }

  async consumed(messageId: MessageId, o?: { acknowledgeTo: MailboxRecord }): Promise<void> {
    await this.#sessions.required().consumed(messageId, o && recipientOf(o.acknowledgeTo));
  }

  journeys(): readonly Journey[] {
    const session = this.#sessions.current;
    return session === undefined ? [] : session.outbox.all().map((outgoing) => session.journeys.of(outgoing));
  }

  /** One of them; undefined when there is no such message. */
  journey(messageId: MessageId): Journey | undefined {
    const outgoing = this.#sessions.current?.outbox.one(messageId);
    return outgoing && this.#sessions.current?.journeys.of(outgoing);
  }

  async retry(options: { messageId: MessageId; to: MailboxRecord | undefined }): Promise<void> {
    const { messageId, to } = options;
    if (to !== undefined) assertCurrent(to, this.#options.clock.now());
    await this.#sessions.required().retry(messageId, to && recipientOf(to));
  }

  async setProfile(profile: ProfileName): Promise<void> {
    this.#sessions.required();
    const choice = this.#sessions.profiles.choose(profile, this.#options.clock.now());
    await this.#account.save(choice);
    this.#emitStatus();
  }

  async setCertificate(certificate: Uint8Array): Promise<void> {
    this.#sessions.required();
    await this.#account.save({ certificate });
  }

  async estimate(options: EstimateOptions): Promise<Milliseconds> {
    return this.#sessions.required().journeys.estimate(options);
  }

  status(): ClientStatus {
    return clientStatus({
      now: this.#options.clock.now(),
      link: this.#link,
      keeper: this.#keeper,
      profiles: this.#sessions.profiles,
      usage: this.#usage,
      session: this.#sessions.current,
      isRemoved: this.#sessions.isRemoved,
    });
  }

  on<E extends keyof ClientEvents>(event: E, handler: (data: ClientEvents[E]) => void): () => void {
    return this.#listeners.on(event, handler);
  }

  /** Tests plant faults here. */
  protected makeSendClock(options: SendClockOptions): SendClock {
    return new SendClock(options);
  }

  /** And here. */
  protected ownPlace(own: Place | undefined): Place | undefined {
    return own;
  }

  #makeSession(o: Pick<SessionDeps, "opened" | "profiles">): Session {
    return new Session({
      ...this.#options,
      ...o,
      sphinx: this.#sphinx,
      link: this.#link,
      control: this.#control,
      keeper: this.#keeper,
      account: this.#account,
      mailboxKeys: this.#mailboxKeys,
      usage: this.#usage,
      lookup: (address) => this.lookup(address),
      ownPlace: (own) => this.ownPlace(own),
      onNotice: (body) => this.#devices.noticed(body),
      emit: (event, data) => this.#listeners.emit(event, data),
      onLoops: () => this.#emitStatus(),
      makeSendClock: (options) => this.makeSendClock(options),
    });
  }

  /** Just started, a client waits for its link before it says that there is none. Throws NO_ACCOUNT. */
  async #atProvider(): Promise<void> {
    this.#sessions.required();
    await this.#entrance.tried();
  }

  #received(frame: Frame, bytes: number): void {
    this.#usage.received(bytes, this.#options.clock.now(), frame.type === "entry");
    switch (frame.type) {
      case "entry":
        if (frame.kind === "no-account") return this.#sessions.removed();
        return this.#sessions.current?.entry(frame);
      case "consensusPart":
        return this.#keeper.received(frame);
      case "controlAnswer":
        return this.#control.answered(frame.body);
      default:
    }
  }

  #linkChanged(): void {
    if (this.#link.state === "up") {
      this.#keeper.linked();
      this.#sessions.current?.loops.linked(this.#options.clock.now());
    } else this.#sessions.current?.loops.linkLost();
    this.#entrance.changed();
    this.#emitStatus();
  }

  #consensusChanged(): void {
    this.#sessions.current?.listChanged();
    this.#entrance.changed();
    this.#emitStatus();
  }

  #providerOf(domain: string): NodeDescriptor | undefined {
    const current = this.#keeper.current();
    if (current === undefined) throw new TransportError(this.#keeper.problem ?? "NO_CONSENSUS");
    return current.consensus.providers.find((provider) => provider.domain === domain.toLowerCase());
  }

  #emitStatus(): void {
    this.#listeners.emit("status", this.status());
  }
}
