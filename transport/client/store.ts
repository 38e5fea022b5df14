/**
 * What a client keeps on disk. The transport defines it and the program that uses the transport implements it.
 * Spec: docs/spec/01-message.md §6
 *
 * Every method is one transaction and durable before its promise resolves; a method that rejects has changed nothing.
 * Calls arrive one after the other: the client awaits each before the next that depends on it, but an implementation must
 * serialise calls that overlap.
 *
 * Exactly once: a sender repeats a fragment until it knows better, and a reader drops what it has. A fragment counts as
 * fetched only together with the cursor (`acceptEntry`), a message as read only together with the note that it was seen
 * (`consume`). Between the two, a complete message is offered again after every start; whoever takes it must therefore
 * store it under its message id, so that taking it twice is taking it once.
 */

import type { Place } from "../box/place.ts";
import type { Milliseconds, MailboxId, MessageId, NodeId } from "../core/units.ts";
import type { ProfileName } from "../core/parameters.ts";
import type { Guard } from "../directory/guards.ts";

export interface ClientStore {
  /** The small state, or undefined before the first `saveAccount`. */
  account(): Promise<StoredAccount | undefined>;
  saveAccount(account: StoredAccount): Promise<void>;

  /** Newest first; at most CONSENSUSES_KEPT. */
  consensuses(): Promise<readonly Uint8Array[]>;
  /** Adds one and forgets all but the `keep` newest by epoch. */
  addConsensus(consensus: { epoch: number; bytes: Uint8Array; keep: number }): Promise<void>;

  /** Mailbox key pairs, the latest `validFrom` first. Private halves are secrets: encrypted at rest. */
  mailboxKeys(): Promise<readonly StoredMailboxKey[]>;
  /** Replaces one with the same `validFrom`. */
  addMailboxKey(key: StoredMailboxKey): Promise<void>;
  /**
   * Tokens for requests, as the transport encodes them: a secret. undefined before the first save. The client wipes what it
   * gets, and what it gave once that is saved: the store keeps neither.
   */
  tokenStock(): Promise<Uint8Array | undefined>;
  saveTokenStock(stock: Uint8Array): Promise<void>;
  /**
   * The account's own boxes, as the transport encodes them: a secret, with which the store deals as with the token stock.
   * undefined before the first save.
   */
  boxes(): Promise<Uint8Array | undefined>;
  saveBoxes(boxes: Uint8Array): Promise<void>;
  /** What the coming keys are made from. A secret. */
  mailboxRatchet(): Promise<MailboxRatchet | undefined>;
  /** Replaces the one before, which must not be found again. */
  saveMailboxRatchet(ratchet: MailboxRatchet): Promise<void>;
  /** Erases private halves whose `eraseAt` has passed. */
  eraseMailboxKeys(now: Milliseconds): Promise<void>;

  // --- sending ---

  /**
   * A new message with the data of all its fragments that carry any (padding fragments carry none and are not stored).
   * Does nothing for an id it has. The implementation may keep the bytes: the caller has no more use for them.
   */
  addOutgoing(message: OutgoingMessage, data: readonly Uint8Array[]): Promise<void>;
  /** All that are known, finished ones too until `prune`, oldest first. */
  outgoing(): Promise<readonly OutgoingMessage[]>;
  /** The data of one fragment, as given to `addOutgoing`. Rejects when the message is unknown or finished. */
  outgoingData(id: MessageId, index: number): Promise<Uint8Array>;
  /**
   * Replaces the recipient of a message: it will be sealed to another key of the same reader, or go to another place. With
   * `anew`, in the same transaction, the progress and the state of some fragments.
   */
  readdress(id: MessageId, to: Recipient, anew?: ProgressAnew): Promise<void>;
  /** Replaces the message-level progress and, where given, the state of some fragments. */
  saveProgress(
    id: MessageId,
    progress: OutgoingProgress,
    fragments?: ReadonlyMap<number, OutgoingFragment>,
  ): Promise<void>;
  /** Saves the progress and deletes the fragments' data: the message was delivered or given up. */
  finishOutgoing(id: MessageId, progress: OutgoingProgress): Promise<void>;

