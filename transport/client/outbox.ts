/**
 * All sent messages: keeps them on disk as fragments until their receipts, holds the next ones ready in memory for the
 * slots, asks, repeats and gives up in time. Spec: docs/spec/01-message.md §2
 */

import { equalBytes, toHex } from "../core/bytes.ts";
import type { Cancel, Clock } from "../core/clock.ts";
import type { Parameters } from "../core/parameters.ts";
import { PlanningClock } from "../core/planning-clock.ts";
import { below, type RandomSource } from "../core/random.ts";
import { type MessageId, type Milliseconds, milliseconds } from "../core/units.ts";
import { encodeFragment, type Fragment } from "../fragment/fragment.ts";
import { fragmentCount } from "../fragment/split.ts";
import type { Geometry } from "../sphinx/geometry.ts";
import type { QuietTime } from "../traffic/quiet-time.ts";
import { type Contender, turnsUntilThrough } from "./fair-turns.ts";
import { isKeyTooOld } from "./key-age.ts";
import { DEADLINE_LOOK_INTERVAL, FRAGMENTS_READY } from "./limits.ts";
import { Outgoing, type Waits } from "./outgoing.ts";
import type { Payload, PayloadContender, PayloadSource, Sent } from "./payload.ts";
import type { ReceiptEntry } from "./receipt.ts";
import { fillReady, type Item } from "./ready-fragments.ts";
import type { ClientStore, OutgoingMessage, Recipient } from "./store.ts";

/** Younger than whatever waits, with room for those just before it. */
const YOUNGEST = Number.MAX_SAFE_INTEGER;

export interface OutboxDeps {
  readonly clock: Clock;
  readonly store: ClientStore;
  readonly quiet: QuietTime;
  readonly geometry: Geometry;
  readonly parameters: Parameters;
  readonly padding: RandomSource;
  readonly reliability: RandomSource;
  readonly waits: Waits;
  /** Numbers what waits for slots: one count for all sources. */
  readonly nextOrder: () => number;
  /** Whether signed lists agree with the clock: by a wrong one nothing fails, and nothing is forgotten. */
  readonly isClockGood: () => boolean;
  /** Asks the provider which of the hashes it has. Rejects when there is no answer. */
  readonly have: (to: Recipient, hashes: readonly Uint8Array[]) => Promise<boolean[]>;
  readonly onProgress: (outgoing: Outgoing) => void;
  readonly onSent: (sent: { id: MessageId; index: number } & Sent) => void;
}

