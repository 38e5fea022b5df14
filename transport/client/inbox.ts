/**
 * What comes out of the mailbox and of boxes: opens entries, puts messages together, drops what was seen. Entries are dealt with one
 * after the other, and each is durable before the cursor passes it. Spec: docs/spec/01-message.md §3
 */

import { PLACE_BYTES, type Place } from "../box/place.ts";
import { toHex } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import type { Parameters } from "../core/parameters.ts";
import { type MessageId, type Milliseconds, type SurbId } from "../core/units.ts";
import type { Suite } from "../crypto/suite.ts";
import { decodeFragment, type Fragment, fragmentDataBytes } from "../fragment/fragment.ts";
import type { ReassemblyDeps } from "../fragment/reassembly.ts";
import { fragmentCount } from "../fragment/split.ts";
import type { Geometry } from "../sphinx/geometry.ts";
import type { QuietTime } from "../traffic/quiet-time.ts";
import { ENTRIES_IN_WORK_MAX, INCOMPLETE_MESSAGES_FACTOR } from "./limits.ts";
import { OfferRetries } from "./offer-retries.ts";
import type { ReceiptEntry } from "./receipt.ts";
import type { ClientStore, IncomingSummary, Recipient, SeenMessage } from "./store.ts";
import type { IncomingMessage } from "./types.ts";
import { wholeBody, wholeMessage, wholeReceipt } from "./whole-message.ts";

export interface MailboxEntry {
  readonly cursor: number;
  readonly kind: "fragment" | "reply" | "notice";
  readonly surbId: SurbId;
  readonly body: Uint8Array;
}

export interface InboxDeps {
  readonly clock: Clock;
  readonly suite: Suite;
  readonly geometry: Geometry;
  readonly parameters: Parameters;
  readonly store: ClientStore;
  readonly quiet: QuietTime;
  /** Makes the mailbox keys that may be in force by now. */
  readonly makeReady: () => Promise<void>;
  readonly openSealed: (sealed: Uint8Array) => Uint8Array | undefined;
  /** Whether the mailbox keys can be those of the time that it is. */
  readonly isClockGood: () => boolean;
  readonly onLoop: (id: MessageId) => void;
  /** The store refused an entry of the mailbox, which has to come again before those behind it. */
  readonly onRefused: () => void;
  /** The store refused an entry of a box, which has to come again. */
  readonly onBoxedRefused: () => void;
  readonly onReply: (surbId: SurbId, body: Uint8Array) => void;
  /** From another device of the account; resolves when what it means is durable. */
  readonly onNotice: (body: Uint8Array) => Promise<void>;
  /** A box of the account is announced; resolves when that is durable. */
  readonly onBox: (announcement: Uint8Array) => Promise<void>;
  /** With the place that the receipt names. Resolves when what it means is durable. */
  readonly onReceipt: (entry: ReceiptEntry, place: Place | undefined) => Promise<void>;
  /** A fragment of a message became durable. */
  readonly onFragment: (fragment: { messageId: MessageId; index: number }) => void;
  readonly onMessage: (message: IncomingMessage) => void;
  /** A message that was taken before came again: its receipt may have been lost. */
  readonly onSeenAgain: (seen: SeenMessage) => Promise<void>;
}

interface Incomplete {
  readonly id: MessageId;
  readonly total: number;
  readonly messageBytes: number;
  readonly needed: number;
  readonly indexes: Set<number>;
  bytes: number;
}

export class Inbox {
  readonly #deps: InboxDeps;
  /** By hexadecimal id; the one that has waited longest for a fragment comes first. */
  readonly #incomplete = new Map<string, Incomplete>();
  /** Complete and offered, not consumed. */
  readonly #offered = new Map<string, Pick<SeenMessage, "id" | "proof" | "place">>();
  /** What could not be offered for now. */
  readonly #retries: OfferRetries;
  #cursor = 0;
  #taken = 0;
  #inWork = 0;
  /** The number of the last entry that came. */
  #given = 0;
  /** An entry could not be taken: what comes behind it has to wait for it. */
  #hasGap = false;
  /** How often the inbox went back to its cursor. */
  #returns = 0;
  #isLoaded = false;
  #work: Promise<unknown> = Promise.resolve();