  /** Where the holder of this account key (32 bytes) is written to; undefined: in the mailbox of the record alone. */
  place(accountKey: Uint8Array): Promise<LearntPlace | undefined>;
  /** Replaces the one before; undefined forgets it. */
  savePlace(accountKey: Uint8Array, place: LearntPlace | undefined): Promise<void>;

  // --- receiving ---

  /** The number of the last mailbox entry that is dealt with; 0 at first. */
  cursor(): Promise<number>;
  /** Moves the cursor and, when the entry was a fragment worth keeping, adds it. A fragment already there is not added twice. */
  acceptEntry(entry: { cursor: number; fragment?: IncomingFragment }): Promise<void>;
  /**
   * What is known of incomplete messages and of complete ones that nobody consumed; the one whose newest fragment is oldest comes
   * first.
   */
  incoming(): Promise<readonly IncomingSummary[]>;
  /** The data of one fragment. Rejects when it is not there. */
  incomingFragment(id: MessageId, index: number): Promise<Uint8Array>;
  /** The message was taken: deletes its fragments and remembers that it was seen. */
  consume(seen: SeenMessage): Promise<void>;
  /** Deletes the fragments of a message that turned out to be no message. */
  discardIncoming(id: MessageId): Promise<void>;
  seen(id: MessageId): Promise<SeenMessage | undefined>;

  // --- receipts ---

  /** Notes to whom receipts for a seen message go, and that one is owed. Does nothing for an unknown message. */
  oweReceipt(receipt: OwedReceipt): Promise<void>;
  owedReceipts(): Promise<readonly OwedReceipt[]>;
  /** They were sent. */
  settleReceipts(ids: readonly MessageId[]): Promise<void>;

  /**
   * Forgets sent messages that were at their end before `before` (message-end.ts), seen ids and owed receipts that are older, places
   * that were over by then, and what came, whole or not, and was not consumed, when its newest fragment is older: gives those ids.
   */
  prune(before: Milliseconds): Promise<readonly MessageId[]>;
}

/** How many consensuses a client keeps: the one in force and its neighbours. */
export const CONSENSUSES_KEPT = 3;

export interface StoredAccount {
  /** What the provider gave at sign-up; undefined while that is under way. */
  readonly opened: { readonly address: string; readonly providerId: NodeId; readonly mailboxId: MailboxId } | undefined;
  /** Ed25519 seed, 32 bytes: signs mailbox records. A secret. */
  readonly accountKey: Uint8Array;
  /** Where replies to this device come, 32 bytes; undefined in a store of before there was one for each device. A secret. */
  readonly replyId?: Uint8Array;
  /** The OpenPGP certificate published in mailbox records. */
  readonly certificate: Uint8Array;
  readonly profile: ProfileName;
  /** A profile that was chosen and takes effect at a time (the next UTC day). */
  readonly nextProfile: { readonly profile: ProfileName; readonly from: Milliseconds } | undefined;
  /** Sticky first-layer mixes, in the order in which they were drawn. */
  readonly guards: readonly Guard[];
  /** When the mailbox record that the provider confirmed last runs out; 0 when there is none. */
  readonly recordUntil: Milliseconds;
}

export interface StoredMailboxKey {
  /** X-Wing, 1,216 bytes. */
  readonly publicKey: Uint8Array;
  /** X-Wing seed, 32 bytes. A secret. */
  readonly privateKey: Uint8Array;
  readonly validFrom: Milliseconds;
  readonly validUntil: Milliseconds;
  /** After this nothing sealed to the key can be in the mailbox any more. */
  readonly eraseAt: Milliseconds;
}

/** From which the coming mailbox keys are made, the same on every device of the account (docs/spec/01-message.md §5). */
export interface MailboxRatchet {
  /** 32 bytes: makes the key of `generation`, and the secret of the next. */
  readonly secret: Uint8Array;
  readonly generation: number;
  /** No key made from it is valid before this time. */
  readonly from: Milliseconds;
  /** 32 bytes: seals what one device tells the others. */
  readonly deviceSecret: Uint8Array;
}

/** A place that a reader told. */
export interface LearntPlace extends Place {
  /** What lay there was not read in three days: the next that is told counts, however long it lasts. */
  readonly isInDoubt?: true;
}

