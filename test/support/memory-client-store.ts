/** What a client keeps, in memory: it outlives the client object as a file outlives a process. Copies what goes in and out. */

import { toHex } from "#transport/core/bytes.ts";
import type { MessageId, Milliseconds } from "#transport/core/units.ts";
import { endOf } from "#transport/client/message-end.ts";
import type {
  ClientStore,
  IncomingFragment,
  IncomingSummary,
  LearntPlace,
  MailboxRatchet,
  OutgoingFragment,
  OutgoingMessage,
  OutgoingProgress,
  OwedReceipt,
  ProgressAnew,
  Recipient,
  SeenMessage,
  StoredAccount,
  StoredMailboxKey,
} from "#transport/client/store.ts";

interface Kept {
  message: OutgoingMessage;
  data: readonly Uint8Array[];
}

export class MemoryClientStore implements ClientStore {
  #account: StoredAccount | undefined;
  #consensuses: { epoch: number; bytes: Uint8Array }[] = [];
  #keys: StoredMailboxKey[] = [];
  #tokens: Uint8Array | undefined;
  #boxes: Uint8Array | undefined;
  #ratchet: MailboxRatchet | undefined;
  readonly #outgoing = new Map<string, Kept>();
  readonly #incoming = new Map<string, IncomingFragment[]>();
  readonly #seen = new Map<string, SeenMessage>();
  readonly #places = new Map<string, LearntPlace>();
  readonly #owed = new Map<string, OwedReceipt>();
  #cursor = 0;
  /** While set, every write is refused with it, as on a full disk. */
  refusal: Error | undefined;
  /** While set, what came in cannot be read back. */
  damage: Error | undefined;

