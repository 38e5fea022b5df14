/**
 * Receipts this client owes: each waits a random time, then leaves in a payload slot of its own; all that are owed to one
 * reader by then leave together, to where that reader wants them. Spec: docs/spec/01-message.md §4
 */

import type { Place } from "../box/place.ts";
import { equalBytes } from "../core/bytes.ts";
import type { Cancel, Clock } from "../core/clock.ts";
import type { Parameters } from "../core/parameters.ts";
import { PlanningClock } from "../core/planning-clock.ts";
import type { RandomSource } from "../core/random.ts";
import { MESSAGE_ID_BYTES, type MessageId, messageId, type Milliseconds, milliseconds } from "../core/units.ts";
import type { Suite } from "../crypto/suite.ts";
import { encodeFragment, type Fragment } from "../fragment/fragment.ts";
import { split } from "../fragment/split.ts";
import type { Geometry } from "../sphinx/geometry.ts";
import type { QuietTime } from "../traffic/quiet-time.ts";
import { isKeyTooOld } from "./key-age.ts";
import { RECEIPT_PLACE_PATIENCE } from "./limits.ts";
import { OwedReceipts } from "./owed-receipts.ts";
import type { Payload, PayloadContender, PayloadSource } from "./payload.ts";
import type { Places } from "./places.ts";
import { encodeReceipt, receiptsPerPacket } from "./receipt.ts";
import { destinationOf } from "./recipient.ts";
import type { ClientStore, OwedReceipt, Recipient, SeenMessage } from "./store.ts";

export interface ReceiptsDeps {
  readonly clock: Clock;
  readonly store: ClientStore;
  readonly quiet: QuietTime;
  readonly suite: Suite;
  readonly geometry: Geometry;
  readonly parameters: Parameters;
  readonly padding: RandomSource;
  readonly places: Places;
  /** Where this account wants to be written to. */
  readonly ownPlace: () => Place | undefined;
  readonly nextOrder: () => number;
  /** Whether signed lists agree with the clock: by a wrong one nothing is forgotten. */
  readonly isClockGood: () => boolean;
  readonly wait: () => Milliseconds;
  readonly longestWait: Milliseconds;
}

export class Receipts implements PayloadSource {
  readonly #deps: ReceiptsDeps;
  readonly #clock: PlanningClock;
  readonly #owed = new OwedReceipts();
  /** One place in the queue for each reader to whom something is due, by name (owed-receipts.ts). */
  readonly #due = new Map<string, number>();
  /** Readers whose receipt is in a slot whose tick has not come, or has and is not followed up yet. */
  readonly #inSlot = new Set<string>();
  #cancel: Cancel = () => undefined;
  #stopped = false;