  constructor(deps: InboxDeps) {
    this.#deps = deps;
    this.#retries = new OfferRetries(deps.clock);
  }

  /** What the next poll asks for: everything up to it is durable here. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Reads the store and offers again what nobody consumed. */
  async load(): Promise<void> {
    this.#cursor = await this.#deps.store.cursor();
    this.#taken = this.#cursor;
    const all = await this.#deps.store.incoming();
    for (const summary of all) this.#incomplete.set(toHex(summary.id), this.#fromStore(summary));
    for (const message of this.#incomplete.values()) await this.#offer(message);
    this.#isLoaded = true;
  }

  /** An entry that is in work already, or done, is ignored: a provider that has given all there is begins again at the cursor. */
  take(entry: MailboxEntry): void {
    // Numbers rise, each the next in the mailbox, until it begins again: only then is there nothing between the cursor and what comes.
    if (entry.cursor <= this.#given) this.#hasGap = false;
    this.#given = entry.cursor;
    if (this.#hasGap || entry.cursor <= this.#taken) return;
    // Polls begin at once. What they bring is not measured by an empty cursor, nor a receipt by an outbox that is not read yet.
    if (!this.#isLoaded || this.#inWork >= ENTRIES_IN_WORK_MAX) {
      this.#hasGap = true;
      return;
    }
    this.#taken = entry.cursor;
    this.#inWork++;
    const returns = this.#returns;
    this.#work = this.#work
      .then(() => (returns === this.#returns ? this.#deal(entry) : undefined))
      .catch(() => {
        this.#goBack();
        this.#deps.onRefused(); // A full disk.
      })
      .finally(() => this.#inWork--);
  }

  /** What came from a box: true when its effect is durable, or there is none; false when it has to come again. `onLoop`: it is one. */
  takeBoxed(sealed: Uint8Array, onLoop: (id: MessageId) => void): Promise<boolean> {
    if (!this.#isLoaded || this.#inWork >= ENTRIES_IN_WORK_MAX) return Promise.resolve(false);
    this.#inWork++;
    const dealing = this.#work
      .then(() => this.#dealSealed(sealed, undefined, onLoop))
      .catch(() => {
        this.#deps.onBoxedRefused(); // A full disk.
        return false;
      });
    this.#work = dealing.then(() => void this.#inWork--);
    return dealing;
  }

  /** The cursor stays. The provider gives the entry again, and what is behind it must not pass it meanwhile. */
  #goBack(): void {
    this.#taken = this.#cursor;
    this.#hasGap = true;
    this.#returns++;
  }

  async offerAgain(id: MessageId): Promise<void> {
    const message = this.#incomplete.get(toHex(id));
    if (message !== undefined && this.#offered.has(toHex(id))) await this.#offer(message);
  }

  /** Durable when it resolves, with whom a receipt may go to. */
  async consumed(id: MessageId, acknowledgeTo?: Recipient): Promise<void> {
    const offered = this.#offered.get(toHex(id));
    if (offered === undefined) return;
    await this.#deps.store.consume({ ...offered, at: this.#deps.clock.now(), acknowledgeTo });
    this.#forget(id);
  }

  /** What the store forgets is forgotten here too: sent again it is new. Not while a fragment is in work, measured by what was here. */
  prune(before: Milliseconds): Promise<void> {
    const pruning = this.#work.then(async () => {
      for (const id of await this.#deps.store.prune(before)) this.#forget(id);
    });
    this.#work = pruning.catch(() => undefined);
    return pruning;
  }

  #forget(id: MessageId): void {
    this.#offered.delete(toHex(id));
    this.#incomplete.delete(toHex(id));
  }

  /** Waits for what is in work. */
  async stop(): Promise<void> {
    this.#retries.stop();
    await this.idle();
  }

  /** Resolves when every entry taken until now is dealt with. */
  async idle(): Promise<void> {
    await this.#work;
  }

  async #deal(entry: MailboxEntry): Promise<unknown> {
    if (entry.kind === "reply") {
      await this.#deps.quiet.run(() => this.#deps.onReply(entry.surbId, entry.body));
      return this.#pass(entry.cursor);
    }
    if (entry.kind === "notice") {
      // The ratchet would step past keys of now for those of a wrong time, and does not go back.
      if (!this.#deps.isClockGood()) return this.#goBack();
      await this.#deps.onNotice(entry.body);
      return this.#pass(entry.cursor);
    }
    return this.#dealSealed(entry.body, entry.cursor, this.#deps.onLoop);
  }

  /** False when it has to come again. Without a cursor it comes from a box: nobody seals announcements to one. */
  async #dealSealed(sealed: Uint8Array, cursor: number | undefined, onLoop: (id: MessageId) => void): Promise<boolean> {
    await this.#deps.makeReady();
    const fragment = await this.#deps.quiet.run(() => this.#open(sealed));
    switch (fragment?.kind) {
      case undefined:
        return this.#passUnopened(cursor);
      case "loop":
        onLoop(fragment.messageId);
        return this.#pass(cursor);
      case "box":
        // By a clock that is behind it would seem to last too long.
        if (cursor !== undefined && !this.#deps.isClockGood()) return this.#passUnopened(cursor);
        if (cursor !== undefined) await this.#deps.onBox(wholeBody(this.#joining, fragment) ?? new Uint8Array(0));
        return this.#pass(cursor);
      case "receipt": {
        const receipt = wholeReceipt(this.#joining, fragment);
        for (const one of receipt?.entries ?? []) await this.#deps.onReceipt(one, receipt?.place);
        return this.#pass(cursor);
      }
      case "message":
        return this.#accept(cursor, fragment);
    }
  }

  async #accept(cursor: number | undefined, fragment: Fragment): Promise<boolean> {
    const seen = await this.#deps.store.seen(fragment.messageId);
    if (seen !== undefined) {
      await this.#deps.onSeenAgain(seen);
      return this.#pass(cursor);
    }
    const message = this.#messageOf(fragment);
    // Padding fragments have done their work when they arrive; a contradiction of what is here is nobody's fragment.
    if (message === undefined || fragment.data.length === 0 || message.indexes.has(fragment.index)) {
      return this.#pass(cursor);
    }
    const { messageId: id, index, total, messageBytes, data } = fragment;
    await this.#makeRoom(data.length, message);
    await this.#deps.store.acceptEntry({
      cursor: cursor ?? this.#cursor,
      fragment: { id, index, total, messageBytes, data, at: this.#deps.clock.now() },
    });
    if (cursor !== undefined) this.#cursor = cursor;
    message.indexes.add(index);
    message.bytes += data.length;
    this.#incomplete.delete(toHex(id));
    this.#incomplete.set(toHex(id), message);
    this.#deps.onFragment({ messageId: id, index });
    await this.#offer(message);
    return true;
  }

  /** Not sealed to us, or tampered with: nobody is told. With a wrong clock it may be of another time's key, and waits. */
  async #passUnopened(cursor: number | undefined): Promise<boolean> {
    if (this.#deps.isClockGood()) return this.#pass(cursor);
    if (cursor !== undefined) this.#goBack();
    return false;
  }

  async #pass(cursor: number | undefined): Promise<boolean> {
    if (cursor === undefined) return true;
    await this.#deps.store.acceptEntry({ cursor });
    this.#cursor = cursor;
    return true;
  }

  #open(sealed: Uint8Array): Fragment | undefined {
    const plaintext = this.#deps.openSealed(sealed);
    if (plaintext === undefined) return undefined;
    try {
      return decodeFragment(this.#deps.geometry, plaintext);
    } catch {
      return undefined;
    }
  }

  /** The incomplete message that the fragment belongs to, or a new one; undefined when it breaks the rules. */
  #messageOf(fragment: Fragment): Incomplete | undefined {
    const { messageId: id, total, messageBytes } = fragment;
    const known = this.#incomplete.get(toHex(id));
    if (known !== undefined) return known.total === total && known.messageBytes === messageBytes ? known : undefined;
    const { geometry, parameters } = this.#deps;
    if (messageBytes > PLACE_BYTES + parameters.messageBytesMax) return undefined;
    const count = fragmentCount({ geometry, step: parameters.fragmentStep, messageBytes });
    if (count.total !== total) return undefined;
    return { id, total, messageBytes, needed: count.needed, indexes: new Set(), bytes: 0 };
  }

  /**
   * Incomplete messages of a stranger must not fill the disk: the one that has waited longest for a fragment goes. A message that
   * still comes is therefore never the one, however slowly, unless all the rest arrives many times as fast. Whole ones are the program's,
   * do not count and stay: else as many as nobody takes would throw out every other that is still coming.
   */
  async #makeRoom(bytes: number, except: Incomplete): Promise<void> {
    const { parameters, geometry } = this.#deps;
    const most = INCOMPLETE_MESSAGES_FACTOR * parameters.messageBytesMax;
    // Each as one whole fragment at least: a last fragment of one byte costs its row and its place in memory too.
    const sizeOf = (message: Incomplete): number => Math.max(message.bytes, fragmentDataBytes(geometry));
    const waiting = [...this.#incomplete].filter(([, { indexes, needed }]) => indexes.size < needed);
    let total = waiting.reduce((sum, [, message]) => sum + sizeOf(message), bytes);
    for (const [, message] of waiting) {
      if (total <= most) return;
      if (message === except) continue;
      await this.#deps.store.discardIncoming(message.id);
      this.#forget(message.id);
      total -= sizeOf(message);
    }
  }

  /** The entry that made it whole is behind the cursor and does not come again: what fails here is tried again. */
  async #offer(message: Incomplete, wait?: Milliseconds): Promise<void> {
    const key = toHex(message.id);
    try {
      await this.#offerIfComplete(message);
    } catch {
      this.#retries.later(key, wait, (next) => {
        // Forgotten meanwhile, and perhaps come anew.
        const known = this.#incomplete.get(key);
        if (known !== undefined) this.#work = this.#work.then(() => this.#offer(known, next));
      });
    }
  }

  async #offerIfComplete(message: Incomplete): Promise<void> {
    if (message.indexes.size < message.needed) return;
    const whole = await wholeMessage(this.#deps, message);
    if (whole === undefined) {
      await this.#deps.store.discardIncoming(message.id);
      this.#forget(message.id);
      return;
    }
    const { body, ...offered } = whole;
    this.#offered.set(toHex(message.id), { id: message.id, ...offered });
    this.#deps.onMessage({ messageId: message.id, body, receivedAt: this.#deps.clock.now() });
  }

  get #joining(): ReassemblyDeps {
    const { suite, geometry, parameters } = this.#deps;
    const { fragmentStep: step, messageBytesMax } = parameters;
    return { suite, geometry, step, messageBytesMax };
  }

  #fromStore(summary: IncomingSummary): Incomplete {
    const { id, total, messageBytes, indexes, bytes } = summary;
    const step = this.#deps.parameters.fragmentStep;
    const { needed } = fragmentCount({ geometry: this.#deps.geometry, step, messageBytes });
    return { id, total, messageBytes, needed, indexes: new Set(indexes), bytes };
  }
}
