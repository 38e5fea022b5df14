/**
 * A client with an account at work: its clocks, queues, inbox and outbox, put together. Lives from sign-up or start until
 * stop. Spec: docs/spec/04-traffic.md
 */

import { Reader, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import {
  epochNumber,
  MAILBOX_ID_BYTES,
  MESSAGE_ID_BYTES,
  type MessageId,
  type Milliseconds,
  messageId,
  milliseconds,
  type NodeId,
} from "../core/units.ts";
import { isPublicKey } from "../crypto/public-key.ts";
import { epochStart } from "../directory/epochs.ts";
import { chooseGuards } from "../directory/guards.ts";
import { chooseReplyPath } from "../directory/path.ts";
import { FRAGMENT_HASH_BYTES } from "../fragment/seal.ts";
import { fragmentCount, split } from "../fragment/split.ts";
import type { Frame } from "../link/frame.ts";
import { requestBytesMax } from "../sphinx/service-payload.ts";
import type { Sphinx } from "../sphinx/sphinx.ts";
import type { ProfileSchedule } from "../traffic/profile-schedule.ts";
import { QuietTime } from "../traffic/quiet-time.ts";
import type { SendClock, SendClockOptions } from "../traffic/send-clock.ts";
import { Ticker } from "../traffic/ticker.ts";
import type { Account } from "./account.ts";
import type { ConsensusKeeper } from "./consensus-keeper.ts";
import { estimate } from "./estimate.ts";
import { Inbox } from "./inbox.ts";
import { HAVE_HASHES_PER_REQUEST } from "./limits.ts";
import { LoopHealth } from "./loop-health.ts";
import type { MailboxKeys } from "./mailbox-keys.ts";
import { Outbox } from "./outbox.ts";
import { AT_ONCE, type Outgoing } from "./outgoing.ts";
import type { ProviderLink } from "./provider-link.ts";
import { receiptProof } from "./receipt.ts";
import { Receipts } from "./receipts.ts";
import { Requests } from "./requests.ts";
import { Sender } from "./sender.ts";
import type { OutgoingMessage, Recipient, StoredAccount } from "./store.ts";
import { TimeLaws } from "./time-laws.ts";
import type { ClientEvents, Journey, TransportClientOptions } from "./types.ts";
import type { Usage } from "./usage.ts";

export interface SessionDeps extends TransportClientOptions {
  readonly sphinx: Sphinx;
  readonly link: ProviderLink;
  readonly keeper: ConsensusKeeper;
  readonly account: Account;
  readonly opened: NonNullable<StoredAccount["opened"]>;
  readonly mailboxKeys: MailboxKeys;
  readonly profiles: ProfileSchedule;
  readonly usage: Usage;
  readonly emit: <E extends keyof ClientEvents>(event: E, data: ClientEvents[E]) => void;
  readonly makeSendClock: (options: SendClockOptions) => SendClock;
}

export class Session {
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly requests: Requests;
  readonly sender: Sender;
  readonly loops: LoopHealth;
  readonly #deps: SessionDeps;
  readonly #receipts: Receipts;
  readonly #quiet: QuietTime;
  readonly #sendClock: SendClock;
  readonly #pollClock: Ticker;
  #order = 0;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
    const { clock, streams, store, sphinx, network, profiles, link, keeper, opened, mailboxKeys, observer } = deps;
    const { suite, geometry } = sphinx;
    const { parameters } = network;
    const laws = new TimeLaws({ random: streams.reliability, profile: () => profiles.at(clock.now()), parameters });
    const nextOrder = (): number => this.#order++;
    const { padding, reliability, keys } = streams;
    this.loops = new LoopHealth(milliseconds(5 * laws.journey + parameters.epoch.overlap));
    this.#quiet = new QuietTime({ clock, nextTick: () => earliest(this.#sendClock.next, this.#pollClock.next) });
    this.outbox = new Outbox({
      clock,
      store,
      quiet: this.#quiet,
      geometry,
      parameters,
      padding,
      reliability,
      waits: laws,
      nextOrder,
      have: (to, hashes) => this.#have(to, hashes),
      onProgress: (outgoing) => deps.emit("progress", this.journey(outgoing)),
      onSent: ({ id, index, tags, at }) => observer?.fragmentSent?.({ messageId: id, index, tags, at }),
    });
    this.#receipts = new Receipts({
      clock,
      store,
      quiet: this.#quiet,
      suite,
      geometry,
      parameters,
      padding,
      nextOrder,
      wait: () => laws.receiptWait(),
    });
    this.requests = new Requests({
      clock,
      quiet: this.#quiet,
      sphinx,
      keys,
      padding,
      nextOrder,
      replyPath: (from) => this.#replyPath(from),
      mailbox: opened.mailboxId,
      coverKey: () => this.#mailboxKey(),
      coverPlaintext: () => this.sender.coverPlaintext(),
      answerWait: () => laws.answerWait(),
    });
    this.inbox = new Inbox({
      clock,
      suite,
      geometry,
      parameters,
      store,
      quiet: this.#quiet,
      openSealed: (sealed) => mailboxKeys.openSealed(sealed),
      onLoop: (id) => this.loops.returned(id),
      onReply: (id, body) => this.requests.replied(id, body),
      onReceipt: (entry) => this.outbox.receipt(entry),
      onFragment: (fragment) => observer?.fragmentTaken?.({ ...fragment, at: clock.now() }),
      onMessage: (message) => deps.emit("message", message),
      onSeenAgain: async (seen) => {
        if (seen.acknowledgeTo !== undefined) await this.#receipts.owe(seen, seen.acknowledgeTo);
      },
    });
    this.sender = new Sender({
      clock,
      streams,
      sphinx,
      parameters,
      profiles,
      own: opened,
      mailboxKey: () => this.#mailboxKey(),
      guards: () => (deps.account.stored?.guards ?? []).map((guard) => guard.nodeId),
      sources: [this.requests, this.#receipts, this.outbox],
      isUp: () => link.state === "up",
      current: () => keeper.current(),
      onLoop: (id, at) => this.loops.sent(id, at),
      onSlot: ({ kind, carried, bytes, at }) => {
        deps.usage.packetSent(bytes, at);
        observer?.slotSent?.({ kind, carried, at });
      },
    });
    this.#sendClock = deps.makeSendClock({
      clock,
      timing: streams.timing,
      kinds: streams.kinds,
      law: parameters.clock,
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
    await this.outbox.load();
    await this.#receipts.load();
    await this.inbox.load();
  }

  async stop(): Promise<void> {
    this.#sendClock.stop();
    this.#pollClock.stop();
    this.requests.stop();
    this.#receipts.stop();
    await this.outbox.stop();
    await this.inbox.stop();
  }

  entry(frame: Extract<Frame, { type: "entry" }>): void {
    if (frame.kind === "none") return;
    const { cursor, kind, surbId, body } = frame;
    this.inbox.take({ cursor, kind, surbId, body });
  }

  /** Splits, hashes and stores; durable when it resolves. */
  async send(to: Recipient, o: { body: Uint8Array; id: MessageId | undefined }): Promise<MessageId> {
    const { body } = o;
    const { sphinx, network, streams, clock } = this.#deps;
    const { parameters } = network;
    const { suite, geometry } = sphinx;
    const id = o.id ?? messageId(streams.keys.bytes(MESSAGE_ID_BYTES));
    if (await this.outbox.has(id)) return id;
    await this.#assertUsable(to);
    const { fragments, proof } = await this.#quiet.run(() => {
      const step = parameters.fragmentStep;
      const parts = split({ suite, geometry, step, kind: "message", messageId: id, body });
      return { fragments: parts, proof: receiptProof(suite, { id, body }) };
    }, 2 * body.length);
    const now = clock.now();
    const message: OutgoingMessage = {
      id,
      to,
      bytes: body.length,
      proof,
      queuedAt: now,
      progress: { ...NO_PROGRESS, deadline: milliseconds(now + parameters.retention) },
      fragments: fragments.map(() => ({ state: "waiting", notBefore: AT_ONCE, attempts: 0, hashes: [] })),
    };
    const step = parameters.fragmentStep;
    const { needed } = fragmentCount({ geometry, step, messageBytes: body.length });
    await this.outbox.add({ message, data: fragments.slice(0, needed).map(({ data }) => data) });
    return id;
  }

  async acknowledge(id: MessageId, to: Recipient): Promise<void> {
    await this.#assertUsable(to);
    const seen = await this.#deps.store.seen(id);
    if (seen === undefined) throw new RangeError("acknowledge() comes after consumed()");
    await this.#receipts.owe(seen, to);
  }

  /** Throws RECORD_UNUSABLE. */
  async retry(id: MessageId, to: Recipient | undefined): Promise<void> {
    if (to !== undefined) await this.#assertUsable(to);
    await this.outbox.retry(id, to);
  }

  journey(outgoing: Outgoing): Journey {
    const { message, progress, delivery, left } = outgoing;
    const { firstSentAt, lastSentAt, storedAt, deliveredAt } = progress;
    return {
      messageId: message.id,
      delivery,
      bytes: message.bytes,
      fragments: message.fragments.length,
      fragmentsSent: outgoing.leftOnce,
      queuedAt: message.queuedAt,
      firstSentAt,
      lastSentAt,
      storedAt,
      deliveredAt,
      expectedAt: deliveredAt ?? this.#expectedAt(left, lastSentAt),
      waitingFor: this.#waitingFor(outgoing),
    };
  }

  estimate(bytes: number): Milliseconds {
    const { network, sphinx } = this.#deps;
    const step = network.parameters.fragmentStep;
    const { total } = fragmentCount({ geometry: sphinx.geometry, step, messageBytes: bytes });
    return estimate({ fragments: total, ahead: this.outbox.queued, profile: this.#profile() });
  }

  /** Guards for a new consensus, remembered. */
  useGuards(): void {
    const { keeper, account, streams, clock } = this.#deps;
    const current = keeper.current();
    const previous = account.stored?.guards;
    if (current === undefined || previous === undefined) return;
    const now = clock.now();
    const fresh = previous.filter(({ since }) => now - since < GUARD_LIFETIME);
    const chosen = chooseGuards({
      consensus: current.consensus,
      previous: fresh.map((guard) => guard.nodeId),
      paths: streams.paths,
    });
    const guards = chosen.map((nodeId) => fresh.find((guard) => guard.nodeId === nodeId) ?? { nodeId, since: now });
    if (guards.length === previous.length && guards.every((guard) => previous.includes(guard))) return;
    // If this is not written, the next start draws new ones.
    void account.save({ guards }).catch(() => undefined);
  }

  /** What cannot be sealed would keep its place in the queue and take slots from other mail. Throws RECORD_UNUSABLE. */
  async #assertUsable({ mailboxKey }: Recipient): Promise<void> {
    const { sealKem } = this.#deps.sphinx.suite;
    const isKey = await this.#quiet.run(() => isPublicKey(sealKem, mailboxKey));
    if (!isKey) throw new TransportError("RECORD_UNUSABLE");
  }

  #expectedAt(left: number, lastSentAt: Milliseconds | undefined): Milliseconds {
    const profile = this.#profile();
    const now = this.#deps.clock.now();
    if (left === 0 && lastSentAt !== undefined) {
      return milliseconds(Math.max(now, lastSentAt + estimate({ fragments: 0, ahead: 0, profile })));
    }
    return milliseconds(now + estimate({ fragments: left, ahead: Math.max(0, this.outbox.queued - left), profile }));
  }

  #waitingFor(outgoing: Outgoing): Journey["waitingFor"] {
    if (this.outbox.waitsForKey(outgoing, this.#deps.clock.now())) return "key";
    if (this.#deps.link.state !== "up") return "provider";
    return this.sender.reaches(outgoing.to.providerId) && !this.sender.hasPathProblem ? "none" : "network";
  }

  /** Which of these sealed forms the reader's provider has; asked in as many requests as it takes. */
  async #have(to: Recipient, hashes: readonly Uint8Array[]): Promise<boolean[]> {
    const room = requestBytesMax(this.#deps.sphinx.geometry, "have") - MAILBOX_ID_BYTES - 2;
    const most = Math.min(HAVE_HASHES_PER_REQUEST, Math.floor(room / FRAGMENT_HASH_BYTES));
    const present: boolean[] = [];
    for (let at = 0; at < hashes.length; at += most) {
      const part = hashes.slice(at, at + most);
      const writer = new Writer().raw(to.mailboxId).u16(part.length);
      for (const hash of part) writer.raw(hash);
      const body = writer.finish();
      const bitmap = await this.requests.ask({ provider: to.providerId, service: "have", body });
      present.push(...readBitmap(bitmap, part.length));
    }
    return present;
  }

  #replyPath(from: NodeId): { path: ReturnType<typeof chooseReplyPath>; until: Milliseconds } {
    const { keeper, network, opened, streams } = this.#deps;
    const current = keeper.current();
    if (current === undefined) throw new TransportError("NO_CONSENSUS");
    const { consensus, epoch } = current;
    const { paths, delays } = streams;
    const { meanDelay } = this.#profile();
    const path = chooseReplyPath({ consensus, epoch, meanDelay, paths, delays, from, to: opened.providerId });
    return { path, until: epochStart(network, epochNumber(epoch + 1)) };
  }

  #mailboxKey(): Uint8Array {
    const key = this.#deps.mailboxKeys.current;
    if (key === undefined) throw new TransportError("NO_ACCOUNT");
    return key.publicKey;
  }

  #profile(): ReturnType<ProfileSchedule["at"]> {
    return this.#deps.profiles.at(this.#deps.clock.now());
  }
}

/** Two months: long against the weeks over which an observer would have to watch, short against a network's life. */
const GUARD_LIFETIME = 60 * 24 * 3600 * 1000;

const NO_PROGRESS = {
  firstSentAt: undefined,
  lastSentAt: undefined,
  storedAt: undefined,
  deliveredAt: undefined,
  failedAt: undefined,
  askAt: undefined,
  remindAt: undefined,
  reminders: 0,
};

/** Bit i (from the least significant of each byte) says whether hash i is there. Throws MALFORMED. */
function readBitmap(bitmap: Uint8Array, count: number): boolean[] {
  const reader = new Reader(bitmap);
  const bytes = reader.take(Math.ceil(count / 8));
  reader.end();
  return Array.from({ length: count }, (_, i) => (((bytes[i >> 3] as number) >> (i & 7)) & 1) === 1);
}

function earliest(a: Milliseconds | undefined, b: Milliseconds | undefined): Milliseconds | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return milliseconds(Math.min(a, b));
}
