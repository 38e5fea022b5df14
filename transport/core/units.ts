/** Branded numbers and byte strings: a value of the wrong unit or kind does not compile. */

declare const unit: unique symbol;
type Unit<T, Name extends string> = T & { readonly [unit]: Name };

/** A point in time or a duration, in milliseconds. Points count from the Unix epoch, or from 0 under a virtual clock. */
export type Milliseconds = Unit<number, "Milliseconds">;
/** A rate in events per second. */
export type PerSecond = Unit<number, "PerSecond">;
/** The number of an epoch, the life of a list of nodes, counted from the network's genesis; fits 32 bits. */
export type Epoch = Unit<number, "Epoch">;
/** The number of a key period, the life of a mix key: epochs have one or more each, counted through; fits 32 bits. */
export type KeyPeriod = Unit<number, "KeyPeriod">;

/** 32 bytes: BLAKE2b-256 of a node's identity key (docs/spec/08-directory.md). */
export type NodeId = Unit<Uint8Array, "NodeId">;
/** 32 random bytes that name one mailbox at one provider. */
export type MailboxId = Unit<Uint8Array, "MailboxId">;
/** 16 random bytes that name one message between its sender and its reader. */
export type MessageId = Unit<Uint8Array, "MessageId">;
/** 16 random bytes by which the creator of a SURB knows its reply. */
export type SurbId = Unit<Uint8Array, "SurbId">;
/** 16 bytes by which a node knows a packet it has seen (docs/spec/03-sphinx.md). */
export type ReplayTag = Unit<Uint8Array, "ReplayTag">;

export const NODE_ID_BYTES = 32;
export const MAILBOX_ID_BYTES = 32;
export const MESSAGE_ID_BYTES = 16;
export const SURB_ID_BYTES = 16;
export const REPLAY_TAG_BYTES = 16;

export const milliseconds = (value: number): Milliseconds => value as Milliseconds;
export const seconds = (value: number): Milliseconds => (value * 1000) as Milliseconds;
export const perSecond = (value: number): PerSecond => value as PerSecond;
export const epochNumber = (value: number): Epoch => value as Epoch;
export const keyPeriodNumber = (value: number): KeyPeriod => value as KeyPeriod;

/** The mean wait between events of a rate. The only conversion between the two units. */
export const meanInterval = (rate: PerSecond): Milliseconds => (1000 / rate) as Milliseconds;

export const nodeId = (bytes: Uint8Array): NodeId => exactly(bytes, NODE_ID_BYTES) as NodeId;
export const mailboxId = (bytes: Uint8Array): MailboxId => exactly(bytes, MAILBOX_ID_BYTES) as MailboxId;
export const messageId = (bytes: Uint8Array): MessageId => exactly(bytes, MESSAGE_ID_BYTES) as MessageId;
export const surbId = (bytes: Uint8Array): SurbId => exactly(bytes, SURB_ID_BYTES) as SurbId;
export const replayTag = (bytes: Uint8Array): ReplayTag => exactly(bytes, REPLAY_TAG_BYTES) as ReplayTag;

function exactly(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) throw new RangeError(`expected ${length} bytes, got ${bytes.length}`);
  return bytes;
}