/** To whom a message goes: what of a mailbox record the transport needs. */
export interface Recipient {
  /** Under which a newer key is looked up; it must be signed with the same account key. */
  readonly address: string;
  /** Ed25519, 32 bytes. */
  readonly accountKey: Uint8Array;
  readonly providerId: NodeId;
  readonly mailboxId: MailboxId;
  /** X-Wing, 1,216 bytes. */
  readonly mailboxKey: Uint8Array;
  /** When the reader's record ends; its private half outlives it (docs/spec/01-message.md §5). */
  readonly validUntil: Milliseconds;
  /** Where it goes in place of the mailbox (docs/spec/17-boxes.md §4). */
  readonly place?: Place | undefined;
}

export interface OutgoingMessage {
  readonly id: MessageId;
  readonly to: Recipient;
  /** Length of the message body in bytes. */
  readonly bytes: number;
  /** What a receipt for this message must contain, 32 bytes (docs/spec/01-message.md §4). */
  readonly proof: Uint8Array;
  readonly queuedAt: Milliseconds;
  readonly progress: OutgoingProgress;
  /** One for each fragment, padding included. */
  readonly fragments: readonly OutgoingFragment[];
}

export interface OutgoingFragment {
  readonly state: "waiting" | "sent" | "stored";
  /** Not taken from the queue before this time. */
  readonly notBefore: Milliseconds;
  /** How often it left. */
  readonly attempts: number;
  /** 16 bytes each: the sealed forms of the last attempts, newest first; at most FRAGMENT_HASHES_KEPT. */
  readonly hashes: readonly Uint8Array[];
}

/** A fragment that was repeated may be stored in any of its sealed forms; four attempts at 20 % loss leave 0.2 %. */
export const FRAGMENT_HASHES_KEPT = 4;

export interface OutgoingProgress {
  readonly firstSentAt: Milliseconds | undefined;
  readonly lastSentAt: Milliseconds | undefined;
  readonly storedAt: Milliseconds | undefined;
  readonly deliveredAt: Milliseconds | undefined;
  readonly failedAt: Milliseconds | undefined;
  /** The message fails when its fragments are not stored by then. */
  readonly deadline: Milliseconds;
  /** When the reader's provider will be asked what it has; undefined while fragments still wait, or when it was asked. */
  readonly askAt: Milliseconds | undefined;
  /** When one fragment is repeated because a receipt may have been lost. */
  readonly remindAt: Milliseconds | undefined;
  readonly reminders: number;
}

export interface ProgressAnew {
  readonly progress: OutgoingProgress;
  readonly fragments: ReadonlyMap<number, OutgoingFragment>;
}

/** Of a message of which nothing has left; all of it but when it fails. */
export const NO_PROGRESS: Omit<OutgoingProgress, "deadline"> = {
  firstSentAt: undefined,
  lastSentAt: undefined,
  storedAt: undefined,
  deliveredAt: undefined,
  failedAt: undefined,
  askAt: undefined,
  remindAt: undefined,
  reminders: 0,
};

export interface IncomingFragment {
  readonly id: MessageId;
  readonly index: number;
  /** Number of fragments, padding included. */
  readonly total: number;
  readonly messageBytes: number;
  readonly data: Uint8Array;
  readonly at: Milliseconds;
}

export interface IncomingSummary {
  readonly id: MessageId;
  readonly total: number;
  readonly messageBytes: number;
  readonly indexes: readonly number[];
  /** Sum of the stored data's lengths. */
  readonly bytes: number;
  readonly firstAt: Milliseconds;
}

export interface SeenMessage {
  readonly id: MessageId;
  readonly at: Milliseconds;
  /** What a receipt must contain, 32 bytes. */
  readonly proof: Uint8Array;
  /** Whom a receipt may go to, also when none is owed yet; undefined until the program said so. */
  readonly acknowledgeTo: Recipient | undefined;
  /** Where the message says that its receipts go. */
  readonly place?: Place | undefined;
}

export interface OwedReceipt {
  readonly id: MessageId;
  readonly proof: Uint8Array;
  readonly to: Recipient;
  readonly dueAt: Milliseconds;
}
