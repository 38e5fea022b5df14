/** What the transport keeps of the reader's record. Spec: docs/spec/01-message.md */

import type { MailboxRecord } from "../directory/mailbox-record.ts";
import type { Recipient } from "./store.ts";

export function recipientOf(record: MailboxRecord): Recipient {
  const { address, accountKey, providerId, mailboxId, mailboxKey, validUntil } = record;
  return { address, accountKey, providerId, mailboxId, mailboxKey, validUntil };
}
