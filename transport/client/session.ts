/**
 * A client with an account at work: its clocks, queues, inbox and outbox, put together. Lives from sign-up or start until
 * stop. Spec: docs/spec/04-traffic.md
 */

import type { Place } from "../box/place.ts";
import { TransportError } from "../core/errors.ts";
import { type MessageId, type Milliseconds, milliseconds, type NodeId } from "../core/units.ts";
import { replyBlockUntil } from "../directory/epochs.ts";
import type { MailboxRecord } from "../directory/mailbox-record.ts";
import { chooseReplyPath } from "../directory/path.ts";
import type { Frame } from "../link/frame.ts";
import type { Sphinx } from "../sphinx/sphinx.ts";
import type { ProfileSchedule } from "../traffic/profile-schedule.ts";
import { QuietTime } from "../traffic/quiet-time.ts";
import type { SendClock, SendClockOptions } from "../traffic/send-clock.ts";
import { Ticker } from "../traffic/ticker.ts";
import type { Account } from "./account.ts";
import { Boxes } from "./boxes/boxes.ts";
import type { ControlChannel } from "./control-channel.ts";
import type { ConsensusKeeper } from "./consensus-keeper.ts";
import { FreshKeys } from "./fresh-keys.ts";
import { GuardKeeper } from "./guard-keeper.ts";
import { askHave } from "./have-question.ts";
import { Inbox } from "./inbox.ts";
import { Journeys } from "./journeys.ts";
import { LoopHealth } from "./loop-health.ts";
import type { MailboxKeys } from "./mailbox-keys.ts";
import { Outbox } from "./outbox.ts";
import { Places } from "./places.ts";
import { Posting } from "./posting.ts";
import type { ProviderLink } from "./provider-link.ts";
import { Receipts } from "./receipts.ts";
import { Requests } from "./requests.ts";
import { Sender } from "./sender.ts";
import type { Recipient, StoredAccount } from "./store.ts";
import { TimeLaws } from "./time-laws.ts";
import { Tokens } from "./tokens.ts";
import type { ClientEvents, TransportClientOptions } from "./types.ts";
import type { Usage } from "./usage.ts";

export interface SessionDeps extends TransportClientOptions {
  readonly sphinx: Sphinx;
  readonly link: ProviderLink;
  readonly control: ControlChannel;
  readonly keeper: ConsensusKeeper;
  readonly account: Account;
  readonly opened: NonNullable<StoredAccount["opened"]>;
  readonly mailboxKeys: MailboxKeys;
  readonly profiles: ProfileSchedule;
  readonly usage: Usage;
  readonly lookup: (address: string) => Promise<MailboxRecord | undefined>;
  /** What messages and receipts say of where this account wants to be written to. */
  readonly ownPlace: (own: Place | undefined) => Place | undefined;
  readonly onNotice: (body: Uint8Array) => Promise<void>;
  readonly emit: <E extends keyof ClientEvents>(event: E, data: ClientEvents[E]) => void;
  /** Own loops began to be missing, or come back again. */
  readonly onLoops: () => void;
  readonly makeSendClock: (options: SendClockOptions) => SendClock;
}