export class Outbox implements PayloadSource {
  readonly #deps: OutboxDeps;
  readonly #clock: PlanningClock;
  /** By hexadecimal id, oldest first. */
  readonly #items = new Map<string, Item>();
  /** Those of which the store, the program above and the next slots do not know yet. */
  readonly #changed = new Set<Item>();
  #cancelDuty: Cancel = () => undefined;
  #writes: Promise<void> = Promise.resolve();
  #loaded: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
    this.#clock = new PlanningClock({ clock: deps.clock, onPutBack: (now) => this.#clockWasPutBack(now) });
  }

  load(): Promise<void> {
    this.#loaded = this.#load();
    return this.#loaded;
  }

  /** Whether the message was given to `add` before, in this life of the program or an earlier one. */
  async has(id: MessageId): Promise<boolean> {
    await this.#loaded;
    return this.#items.has(toHex(id));
  }

  async #load(): Promise<void> {
    for (const message of await this.#deps.store.outgoing()) {
      this.#insert(message).outgoing.resume(this.#clock.now());
    }
    this.#fillReady();
    this.#plan();
  }

  /** Writes what is not written yet and waits for it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelDuty();
    this.#writeChanges();
    await this.#writes;
  }

  /** Durable when it resolves. */
  async add(options: { message: OutgoingMessage; data: readonly Uint8Array[] }): Promise<Outgoing> {
    await this.#deps.store.addOutgoing(options.message, options.data);
    // Given twice at once, it is taken once, as on the disk.
    const known = this.#items.get(toHex(options.message.id));
    if (known !== undefined) return known.outgoing;
    this.#forget();
    const item = this.#insert(options.message);
    this.#follow(item);
    return item.outgoing;
  }

  /** What the store forgets, too (`prune`): else a program that runs for months would hold every mail that it sent. */
  #forget(): void {
    if (!this.#deps.isClockGood()) return;
    const before = this.#clock.now() - 2 * this.#deps.parameters.retention;
    for (const [key, { outgoing }] of this.#items) {
      const { deliveredAt } = outgoing.progress;
      if (deliveredAt !== undefined && deliveredAt < before) this.#items.delete(key);
    }
  }

  all(): Outgoing[] {
    return [...this.#items.values()].map(({ outgoing }) => outgoing);
  }

  one(id: MessageId): Outgoing | undefined {
    return this.#items.get(toHex(id))?.outgoing;
  }

  /** Fragments that wait for slots. */
  get queued(): number {
    let queued = 0;
    for (const { outgoing } of this.#items.values()) queued += outgoing.left;
    return queued;
  }

  /**
   * How many payload slots until the last fragment of a message has left. Messages that wait for a key take none; receipts and
   * requests, one packet each, are left out.
   */
  slotsUntilThrough(message: Outgoing): number {
    const wanted = [...this.#items.values()].find(({ outgoing }) => outgoing === message);
    if (wanted === undefined) return message.left;
    return turnsUntilThrough({ left: message.left, order: wanted.order }, this.#waitingBeside(message));
  }

  /** The same for the last of some new messages of equal length. */
  slotsForNew({ fragments, copies }: { fragments: number; copies: number }): number {
    const newest = Array.from({ length: copies }, (_, i) => ({ left: fragments, order: YOUNGEST - i }));
    const [last, ...before] = newest as [Contender, ...Contender[]];
    return turnsUntilThrough(last, [...before, ...this.#waitingBeside()]);
  }

  #waitingBeside(message?: Outgoing): Contender[] {
    const now = this.#clock.now();
    return [...this.#items.values()]
      .filter(({ outgoing }) => outgoing !== message && outgoing.left > 0 && !this.waitsForKey(outgoing, now))
      .map(({ outgoing, order }) => ({ left: outgoing.left, order }));
  }

  *contenders(now: Milliseconds): Iterable<PayloadContender> {
    for (const item of this.#items.values()) {
      const index =
        item.ready.size === 0 ? undefined : item.outgoing.waiting(now, FRAGMENTS_READY).find((i) => item.ready.has(i));
      if (index === undefined || this.waitsForKey(item.outgoing, now)) continue;
      const { left, to } = item.outgoing;
      yield { left, order: item.order, provider: to.providerId, take: () => this.#take(item, index) };
    }
  }

  /** A receipt came. Durable when it resolves. */
  async receipt({ id, proof }: ReceiptEntry): Promise<void> {
    const item = this.#items.get(toHex(id));
    if (item === undefined || !item.outgoing.isReceipt(proof)) return;
    const { outgoing } = item;
    await this.#inTurn(async () => {
      if (outgoing.isFinished) return;
      const at = this.#clock.now();
      // First on the disk: one that it refuses comes again, and must count then.
      await this.#deps.store.finishOutgoing(id, outgoing.delivered(at));
      outgoing.receipt(proof, at);
    });
    item.ready.clear();
    this.#follow(item);
  }

  /** Whether its reader's key has become too old to be sealed to: its private half would be gone before it is collected. */
  waitsForKey({ to, left }: Outgoing, now: Milliseconds): boolean {
    return left > 0 && isKeyTooOld(to, this.#deps.parameters, now);
  }

  /** Readers for whom fragments wait and whose record has run out. */
  expired(now: Milliseconds): Recipient[] {
    return this.all()
      .filter(({ left, to }) => left > 0 && to.validUntil <= now)
      .map(({ to }) => to);
  }

  /** A newer key of a reader: what is left for that mailbox is sealed to it. Durable when it resolves. */
  async readdress(to: Recipient): Promise<void> {
    for (const item of this.#items.values()) {
      const { outgoing } = item;
      const { mailboxId, validUntil } = outgoing.to;
      if (outgoing.isFinished || validUntil >= to.validUntil || !equalBytes(mailboxId, to.mailboxId)) continue;
      await this.#readdress(item, to);
      this.#follow(item);
    }
  }

  /**
   * Everything goes again, with a new deadline, sealed to the key of `to` from now on. Does nothing for a message that is
   * unknown or delivered.
   */
  async retry(id: MessageId, to: Recipient | undefined): Promise<void> {
    const item = this.#items.get(toHex(id));
    if (item === undefined || item.outgoing.isFinished) return;
    if (to !== undefined) await this.#readdress(item, to);
    if (item.outgoing.isFinished) return; // A receipt came meanwhile.
    const now = this.#clock.now();
    item.outgoing.retry(milliseconds(now + this.#deps.parameters.retention));
    await this.#save(item);
    this.#follow(item);
  }

  async #readdress({ outgoing }: Item, to: Recipient): Promise<void> {
    await this.#inTurn(async () => {
      if (!outgoing.isFinished) await this.#deps.store.readdress(outgoing.message.id, to);
    });
    outgoing.readdress(to);
  }

  #insert(message: OutgoingMessage): Item {
    const { geometry, parameters, waits } = this.#deps;
    const { needed } = fragmentCount({ geometry, step: parameters.fragmentStep, messageBytes: message.bytes });
    const item: Item = {
      outgoing: new Outgoing({ message, needed, waits }),
      order: this.#deps.nextOrder(),
      ready: new Map(),
      loading: new Set(),
    };
    this.#items.set(toHex(message.id), item);
    return item;
  }

  #take(item: Item, index: number): Payload {
    const { outgoing } = item;
    const data = item.ready.get(index) as Uint8Array;
    item.ready.delete(index);
    outgoing.taken(index);
    const { to } = outgoing;
    return {
      cargo: "fragment",
      content: {
        destination: { command: "mailbox", recipient: to.mailboxId },
        plaintext: encodeFragment(this.#deps.geometry, fragmentOf(outgoing, index, data), this.#deps.padding),
        mailboxKey: to.mailboxKey,
      },
      settled: (sent) => this.#settled(item, index, sent),
    };
  }

  #settled(item: Item, index: number, sent: Sent | undefined): void {
    const { outgoing } = item;
    if (sent === undefined) outgoing.lost(index);
    else {
      outgoing.sent(index, sent);
      this.#deps.onSent({ id: outgoing.message.id, index, ...sent });
    }
    this.#follow(item);
  }

  /** A poll may be due right after a tick with mail in it: what a change sets off waits for a quiet moment. */
  #follow(item: Item): void {
    if (this.#changed.size === 0) void this.#deps.quiet.run(() => this.#followUp());
    this.#changed.add(item);
  }

  #followUp(): void {
    if (this.#stopped) return;
    const changed = this.#writeChanges();
    this.#fillReady();
    this.#plan();
    for (const { outgoing } of changed) this.#deps.onProgress(outgoing);
  }

  #writeChanges(): Item[] {
    const items = [...this.#changed];
    this.#changed.clear();
    // What is not written goes again after a start, and the reader drops it.
    for (const item of items) void this.#save(item).catch(() => undefined);
    return items;
  }

  #fillReady(): void {
    if (!this.#stopped) fillReady({ items: this.#items.values(), now: this.#clock.now(), store: this.#deps.store });
  }

  #clockWasPutBack(now: Milliseconds): void {
    for (const item of this.#items.values()) {
      item.outgoing.planAnew(now, { after: "put back" });
      this.#follow(item);
    }
  }

  #plan(): void {
    this.#cancelDuty();
    if (this.#stopped) return;
    const now = this.#clock.now();
    const times = [...this.#items.values()]
      .map(({ outgoing }) => this.#nextTime(outgoing, now))
      .filter((t) => t !== undefined);
    if (times.length === 0) return;
    this.#cancelDuty = this.#clock.at(milliseconds(Math.min(...times)), () => {
      void this.#deps.quiet.run(() => this.#doDuties());
    });
  }

  /** A deadline that has passed by a clock that is not good stays one: it is looked at again, not without end. */
  #nextTime(outgoing: Outgoing, now: Milliseconds): Milliseconds | undefined {
    const waits = outgoing.duty(now) === "fail" && !this.#deps.isClockGood();
    return waits ? milliseconds(now + DEADLINE_LOOK_INTERVAL) : outgoing.nextTime(now);
  }

  #doDuties(): void {
    if (this.#stopped) return;
    const now = this.#clock.now();
    for (const item of this.#items.values()) {
      const { outgoing } = item;
      switch (outgoing.duty(now)) {
        case "ask":
          void this.#ask(item);
          break;
        case "remind":
          outgoing.remind(below(this.#deps.reliability, outgoing.needed));
          this.#follow(item);
          break;
        case "fail":
          if (!this.#deps.isClockGood()) break;
          outgoing.fail(now);
          this.#follow(item);
          break;
        case undefined:
          break;
      }
    }
    this.#fillReady();
    this.#plan();
  }

  async #ask(item: Item): Promise<void> {
    const { outgoing } = item;
    const question = outgoing.question();
    try {
      const hashes = question.map(({ hash }) => hash);
      const present = await this.#deps.have(outgoing.to, hashes);
      const answers = question
        .map(({ index, hash }, i) => ({ index, hash, isPresent: present[i] === true }))
        .filter(({ index, hash }) => outgoing.isAskable(index, hash));
      const stored = new Set(answers.filter(({ isPresent }) => isPresent).map(({ index }) => index));
      const asked = answers.map(({ index }) => index);
      outgoing.answered(asked, stored, this.#clock.now());
    } catch {
      outgoing.unanswered(this.#clock.now());
    }
    if (!outgoing.isFinished && !this.#stopped) this.#follow(item);
  }

  #save(item: Item): Promise<void> {
    const { outgoing } = item;
    const changes = outgoing.changes();
    const { progress } = outgoing;
    return this.#inTurn(async () => {
      if (outgoing.isFinished && progress.deliveredAt === undefined) return; // Overtaken by the receipt.
      await this.#deps.store.saveProgress(outgoing.message.id, progress, changes);
    });
  }

  #inTurn(write: () => Promise<void>): Promise<void> {
    const done = this.#writes.then(write);
    this.#writes = done.catch(() => undefined);
    return done;
  }
}

function fragmentOf(outgoing: Outgoing, index: number, data: Uint8Array): Fragment {
  const { id, bytes, fragments } = outgoing.message;
  return { kind: "message", messageId: id, index, total: fragments.length, messageBytes: bytes, data };
}
