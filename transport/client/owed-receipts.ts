/** The receipts that are owed, by whom they are owed to: a slot asks about each reader, not about each receipt. */

import { toHex } from "../core/bytes.ts";
import type { MessageId } from "../core/units.ts";
import type { OwedReceipt, Recipient } from "./store.ts";

/** One reader at one of the places where it wants to be written to. */
interface Reader {
  /** By hexadecimal message id, in the order in which they came to be owed. */
  readonly receipts: Map<string, OwedReceipt>;
  /** With the newest key of all that was said of it while something was owed to it. */
  newest: Recipient;
}

export class OwedReceipts {
  /** By what names reader and place (`nameOf`). */
  readonly #readers = new Map<string, Reader>();
  /** Their names, by hexadecimal message id. */
  readonly #names = new Map<string, string>();

  has(id: MessageId): boolean {
    return this.#names.has(toHex(id));
  }

  /** Also in place of one with the same id. */
  set(receipt: OwedReceipt): void {
    const [id, name] = [toHex(receipt.id), nameOf(receipt.to)];
    const reader = this.#readers.get(name) ?? { receipts: new Map<string, OwedReceipt>(), newest: receipt.to };
    if (receipt.to.validUntil > reader.newest.validUntil) reader.newest = receipt.to;
    reader.receipts.set(id, receipt);
    this.#readers.set(name, reader);
    this.#names.set(id, name);
  }

  delete(id: MessageId): void {
    const key = toHex(id);
    const name = this.#names.get(key);
    if (name === undefined) return;
    this.#names.delete(key);
    const receipts = this.#readers.get(name)?.receipts;
    receipts?.delete(key);
    if (receipts?.size === 0) this.#readers.delete(name);
  }

  /** The reader with its newest key; undefined when nothing is owed to it. */
  reader(name: string): Recipient | undefined {
    return this.#readers.get(name)?.newest;
  }

  /** The first `count` that are owed to one reader. */
  first(name: string, count: number): OwedReceipt[] {
    const result: OwedReceipt[] = [];
    for (const receipt of this.#readers.get(name)?.receipts.values() ?? []) {
      if (result.length === count) break;
      result.push(receipt);
    }
    return result;
  }

  /** All, with the names of whom they go to. */
  *all(): Iterable<{ name: string; receipt: OwedReceipt }> {
    for (const [name, { receipts }] of this.#readers) {
      for (const receipt of receipts.values()) yield { name, receipt };
    }
  }
}

/** What lies in one box may be sealed to several readers, as far as a message says: only what goes to one leaves together. */
const nameOf = ({ mailboxId, place }: Recipient): string =>
  place === undefined ? toHex(mailboxId) : `${toHex(mailboxId)}/${toHex(place.providerId)}/${toHex(place.boxId)}`;
