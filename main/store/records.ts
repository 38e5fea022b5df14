/** What rows say, before they are sealed. Fields that may be undefined are absent after a round trip. Spec: docs/spec/09-storage.md §4 */

import type { MailboxRecord, MessageId } from "#transport";
import type { z } from "zod";
import type { content, delivery, ErrorCode, message as messageSchema } from "../contract/contract.ts";
import type { Attachment, Person } from "../mime/mail.ts";

/** An attachment with the handle that was drawn for it. */
export interface NamedAttachment extends Attachment {
  readonly handle: string;
}

export type Content = z.infer<typeof content>;
export type Delivery = z.infer<typeof delivery>;
export type Signature = z.infer<typeof messageSchema>["signature"];

/** Everything that makes this installation the owner of its address. */
export interface AccountRecord {
  readonly address: string;
  readonly name: string;
  /** Text of the invite: where the provider is and the hash of the network. */
  readonly invite: string;
  /** The network file as fetched and verified. */
  readonly network: Uint8Array;
  /** Ed25519 seed, 32 bytes: how the provider knows this device. A secret. */
  readonly deviceSeed: Uint8Array;
  /** OpenPGP private key, binary, without passphrase: the store's seal protects it. A secret. */
  readonly privateKey: Uint8Array;
  readonly certificate: Uint8Array;
  /** Signing up has succeeded. */
  readonly signedUp: boolean;
  /** What this device is called, and since when it is one of the account, in milliseconds. */
  readonly device?: { readonly name: string; readonly since: number } | undefined;
}

/** What the program needs of it at hand; the private key is fetched by who uses it. */
export type OpenAccount = Omit<AccountRecord, "privateKey">;

/** What is known of one person. */
export interface ContactRecord {
  readonly address: string;
  readonly name: string;
  /** What was seen first, or accepted by the user since. Undefined: never looked up with success. */
  readonly pinned?: { readonly accountKey: Uint8Array; readonly fingerprint: string } | undefined;
  readonly verified: boolean;
  /** The newest record with the pinned keys. */
  readonly record?: MailboxRecord | undefined;
  /** A record with other keys, until the user accepts it. */
  readonly changed?: MailboxRecord | undefined;
  /** We wrote to this person, or opened mail from them: receipts may go there. */
  readonly accepted: boolean;
  /** When a look-up last answered, and whether there was such a reader. */
  readonly checkedAt: number;
  readonly exists: boolean;
}

export interface MessageRecord {
  readonly id: string;
  readonly conversationId: string;
  readonly direction: "in" | "out";
  readonly from: Person;
  readonly to: readonly Person[];
  readonly subject: string;
  readonly at: number;
  readonly text: string;
  readonly hasHtml: boolean;
  readonly content: Content;
  readonly signature: Signature;
  readonly messageId: string;
  readonly references: readonly string[];
  /** Inbound: the transport's id, for the receipt; whether one is still to be asked for. */
  readonly transportId?: MessageId | undefined;
  readonly receipt?: "none" | "waiting" | "asked" | undefined;
}

export interface ConversationRecord {
  readonly id: string;
  readonly people: readonly Person[];
  readonly subject: string;
}

export interface AttachmentRecord {
  readonly handle: string;
  readonly name: string;
  readonly type: string;
  readonly bytes: number;
}

export interface DraftRecord {
  readonly id: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html?: string | undefined;
  readonly inReplyTo?: string | undefined;
  readonly savedAt: number;
}

/** The way of one message to one reader. Times as in the contract's journey. */
export interface DeliveryRecord {
  readonly address: string;
  /** Drawn with the departure, so that handing the mail over twice is handing it over once. */
  readonly transportId: MessageId;
  /** The transport has it. */
  readonly handedOver: boolean;
  readonly delivery: Delivery;
  readonly fragments: number;
  readonly fragmentsSent: number;
  readonly queuedAt: number;
  readonly firstSentAt?: number | undefined;
  readonly lastSentAt?: number | undefined;
  readonly storedAt?: number | undefined;
  readonly deliveredAt?: number | undefined;
  readonly expectedAt: number;
  readonly errorCode?: ErrorCode | undefined;
}

/** A mail that arrived, ready to be stored in one transaction. */
export interface Arrival {
  readonly message: Omit<MessageRecord, "conversationId">;
  readonly html: string | undefined;
  readonly attachments: readonly NamedAttachment[];
  /** Message ids of the mails that it answers, newest last. */
  readonly references: readonly string[];
  /** Fingerprint of the signer: with the Message-ID it names the mail for good. */
  readonly signedBy: string | undefined;
  /** The mail as it came, kept while its signature could not be judged. */
  readonly source: Uint8Array | undefined;
}

/** A mail of ours and its sealed forms, one for each reader. */
export interface Departure {
  readonly message: Omit<MessageRecord, "conversationId">;
  readonly html: string | undefined;
  readonly draftId: string;
  readonly references: readonly string[];
  readonly bodies: readonly SealedBody[];
}

export interface SealedBody {
  readonly address: string;
  readonly transportId: MessageId;
  readonly body: Uint8Array;
  readonly expectedAt: number;
}

/** A sealed mail that the transport has not taken yet, without its bytes. */
export interface Unsent {
  readonly message: string;
  readonly position: number;
  readonly address: string;
  readonly transportId: MessageId;
}

/** A message that still wants something, without its text. */
export type Unsettled = Pick<
  MessageRecord,
  "id" | "conversationId" | "from" | "at" | "signature" | "transportId" | "receipt"
> & { readonly hasSource: boolean };

export interface ThreadMessage {
  readonly message: MessageRecord;
  readonly unread: boolean;
  readonly attachments: readonly AttachmentRecord[];
  readonly deliveries: readonly DeliveryRecord[];
}

export interface ConversationSummary {
  readonly conversation: ConversationRecord;
  /** Its text is cut: a list shows the first line. */
  readonly newest: MessageRecord;
  readonly unread: boolean;
  readonly messages: number;
  readonly hasAttachments: boolean;
  /** States of the newest message of ours, one for each reader; empty when there is none. */
  readonly deliveries: readonly Delivery[];
}
