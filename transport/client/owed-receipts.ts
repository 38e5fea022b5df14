/** The receipts that are owed, by whom they are owed to: a slot asks about each reader, not about each receipt. */

import { toHex } from "../core/bytes.ts";
import type { MessageId } from "../core/units.ts";
import type { OwedReceipt, Recipient } from "./store.ts";

interface Reader {
  /** By hexadecimal message id, in the order in which they came to be owed. */
  readonly receipts: Map<string, OwedReceipt>;
  /** With the newest key of all that was said of it while something was owed to it. */
  newest: Recipient;
}

export class OwedReceipts {
  /** By hexadecimal mailbox id. */
  readonly #readers = new Map<string, Reader>();
  /** Hexadecimal mailbox ids, by hexadecimal message id. */
  readonly #mailboxes = new Map<string, string>();

  has(id: MessageId): boolean {
    return this.#mailboxes.has(toHex(id));
  }

  /** Also in place of one with the same id. */
  set(receipt: OwedReceipt): void {
    const [id, mailbox] = [toHex(receipt.id), toHex(receipt.to.mailboxId)];
    const reader = this.#readers.get(mailbox) ?? { receipts: new Map<string, OwedReceipt>(), newest: receipt.to };
    if (receipt.to.validUntil > reader.newest.validUntil) reader.newest = receipt.to;
    reader.receipts.set(id, receipt);
    this.#readers.set(mailbox, reader);
    this.#mailboxes.set(id, mailbox);
  }

  delete(id: MessageId): void {
    const key = toHex(id);
    const mailbox = this.#mailboxes.get(key);
    if (mailbox === undefined) return;
    this.#mailboxes.delete(key);
    const receipts = this.#readers.get(mailbox)?.receipts;
    receipts?.delete(key);
    if (receipts?.size === 0) this.#readers.delete(mailbox);
  }

  /** The reader with its newest key; undefined when nothing is owed to it. */
  reader(mailbox: string): Recipient | undefined {
    return this.#readers.get(mailbox)?.newest;
  }

  /** The first `count` that are owed to one reader. */
  first(mailbox: string, count: number): OwedReceipt[] {
    const result: OwedReceipt[] = [];
    for (const receipt of this.#readers.get(mailbox)?.receipts.values() ?? []) {
      if (result.length === count) break;
      result.push(receipt);
    }
    return result;
  }

  /** All, with the mailboxes that they go to. */
  *all(): Iterable<{ mailbox: string; receipt: OwedReceipt }> {
    for (const [mailbox, { receipts }] of this.#readers) {
      for (const receipt of receipts.values()) yield { mailbox, receipt };
    }
  }
}
