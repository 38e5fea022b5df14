/**
 * What a client keeps, over any Records: small values in memory and on the records, fragments on the records alone.
 * Spec: docs/spec/01-message.md §6
 */

import { toHex } from "../core/bytes.ts";
import type { MessageId, Milliseconds } from "../core/units.ts";
import type {
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
} from "../client/store.ts";
import { endOf } from "../client/message-end.ts";
import type { Records } from "./records.ts";
import type { Identity, Store } from "./store.ts";
import {
  type Changes,
  complete,
  type Head,
  incomingName,
  isBulk,
  type KnownPlace,
  outgoingName,
  placeName,
  progressed,
  put,
  type Row,
  summaryOf,
} from "./record-forms.ts";
import { decodeValue, encodeValue } from "./values.ts";

export class RecordsStore implements Store {
  readonly #records: Records;
  /** Small values by name, encoded: what is handed out is always a copy. */
  readonly #values = new Map<string, Uint8Array>();
  #turn: Promise<unknown> = Promise.resolve();
  #order = 0;

  static async open(records: Records): Promise<RecordsStore> {
    const store = new RecordsStore(records);
    const loaded = await records.load(isBulk).catch(async (error: unknown) => {
      await records.close();
      throw error;
    });
    for (const [name, value] of loaded) if (value !== undefined && !isBulk(name)) store.#values.set(name, value);
    const orders = [
      ...store.#all<Row>("out/").map(({ order }) => order),
      ...store.#all<Head>("in/").map(({ newest }) => newest),
    ];
    store.#order = Math.max(0, ...orders) + 1;
    return store;
  }

  private constructor(records: Records) {
    this.#records = records;
  }

  async identity(): Promise<Identity | undefined> {
    return this.#get("identity") as Identity | undefined;
  }

  async saveIdentity(identity: Identity): Promise<void> {
    await this.#write(() => put("identity", identity));
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#records.close();
  }

  async account(): Promise<StoredAccount | undefined> {
    return this.#get("account") as StoredAccount | undefined;
  }

  async saveAccount(account: StoredAccount): Promise<void> {
    await this.#write(() => put("account", account));
  }

  async consensuses(): Promise<readonly Uint8Array[]> {
    return this.#consensuses().map(({ bytes }) => bytes);
  }