  async account(): Promise<StoredAccount | undefined> {
    return copy(this.#account);
  }

  async saveAccount(account: StoredAccount): Promise<void> {
    this.#write();
    this.#account = copy(account);
  }

  /** Of the newest list. */
  get listEpoch(): number | undefined {
    return this.#consensuses[0]?.epoch;
  }

  async consensuses(): Promise<readonly Uint8Array[]> {
    return this.#consensuses.map(({ bytes }) => bytes.slice());
  }

  async addConsensus(o: { epoch: number; bytes: Uint8Array; keep: number }): Promise<void> {
    this.#write();
    const others = this.#consensuses.filter(({ epoch }) => epoch !== o.epoch);
    const all = [...others, { epoch: o.epoch, bytes: o.bytes.slice() }];
    this.#consensuses = all.toSorted((a, b) => b.epoch - a.epoch).slice(0, o.keep);
  }

  async mailboxKeys(): Promise<readonly StoredMailboxKey[]> {
    return copy(this.#keys);
  }

  async addMailboxKey(key: StoredMailboxKey): Promise<void> {
    this.#write();
    const others = this.#keys.filter(({ validFrom }) => validFrom !== key.validFrom);
    this.#keys = [...others, copy(key)].toSorted((a, b) => b.validFrom - a.validFrom);
  }

  async tokenStock(): Promise<Uint8Array | undefined> {
    return copy(this.#tokens);
  }

  async saveTokenStock(stock: Uint8Array): Promise<void> {
    this.#write();
    this.#tokens = copy(stock);
  }

  async boxes(): Promise<Uint8Array | undefined> {
    return copy(this.#boxes);
  }

  async saveBoxes(boxes: Uint8Array): Promise<void> {
    this.#write();
    this.#boxes = copy(boxes);
  }

  async mailboxRatchet(): Promise<MailboxRatchet | undefined> {
    return copy(this.#ratchet);
  }

  async saveMailboxRatchet(ratchet: MailboxRatchet): Promise<void> {
    this.#write();
    this.#ratchet = copy(ratchet);
  }

  async eraseMailboxKeys(now: Milliseconds): Promise<void> {
    this.#write();
    this.#keys = this.#keys.filter((key) => key.eraseAt > now);
  }

  async addOutgoing(message: OutgoingMessage, data: readonly Uint8Array[]): Promise<void> {
    this.#write();
    const key = toHex(message.id);
    if (!this.#outgoing.has(key)) this.#outgoing.set(key, copy({ message, data }));
  }

  async outgoing(): Promise<readonly OutgoingMessage[]> {
    return [...this.#outgoing.values()].map(({ message }) => copy(message));
  }

  async outgoingData(id: MessageId, index: number): Promise<Uint8Array> {
    const data = this.#outgoing.get(toHex(id))?.data[index];
    if (data === undefined) throw new Error("no such fragment");
    return data.slice();
  }

  async readdress(id: MessageId, to: Recipient, anew?: ProgressAnew): Promise<void> {
    this.#write();
    const kept = this.#outgoing.get(toHex(id));
    if (kept === undefined) return;
    kept.message = { ...kept.message, to: copy(to) };
    if (anew !== undefined) await this.saveProgress(id, anew.progress, anew.fragments);
  }

  async saveProgress(
    id: MessageId,
    progress: OutgoingProgress,
    fragments: ReadonlyMap<number, OutgoingFragment> = new Map(),
  ): Promise<void> {
    this.#write();
    const kept = this.#outgoing.get(toHex(id));
    if (kept === undefined) throw new Error("no such message");
    const all = kept.message.fragments.map((fragment, index) => copy(fragments.get(index) ?? fragment));
    kept.message = { ...kept.message, progress: copy(progress), fragments: all };
  }

  async finishOutgoing(id: MessageId, progress: OutgoingProgress): Promise<void> {
    await this.saveProgress(id, progress);
    const kept = this.#outgoing.get(toHex(id));
    if (kept !== undefined) kept.data = [];
  }

  async place(accountKey: Uint8Array): Promise<LearntPlace | undefined> {
    return copy(this.#places.get(toHex(accountKey)));
  }

  async savePlace(accountKey: Uint8Array, place: LearntPlace | undefined): Promise<void> {
    this.#write();
    if (place === undefined) this.#places.delete(toHex(accountKey));
    else this.#places.set(toHex(accountKey), copy(place));
  }

  async cursor(): Promise<number> {
    return this.#cursor;
  }

  async acceptEntry(entry: { cursor: number; fragment?: IncomingFragment }): Promise<void> {
    this.#write();
    this.#cursor = entry.cursor;
    const { fragment } = entry;
    if (fragment === undefined) return;
    const known = this.#incoming.get(toHex(fragment.id)) ?? [];
    if (!known.some(({ index }) => index === fragment.index)) known.push(copy(fragment));
    this.#incoming.delete(toHex(fragment.id));
    this.#incoming.set(toHex(fragment.id), known);
  }

  async incoming(): Promise<readonly IncomingSummary[]> {
    return [...this.#incoming.values()].map((fragments) => {
      const { id, total, messageBytes, at } = fragments[0] as IncomingFragment;
      const bytes = fragments.reduce((sum, { data }) => sum + data.length, 0);
      return { id, total, messageBytes, indexes: fragments.map(({ index }) => index), bytes, firstAt: at };
    });
  }

  async incomingFragment(id: MessageId, index: number): Promise<Uint8Array> {
    if (this.damage !== undefined) throw this.damage;
    const found = this.#incoming.get(toHex(id))?.find((fragment) => fragment.index === index);
    if (found === undefined) throw new Error("no such fragment");
    return found.data.slice();
  }

  async consume(seen: SeenMessage): Promise<void> {
    this.#write();
    this.#incoming.delete(toHex(seen.id));
    this.#seen.set(toHex(seen.id), copy(seen));
  }

  async discardIncoming(id: MessageId): Promise<void> {
    this.#write();
    this.#incoming.delete(toHex(id));
  }

  async seen(id: MessageId): Promise<SeenMessage | undefined> {
    return copy(this.#seen.get(toHex(id)));
  }

  async oweReceipt(receipt: OwedReceipt): Promise<void> {
    this.#write();
    const seen = this.#seen.get(toHex(receipt.id));
    if (seen === undefined) return;
    this.#seen.set(toHex(receipt.id), { ...seen, acknowledgeTo: copy(receipt.to) });
    this.#owed.set(toHex(receipt.id), copy(receipt));
  }

  async owedReceipts(): Promise<readonly OwedReceipt[]> {
    return copy([...this.#owed.values()]);
  }

  async settleReceipts(ids: readonly MessageId[]): Promise<void> {
    this.#write();
    for (const id of ids) this.#owed.delete(toHex(id));
  }

  async prune(before: Milliseconds): Promise<readonly MessageId[]> {
    this.#write();
    for (const [id, { message }] of this.#outgoing) {
      const end = endOf(message);
      if (end !== undefined && end < before) this.#outgoing.delete(id);
    }
    for (const [id, { at }] of this.#seen) if (at < before) this.#seen.delete(id);
    for (const [id, { dueAt }] of this.#owed) if (dueAt < before) this.#owed.delete(id);
    for (const [key, { until }] of this.#places) if (until < before) this.#places.delete(key);
    const over = [...this.#incoming].filter(([, fragments]) => fragments.every(({ at }) => at < before));
    for (const [id] of over) this.#incoming.delete(id);
    return over.map(([, [first]]) => (first as IncomingFragment).id);
  }

  #write(): void {
    if (this.refusal !== undefined) throw this.refusal;
  }
}

const copy = <T>(value: T): T => structuredClone(value);
