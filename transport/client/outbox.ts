/**
 * All sent messages: keeps them on disk as fragments until their receipts, and holds the next ones ready in memory for the
 * slots. Spec: docs/spec/01-message.md §2
 */

import { equalBytes, toHex } from "../core/bytes.ts";
import { PlanningClock } from "../core/planning-clock.ts";
import { type MessageId, type Milliseconds, milliseconds } from "../core/units.ts";
import { PLACE_BYTES, type Place } from "../box/place.ts";
import { fragmentCount } from "../fragment/split.ts";
import { Duties, type DutiesDeps } from "./duties.ts";
import { endOf } from "./message-end.ts";
import { MailQueue, type MailQueueDeps } from "./mail-queue.ts";
import { Outgoing } from "./outgoing.ts";
import { OutboxWrites } from "./outbox-writes.ts";
import type { Places } from "./places.ts";
import type { ReceiptEntry } from "./receipt.ts";
import { fillReady, type Item } from "./ready-fragments.ts";
import type { ClientStore, OutgoingMessage, Recipient } from "./store.ts";
import type { Waits } from "./time-laws.ts";

export interface OutboxDeps
  extends Pick<MailQueueDeps, "clock" | "geometry" | "parameters" | "padding" | "onSent">,
    Pick<DutiesDeps, "quiet" | "reliability" | "have"> {
  readonly store: ClientStore;
  readonly waits: Waits;
  readonly places: Places;
  /** Numbers what waits for slots: one count for all sources. */
  readonly nextOrder: () => number;
  /** Whether signed lists agree with the clock: by a wrong one nothing fails, and nothing is forgotten. */
  readonly isClockGood: () => boolean;
  readonly onProgress: (outgoing: Outgoing) => void;
}

export class Outbox {
  /** What waits for slots. */
  readonly queue: MailQueue;
  readonly #deps: OutboxDeps;
  readonly #clock: PlanningClock;
  /** By hexadecimal id, oldest first. */
  readonly #items = new Map<string, Item>();
  /** Those of which the store, the program above and the next slots do not know yet. */
  readonly #changed = new Set<Item>();
  readonly #duties: Duties;
  readonly #writes: OutboxWrites;
  #loaded: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
    const clock = new PlanningClock({ clock: deps.clock, onPutBack: (now) => this.#clockWasPutBack(now) });
    const shared = { ...deps, clock, items: this.#items, onChange: (item: Item) => this.#follow(item) };
    this.#clock = clock;
    this.queue = new MailQueue(shared);
    this.#duties = new Duties({
      ...shared,
      onTime: () => this.#fillReady(),
      leave: (item, o) => this.#leave(item, o),
    });
    this.#writes = new OutboxWrites(shared);
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
      const { outgoing } = this.#insert(message);
      outgoing.resume(this.#clock.now());
      // What reminders ask for.
      if (!outgoing.isFinished && message.to.place !== undefined) await this.#deps.places.known(message.to.accountKey);
    }
    this.#fillReady();
    this.#duties.look();
  }

  /** There is a new list of nodes: places may have become useless. */
  listChanged(): void {
    this.#duties.look();
  }

  /** Writes what is not written yet and waits for it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#duties.stop();
    this.#writeChanges();
    await this.#writes.settled();
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
      const end = endOf(outgoing);
      if (end !== undefined && end < before) this.#items.delete(key);
    }
  }

  all(): Outgoing[] {
    return [...this.#items.values()].map(({ outgoing }) => outgoing);
  }

  one(id: MessageId): Outgoing | undefined {
    return this.#items.get(toHex(id))?.outgoing;
  }

  /** A receipt came; `place` is where its maker wants to be written to. Durable when it resolves. */
  async receipt({ id, proof }: ReceiptEntry, place?: Place): Promise<void> {
    const item = this.#items.get(toHex(id));
    if (item === undefined || !item.outgoing.isReceipt(proof)) return;
    // First: a receipt counts once, and one that the disk refuses comes again.
    const { accountKey } = item.outgoing.to;
    const isMoved = place !== undefined && (await this.#deps.places.learn(accountKey, place));
    await this.#writes.receipt(item.outgoing, proof);
    item.ready.clear();
    this.#follow(item);
    if (isMoved) this.#hasMoved(accountKey);
  }

  /** What lies unread at older places of that reader goes to the new one with a reminder that comes soon. */
  #hasMoved(accountKey: Uint8Array): void {
    for (const item of this.#items.values()) {
      const { isFinished, to } = item.outgoing;
      if (isFinished || to.place === undefined || !equalBytes(to.accountKey, accountKey)) continue;
      if (this.#deps.places.newerThan(to.place, accountKey) === undefined) continue;
      item.outgoing.remindSoon(this.#clock.now());
      this.#follow(item);
    }
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
      await this.#writes.readdress(outgoing, to);
      this.#follow(item);
    }
  }

  /**
   * Everything goes again, with a new deadline, to the mailbox of the record, sealed to the key of `to` from now on. Does nothing for a
   * message that is unknown, forgotten or delivered.
   */
  async retry(id: MessageId, to: Recipient | undefined): Promise<void> {
    // Of what the store has forgotten nothing is left to send.
    this.#forget();
    const item = this.#items.get(toHex(id));
    if (item === undefined || item.outgoing.isFinished) return;
    if (to !== undefined) await this.#writes.readdress(item.outgoing, to);
    if (item.outgoing.isFinished) return; // A receipt came meanwhile.
    const now = this.#clock.now();
    item.outgoing.retry(milliseconds(now + this.#deps.parameters.retention));
    await this.#writes.anew(item.outgoing);
    this.#follow(item);
  }

  /** For another place, or the mailbox of the record. Written down at once: after a start a provider must not be asked for what another one was given. */
  #leave(item: Item, { why, to }: Parameters<DutiesDeps["leave"]>[1]): void {
    const { outgoing } = item;
    const { place, accountKey } = outgoing.to;
    if (place === undefined) return;
    outgoing.leave(this.#clock.now(), to);
    // What the disk refuses is left once more after a start.
    void this.#writes.anew(outgoing).catch(() => undefined);
    const { places } = this.#deps;
    if (why === "missed") void places.forget(accountKey, place).catch(() => undefined);
    if (why === "unread" && to === undefined) void places.doubt(accountKey, place).catch(() => undefined);
    this.#follow(item);
  }

  #insert(message: OutgoingMessage): Item {
    const { geometry, parameters, waits } = this.#deps;
    const { needed } = fragmentCount({
      geometry,
      step: parameters.fragmentStep,
      messageBytes: PLACE_BYTES + message.bytes,
    });
    const item: Item = {
      outgoing: new Outgoing({ message, needed, waits }),
      order: this.#deps.nextOrder(),
      ready: new Map(),
      loading: new Set(),
    };
    this.#items.set(toHex(message.id), item);
    return item;
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
    this.#duties.plan();
    for (const { outgoing } of changed) this.#deps.onProgress(outgoing);
  }

  #writeChanges(): Item[] {
    const items = [...this.#changed];
    this.#changed.clear();
    // What is not written goes again after a start, and the reader drops it.
    for (const { outgoing } of items) void this.#writes.progress(outgoing).catch(() => undefined);
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
}