export class Session {
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly requests: Requests;
  readonly tokens: Tokens;
  readonly sender: Sender;
  readonly loops: LoopHealth;
  readonly posting: Posting;
  readonly journeys: Journeys;
  readonly boxes: Boxes;
  readonly #deps: SessionDeps;
  readonly #receipts: Receipts;
  readonly #guards: GuardKeeper;
  readonly #freshKeys: FreshKeys;
  readonly #quiet: QuietTime;
  readonly #sendClock: SendClock;
  readonly #pollClock: Ticker;
  #order = 0;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
    const { clock, streams, store, sphinx, network, profiles, link, keeper, opened, mailboxKeys, observer } = deps;
    const { suite, geometry } = sphinx;
    const { parameters } = network;
    const profile = () => profiles.at(clock.now());
    const laws = new TimeLaws({ random: streams.reliability, profile, parameters });
    const nextOrder = (): number => this.#order++;
    const { padding, reliability, keys } = streams;
    this.loops = new LoopHealth({ journey: laws.journey, onChange: deps.onLoops });
    this.#quiet = new QuietTime({
      clock,
      nextTick: () => this.#nextTick(),
      implementation: suite.implementation,
    });
    const current = (): ReturnType<ConsensusKeeper["current"]> => keeper.current();
    const ownPlace = (): Place | undefined => deps.ownPlace(this.boxes.place());
    const places = new Places({ clock, parameters, store, current });
    const isClockGood = (): boolean => mailboxKeys.isClockGood;
    const mail = { clock, store, quiet: this.#quiet, geometry, parameters, padding, places, nextOrder, isClockGood };
    this.outbox = new Outbox({
      ...mail,
      reliability,
      waits: laws,
      have: (to, hashes) => askHave({ geometry, ask: (question) => this.requests.ask(question), to, hashes }),
      onProgress: (outgoing) => deps.emit("progress", this.journeys.of(outgoing)),
      onSent: ({ id, index, tags, at }) => observer?.fragmentSent?.({ messageId: id, index, tags, at }),
    });
    this.#receipts = new Receipts({
      ...mail,
      suite,
      ownPlace,
      wait: () => laws.receiptWait(),
      longestWait: laws.longest.receipt,
    });
    this.tokens = new Tokens({
      clock,
      primitives: suite,
      network,
      store,
      control: deps.control,
      current,
      isUp: () => link.state === "up",
      polling: streams.polling,
      keys,
    });
    this.requests = new Requests({
      clock,
      quiet: this.#quiet,
      sphinx,
      keys,
      padding,
      nextOrder,
      replyPath: (from) => this.#replyPath(from),
      replyTo: () => deps.account.replyTo,
      coverKey: () => this.#mailboxKey(),
      coverPlaintext: () => this.sender.coverPlaintext(),
      answerWait: () => laws.answerWait(),
      token: (provider) => this.tokens.take(provider),
      onReplyBlock: (event) => observer?.replyBlock?.(event),
    });
    this.inbox = new Inbox({
      clock,
      suite,
      geometry,
      parameters,
      store,
      quiet: this.#quiet,
      makeReady: () => mailboxKeys.makeReady(),
      openSealed: (sealed) => mailboxKeys.openSealed(sealed),
      isClockGood,
      onLoop: (id) => this.loops.returned(id),
      onRefused: () => {
        this.loops.refused();
        this.boxes.refused();
      },
      onBoxedRefused: () => this.boxes.refused(),
      onReply: (id, body) => {
        if (!this.boxes.replied(id, body)) this.requests.replied(id, body);
      },
      onNotice: (body) => deps.onNotice(body).then(() => this.boxes.changed()),
      onBox: (announcement) => this.boxes.announced(announcement),
      onReceipt: (entry, place) => this.outbox.receipt(entry, place),
      onFragment: (fragment) => observer?.fragmentTaken?.({ ...fragment, at: clock.now() }),
      onMessage: (message) => deps.emit("message", message),
      onSeenAgain: (seen) => this.#receipts.seenAgain(seen),
    });
    this.boxes = new Boxes({
      clock,
      streams,
      sphinx,
      parameters,
      store,
      nextOrder,
      own: opened,
      profile,
      journey: laws.journey,
      current,
      deviceSecret: () => mailboxKeys.ratchet?.deviceSecret,
      replyPath: (from) => this.#replyPath(from),
      replyTo: () => deps.account.replyTo,
      coverKey: () => this.#mailboxKey(),
      coverPlaintext: () => this.sender.coverPlaintext(),
      loopPlaintext: (id) => this.sender.loopPlaintext(id),
      reaches: (provider) => this.sender.reaches(provider),
      ask: (question) => this.requests.ask(question),
      waits: laws,
      take: (sealed, onLoop) => this.inbox.takeBoxed(sealed, onLoop),
      isOwnProviderGood: () => !this.loops.isLosing,
      onReplyBlock: (event) => observer?.replyBlock?.(event),
    });
    this.#guards = new GuardKeeper({ clock, random: streams.guards, account: deps.account });
    this.sender = new Sender({
      clock,
      streams,
      sphinx,
      parameters,
      profiles,
      own: opened,
      mailboxKey: () => this.#mailboxKey(),
      guards: () => this.#guards.ids,
      sources: [this.requests, this.#receipts, this.outbox.queue, ...this.boxes.sources],
      collect: this.boxes.collect,
      boxLoop: this.boxes.loop,
      isUp: () => link.state === "up",
      current,
      onLoop: ({ id, at, mixes }) => this.loops.sent(id, at, mixes),
      onSlot: ({ kind, carried, bytes, at }) => {
        deps.usage.packetSent(bytes, at);
        observer?.slotSent?.({ kind, carried, at });
      },
    });
    this.posting = new Posting({
      clock,
      sphinx,
      parameters,
      keys,
      quiet: this.#quiet,
      outbox: this.outbox,
      places,
      ownPlace,
    });
    const { outbox, sender } = this;
    this.journeys = new Journeys({ clock, geometry, parameters, profile, outbox, places, sender, link });
    this.#freshKeys = new FreshKeys({
      clock,
      wait: (failures) => laws.lookupWait(failures),
      lookup: deps.lookup,
      expired: (now) => [...outbox.expired(now), ...this.#receipts.expired(now)],
      renewed: (to) => this.#renewed(to),
    });
    this.#sendClock = deps.makeSendClock({
      clock,
      timing: streams.timing,
      kinds: streams.kinds,
      law: parameters.clock,
      spread: parameters.sendSpread,
      profiles,
      prepare: (kind) => this.sender.prepare(kind),
      write: (frame) => link.sendBytes(frame),
    });
    this.#pollClock = new Ticker({
      clock,
      random: streams.polling,
      law: parameters.clock,
      pace: profiles.pace("pollRate"),
      tick: () => link.poll(this.inbox.cursor),
    });
  }

  /** Clocks first: what the store holds must not decide when they begin. */
  async start(): Promise<void> {
    this.#sendClock.start();
    this.#pollClock.start();
    await this.tokens.start();
    await this.outbox.load();
    await this.#receipts.load();
    await this.boxes.start();
    // Last: from here on what polls bring is dealt with, a receipt by the outbox, a repeated fragment by what is owed.
    await this.inbox.load();
    this.#freshKeys.start();
  }

  async stop(): Promise<void> {
    this.#sendClock.stop();
    this.#pollClock.stop();
    this.#freshKeys.stop();
    await this.tokens.stop();
    this.boxes.end();
    this.requests.stop();
    this.#receipts.stop();
    await this.outbox.stop();
    await this.inbox.stop();
    await this.boxes.stop();
  }

  entry(frame: Extract<Frame, { type: "entry" }>): void {
    this.loops.answered(this.#deps.clock.now(), frame.kind === "none");
    if (frame.kind === "none") this.boxes.mailboxIsEmpty();
    if (frame.kind === "none" || frame.kind === "no-account") return;
    const { cursor, kind, surbId, body } = frame;
    this.inbox.take({ cursor, kind, surbId, body });
  }

  async acknowledge(id: MessageId, to: Recipient): Promise<void> {
    await this.posting.assertUsable(to);
    await this.#receipts.oweFor(id, to);
  }

  async consumed(id: MessageId, to: Recipient | undefined): Promise<void> {
    if (to !== undefined) await this.posting.assertUsable(to);
    await this.inbox.consumed(id, to);
    if (to !== undefined) await this.#receipts.oweFor(id, to);
  }

  /** Throws RECORD_UNUSABLE. */
  async retry(id: MessageId, to: Recipient | undefined): Promise<void> {
    if (to !== undefined) await this.posting.assertUsable(to);
    await this.outbox.retry(id, to);
  }

  /** There is a new list of nodes: guards for it, remembered; and places may have gone with their providers. */
  listChanged(): void {
    this.#guards.update(this.#deps.keeper.current()?.consensus);
    this.boxes.changed();
    this.outbox.listChanged();
  }

  async #renewed(to: Recipient): Promise<void> {
    await this.posting.assertUsable(to);
    await this.outbox.readdress(to);
    await this.#receipts.readdress(to);
  }

  #replyPath(from: NodeId): { path: ReturnType<typeof chooseReplyPath>; until: Milliseconds } {
    const { clock, keeper, network, opened, profiles, streams } = this.#deps;
    const current = keeper.current();
    if (current === undefined) throw new TransportError("NO_CONSENSUS");
    const { consensus, period } = current;
    const { paths, delays } = streams;
    const { meanDelay } = profiles.at(clock.now());
    const path = chooseReplyPath({ consensus, period, meanDelay, paths, delays, from, to: opened.providerId });
    return { path, until: replyBlockUntil(network, period) };
  }

  /** The earliest of whatever has its time. */
  #nextTick(): Milliseconds | undefined {
    const { keeper, account } = this.#deps;
    const times = [this.#sendClock.next, this.#pollClock.next, this.tokens.next, keeper.next, account.next];
    return times.reduce(earliest);
  }

  #mailboxKey(): Uint8Array {
    const key = this.#deps.mailboxKeys.current;
    if (key === undefined) throw new TransportError("NO_ACCOUNT");
    return key.publicKey;
  }
}

function earliest(a: Milliseconds | undefined, b: Milliseconds | undefined): Milliseconds | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return milliseconds(Math.min(a, b));
}
