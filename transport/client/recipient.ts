/** What the transport keeps of the reader's record, and where that is written to. Spec: docs/spec/01-message.md, 17-boxes.md §4 */

import type { Place } from "../box/place.ts";
import { equalBytes } from "../core/bytes.ts";
import type { MailboxId, NodeId } from "../core/units.ts";
import type { MailboxRecord } from "../directory/mailbox-record.ts";
import type { Recipient } from "./store.ts";

export function recipientOf(record: MailboxRecord): Recipient {
  const { address, accountKey, providerId, mailboxId, mailboxKey, validUntil } = record;
  return { address, accountKey, providerId, mailboxId, mailboxKey, validUntil };
}

export type WrittenWhere = Pick<Recipient, "place" | "providerId" | "mailboxId">;

/** Whom fragments are given to, and under which name they lie there: a box, or the mailbox of the record. */
export function destinationOf({ place, providerId, mailboxId }: WrittenWhere): {
  provider: NodeId;
  recipient: MailboxId;
} {
  if (place === undefined) return { provider: providerId, recipient: mailboxId };
  return { provider: place.providerId, recipient: place.boxId };
}

export function isSamePlace(a: Place, b: Place): boolean {
  return equalBytes(a.providerId, b.providerId) && equalBytes(a.boxId, b.boxId) && a.until === b.until;
}