  async addConsensus(o: { epoch: number; bytes: Uint8Array; keep: number }): Promise<void> {
    await this.#write(() => {
      const { epoch, bytes } = o;
      const others = this.#consensuses().filter((other) => other.epoch !== epoch);
      const all = [...others, { epoch, bytes }].toSorted((a, b) => b.epoch - a.epoch);
      const changes = put(`consensus/${epoch}`, { epoch, bytes });
      for (const old of all.slice(o.keep)) changes.set(`consensus/${old.epoch}`, undefined);
      return changes;
    });
  }

  async mailboxKeys(): Promise<readonly StoredMailboxKey[]> {
    return this.#all<StoredMailboxKey>("key/").toSorted((a, b) => b.validFrom - a.validFrom);
  }

  async addMailboxKey(key: StoredMailboxKey): Promise<void> {
    await this.#write(() => put(`key/${key.validFrom}`, key));
  }

  async tokenStock(): Promise<Uint8Array | undefined> {
    return (this.#get("tokens") as { stock: Uint8Array } | undefined)?.stock;
  }

  async saveTokenStock(stock: Uint8Array): Promise<void> {
    await this.#write(() => put("tokens", { stock }));
  }

  async boxes(): Promise<Uint8Array | undefined> {
    return (this.#get("boxes") as { boxes: Uint8Array } | undefined)?.boxes;
  }

  async saveBoxes(boxes: Uint8Array): Promise<void> {
    await this.#write(() => put("boxes", { boxes }));
  }

  async mailboxRatchet(): Promise<MailboxRatchet | undefined> {
    return this.#get("ratchet") as MailboxRatchet | undefined;
  }

  async saveMailboxRatchet(ratchet: MailboxRatchet): Promise<void> {
    await this.#write(() => put("ratchet", ratchet));
  }

  async eraseMailboxKeys(now: Milliseconds): Promise<void> {
    await this.#write(() => {
      const over = this.#all<StoredMailboxKey>("key/").filter(({ eraseAt }) => eraseAt <= now);
      return new Map(over.map(({ validFrom }) => [`key/${validFrom}`, undefined]));
    });
  }

  async addOutgoing(message: OutgoingMessage, data: readonly Uint8Array[]): Promise<void> {
    await this.#write(() => {
      const id = toHex(message.id);
      if (this.#values.has(`out/${id}`)) return new Map();
      const changes = put(`out/${id}`, { message, order: this.#order++, data: data.length } satisfies Row);
      data.forEach((bytes, index) => changes.set(outgoingName(id, index), bytes));
      return changes;
    });
  }

  async outgoing(): Promise<readonly OutgoingMessage[]> {
    return this.#all<Row>("out/")
      .toSorted((a, b) => a.order - b.order)
      .map(({ message }) => complete(message));
  }

  outgoingData(id: MessageId, index: number): Promise<Uint8Array> {
    return this.#records.read(outgoingName(toHex(id), index));
  }

  async readdress(id: MessageId, to: Recipient, anew?: ProgressAnew): Promise<void> {
    await this.#write(() => {
      const row = this.#get(`out/${toHex(id)}`) as Row | undefined;
      if (row === undefined) return new Map();
      const { progress, fragments } = { ...row.message, ...(anew && progressed(row.message, anew)) };
      return put(`out/${toHex(id)}`, { ...row, message: { ...row.message, to, progress, fragments } });
    });
  }

  async saveProgress(
    id: MessageId,
    progress: OutgoingProgress,
    fragments: ReadonlyMap<number, OutgoingFragment> = new Map(),
  ): Promise<void> {
    await this.#write(() => this.#progressed(toHex(id), progress, fragments));
  }

  async finishOutgoing(id: MessageId, progress: OutgoingProgress): Promise<void> {
    await this.#write(() => {
      const changes = this.#progressed(toHex(id), progress, new Map());
      const row = this.#get(`out/${toHex(id)}`) as Row | undefined as Row;
      for (let index = 0; index < row.data; index++) changes.set(outgoingName(toHex(id), index), undefined);
      return changes;
    });
  }

  async place(accountKey: Uint8Array): Promise<LearntPlace | undefined> {
    return (this.#get(placeName(accountKey)) as KnownPlace | undefined)?.place;
  }

  async savePlace(accountKey: Uint8Array, place: LearntPlace | undefined): Promise<void> {
    await this.#write(() =>
      place === undefined
        ? new Map([[placeName(accountKey), undefined]])
        : put(placeName(accountKey), { accountKey, place } satisfies KnownPlace),
    );
  }

  async cursor(): Promise<number> {
    return (this.#get("cursor") as number | undefined) ?? 0;
  }

  async acceptEntry(entry: { cursor: number; fragment?: IncomingFragment }): Promise<void> {
    await this.#write(() => {
      const changes = put("cursor", entry.cursor);
      const { fragment } = entry;
      if (fragment === undefined) return changes;
      const id = toHex(fragment.id);
      const { total, messageBytes, index, data, at } = fragment;
      const head = (this.#get(`in/${id}`) as Head | undefined) ?? {
        id: fragment.id,
        total,
        messageBytes,
        indexes: [],
        bytes: 0,
        firstAt: at,
        newest: 0,
        lastAt: at,
      };
      if (!head.indexes.includes(index)) {
        head.indexes.push(index);
        head.bytes += data.length;
        changes.set(incomingName(id, index), data);
      }
      changes.set(`in/${id}`, encodeValue({ ...head, newest: this.#order++, lastAt: at }));
      return changes;
    });
  }

  async incoming(): Promise<readonly IncomingSummary[]> {
    return this.#all<Head>("in/")
      .toSorted((a, b) => a.newest - b.newest)
      .map(summaryOf);
  }

  incomingFragment(id: MessageId, index: number): Promise<Uint8Array> {
    return this.#records.read(incomingName(toHex(id), index));
  }

  async consume(seen: SeenMessage): Promise<void> {
    await this.#write(() => {
      const changes = this.#withoutIncoming(toHex(seen.id));
      changes.set(`seen/${toHex(seen.id)}`, encodeValue(seen));
      return changes;
    });
  }

  async discardIncoming(id: MessageId): Promise<void> {
    await this.#write(() => this.#withoutIncoming(toHex(id)));
  }

  async seen(id: MessageId): Promise<SeenMessage | undefined> {
    const seen = this.#get(`seen/${toHex(id)}`) as SeenMessage | undefined;
    return seen && { ...seen, acknowledgeTo: seen.acknowledgeTo };
  }

  async oweReceipt(receipt: OwedReceipt): Promise<void> {
    await this.#write(() => {
      const id = toHex(receipt.id);
      const seen = this.#get(`seen/${id}`) as SeenMessage | undefined;
      if (seen === undefined) return new Map();
      const changes = put(`seen/${id}`, { ...seen, acknowledgeTo: receipt.to });
      changes.set(`owed/${id}`, encodeValue(receipt));
      return changes;
    });
  }

  async owedReceipts(): Promise<readonly OwedReceipt[]> {
    return this.#all<OwedReceipt>("owed/");
  }

  async settleReceipts(ids: readonly MessageId[]): Promise<void> {
    await this.#write(() => new Map(ids.map((id) => [`owed/${toHex(id)}`, undefined])));
  }

  async prune(before: Milliseconds): Promise<readonly MessageId[]> {
    const forgotten: MessageId[] = [];
    await this.#write(() => {
      const changes: Changes = new Map();
      for (const { message, data } of this.#all<Row>("out/")) {
        const end = endOf(message);
        if (end === undefined || end >= before) continue;
        changes.set(`out/${toHex(message.id)}`, undefined);
        for (let index = 0; index < data; index++) changes.set(outgoingName(toHex(message.id), index), undefined);
      }
      for (const { id, at } of this.#all<SeenMessage>("seen/"))
        if (at < before) changes.set(`seen/${toHex(id)}`, undefined);
      for (const { id, dueAt } of this.#all<OwedReceipt>("owed/"))
        if (dueAt < before) changes.set(`owed/${toHex(id)}`, undefined);
      for (const { accountKey, place } of this.#all<KnownPlace>("place/"))
        if (place.until < before) changes.set(placeName(accountKey), undefined);
      for (const { id, lastAt } of this.#all<Head>("in/")) {
        if (lastAt >= before) continue;
        for (const [name, value] of this.#withoutIncoming(toHex(id))) changes.set(name, value);
        forgotten.push(id);
      }
      return changes;
    });
    return forgotten;
  }

  #consensuses(): { epoch: number; bytes: Uint8Array }[] {
    return this.#all<{ epoch: number; bytes: Uint8Array }>("consensus/").toSorted((a, b) => b.epoch - a.epoch);
  }

  #progressed(id: string, progress: OutgoingProgress, fragments: ReadonlyMap<number, OutgoingFragment>): Changes {
    const row = this.#get(`out/${id}`) as Row | undefined;
    if (row === undefined) throw new Error("no such message");
    return put(`out/${id}`, {
      ...row,
      message: { ...row.message, ...progressed(row.message, { progress, fragments }) },
    });
  }

  #withoutIncoming(id: string): Changes {
    const indexes = (this.#get(`in/${id}`) as Head | undefined)?.indexes ?? [];
    const changes: Changes = new Map([[`in/${id}`, undefined]]);
    for (const index of indexes) changes.set(incomingName(id, index), undefined);
    return changes;
  }

  #get(name: string): unknown {
    const value = this.#values.get(name);
    return value && decodeValue(value);
  }

  #all<T>(prefix: string): T[] {
    return [...this.#values].filter(([name]) => name.startsWith(prefix)).map(([, value]) => decodeValue(value) as T);
  }

  /** One after the other; what could not be written has not happened. */
  #write(changesOf: () => Changes): Promise<void> {
    const turn = this.#turn.then(async () => {
      const changes = changesOf();
      if (changes.size === 0) return;
      await this.#records.write(changes);
      for (const [name, value] of changes) {
        if (isBulk(name)) continue;
        if (value === undefined) this.#values.delete(name);
        else this.#values.set(name, value);
      }
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