  constructor(deps: ReceiptsDeps) {
    this.#deps = deps;
    this.#clock = new PlanningClock({
      clock: deps.clock,
      onPutBack: (now) => this.#planAnew(now, { after: "put back" }),
    });
  }

  async load(): Promise<void> {
    for (const receipt of await this.#deps.store.owedReceipts()) this.#owed.set(receipt);
    this.#planAnew(this.#clock.now(), { after: "start" });
    this.#plan();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** For a message that was consumed. Throws RangeError for any other. */
  async oweFor(id: MessageId, reader: Recipient): Promise<void> {
    const seen = await this.#deps.store.seen(id);
    if (seen === undefined) throw new RangeError("acknowledge() comes after consumed()");
    await this.owe(seen, reader);
  }

  /** A message that was consumed came again. */
  async seenAgain(seen: SeenMessage): Promise<void> {
    if (seen.acknowledgeTo !== undefined) await this.owe(seen, seen.acknowledgeTo);
  }

  /** Durable when it resolves. One that is owed already is not owed twice. */
  async owe(seen: SeenMessage, reader: Recipient): Promise<void> {
    if (this.#owed.has(seen.id)) return;
    const to = { ...reader, place: await this.#placeFor(seen, reader) };
    const dueAt = milliseconds(Math.ceil(this.#clock.now() + this.#deps.wait()));
    const receipt: OwedReceipt = { id: seen.id, proof: seen.proof, to, dueAt };
    await this.#deps.store.oweReceipt(receipt);
    this.#owed.set(receipt);
    this.#plan();
  }

  /** However much is owed after a long absence, a slot looks at each reader's key, and only the packet that it takes is made. */
  *contenders(now: Milliseconds): Iterable<PayloadContender> {
    for (const [name, order] of this.#due) {
      const reader = this.#owed.reader(name);
      if (reader === undefined || isKeyTooOld(reader, this.#deps.parameters, now)) continue;
      const to = this.#usable(reader);
      yield { left: 1, order, provider: destinationOf(to).provider, take: () => this.#take(name, to) };
    }
  }

  /**
   * Where the message said; where not, or where its writer is known to want mail at a newer place, as mail to the same account. When the
   * message comes again long after it was read, what was sent to its place is lost: then to that newer place, or to the mailbox.
   */
  async #placeFor({ place, at }: SeenMessage, { accountKey }: Recipient): Promise<Place | undefined> {
    const { places } = this.#deps;
    const known = await places.known(accountKey);
    if (place !== undefined && known !== undefined && known.until > place.until) return known;
    if (this.#clock.now() - at > RECEIPT_PLACE_PATIENCE) return undefined;
    return place !== undefined && places.isUsable(place) ? place : known;
  }

  #usable(to: Recipient): Recipient {
    return to.place === undefined || this.#deps.places.isUsable(to.place) ? to : { ...to, place: undefined };
  }

  /** Those to whom something is owed and whose record has run out. */
  expired(now: Milliseconds): Recipient[] {
    this.#forget(now);
    return [...this.#owed.all()].map(({ receipt }) => receipt.to).filter(({ validUntil }) => validUntil <= now);
  }

  /** What the store forgets, too (`prune`), for want of a key: nobody is looked up for it any more. */
  #forget(now: Milliseconds): void {
    const { parameters, isClockGood } = this.#deps;
    if (!isClockGood()) return;
    const before = now - 2 * parameters.retention;
    for (const { name, receipt } of this.#owed.all()) {
      if (receipt.dueAt >= before || !isKeyTooOld(receipt.to, parameters, now) || this.#inSlot.has(name)) continue;
      this.#owed.delete(receipt.id);
      if (this.#owed.reader(name) === undefined) this.#due.delete(name);
    }
  }

  /** A newer key of a reader; durable when it resolves. */
  async readdress(to: Recipient): Promise<void> {
    for (const { receipt } of this.#owed.all()) {
      if (!equalBytes(receipt.to.mailboxId, to.mailboxId) || receipt.to.validUntil >= to.validUntil) continue;
      const renewed = { ...receipt, to: { ...to, place: receipt.to.place } };
      await this.#deps.store.oweReceipt(renewed);
      if (this.#owed.has(receipt.id)) this.#owed.set(renewed);
    }
  }

  /** Everything owed to one reader at one place, sealed to the newest key among it. */
  #take(name: string, to: Recipient): Payload {
    const { geometry, padding } = this.#deps;
    const receipts = this.#owed.first(name, receiptsPerPacket(geometry));
    this.#due.delete(name);
    this.#inSlot.add(name);
    return {
      cargo: "receipt",
      content: {
        destination: { command: "mailbox", recipient: destinationOf(to).recipient },
        plaintext: encodeFragment(geometry, this.#fragment(receipts), padding),
        mailboxKey: to.mailboxKey,
      },
      // After the tick, so that a poll that is due is not held up.
      settled: (sent) =>
        void this.#deps.quiet.run(() => {
          this.#inSlot.delete(name);
          if (sent !== undefined) this.#settle(receipts.map(({ id }) => id));
          else this.#plan();
        }),
    };
  }

  #fragment(entries: readonly OwedReceipt[]): Fragment {
    const { suite, geometry, parameters, padding, ownPlace } = this.#deps;
    const [fragment] = split({
      suite,
      geometry,
      step: parameters.fragmentStep,
      kind: "receipt",
      messageId: messageId(padding.bytes(MESSAGE_ID_BYTES)),
      body: encodeReceipt({ place: ownPlace(), entries }),
    });
    return fragment as Fragment;
  }

  #settle(ids: readonly MessageId[]): void {
    for (const id of ids) this.#owed.delete(id);
    // If this is not written, the receipts go again after a start, which does no harm.
    void this.#deps.store.settleReceipts(ids).catch(() => undefined);
    this.#plan();
  }

  /** The clock may have been ahead: as for questions (outgoing.ts). On the disk the old times may stay. */
  #planAnew(now: Milliseconds, { after }: { after: "put back" | "start" }): void {
    for (const { receipt } of this.#owed.all()) {
      if (receipt.dueAt - now <= (after === "start" ? this.#deps.longestWait : 0)) continue;
      const dueAt = milliseconds(Math.min(receipt.dueAt, Math.ceil(now + this.#deps.wait())));
      this.#owed.set({ ...receipt, dueAt });
    }
  }

  #plan(): void {
    this.#cancel();
    if (this.#stopped) return;
    const now = this.#clock.now();
    let next: Milliseconds | undefined;
    for (const { name, receipt } of this.#owed.all()) {
      const { dueAt } = receipt;
      // What goes now would go twice; what is owed beside it has its place when that is settled.
      if (dueAt <= now && !this.#due.has(name) && !this.#inSlot.has(name)) this.#due.set(name, this.#deps.nextOrder());
      if (dueAt > now && (next === undefined || dueAt < next)) next = dueAt;
    }
    if (next !== undefined) this.#cancel = this.#clock.at(next, () => this.#plan());
  }
}
