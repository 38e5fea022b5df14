/** What a program that uses the mix network sees of its client. Spec: docs/spec/01-message.md */

import type { Clock } from "../core/clock.ts";
import type { ProfileName } from "../core/parameters.ts";
import type { RandomStreams } from "../core/random.ts";
import type { MailboxId, MessageId, Milliseconds, NodeId, SurbId } from "../core/units.ts";
import type { Suite } from "../crypto/suite.ts";
import type { MailboxRecord } from "../directory/mailbox-record.ts";
import type { Network } from "../directory/model.ts";
import type { ListedDevice } from "../link/control.ts";
import type { Dialer } from "../link/link.ts";
import type { ClientStore } from "./store.ts";

export interface TransportClientOptions {
  readonly clock: Clock;
  readonly streams: RandomStreams;
  readonly suite: Suite;
  readonly network: Network;
  /** Carries the device's own key; the provider knows the device by it. */
  readonly dialer: Dialer;
  /** From the invite: where the provider listens for clients, and the Ed25519 key it must prove. */
  readonly provider: { readonly address: string; readonly linkKey: Uint8Array };
  readonly store: ClientStore;
  readonly observer?: ClientObserver;
}

/** For tests and the demo: told what the client does. Production passes none. */
export interface ClientObserver {
  /** A frame left at its tick. */
  slotSent?(slot: { kind: SlotKind; carried: SlotCargo; at: Milliseconds }): void;
  /** A fragment of a message left: `firstTag` is what the first hop will know the packet by. */
  fragmentSent?(sent: { messageId: MessageId; index: number; tags: readonly Uint8Array[]; at: Milliseconds }): void;
  /** A fragment of a message to us is durable here, and the cursor is past it. */
  fragmentTaken?(taken: { messageId: MessageId; index: number; at: Milliseconds }): void;
  /** Something happened to a reply block. */
  replyBlock?(event: ReplyBlockEvent): void;
}

/** `tags`: what each hop will know the packet by. `asks`: a service, or a box, whose answers are awaited for longer. */
export type ReplyBlockEvent = { readonly surbId: SurbId; readonly at: Milliseconds } & (
  | {
      readonly what: "made";
      readonly asks: "service" | "box";
      readonly until: Milliseconds;
      readonly tags: readonly Uint8Array[];
    }
  /** The request that carries it left. */
  | { readonly what: "sent"; readonly tags: readonly Uint8Array[] }
  /** A reply by it came; `isAwaited` is false when nobody waits for it, or no more. */
  | { readonly what: "came"; readonly isAwaited: boolean }
  /** Its keys are gone. */
  | { readonly what: "closed"; readonly isAnswered: boolean }
);

export type SlotKind = "payload" | "loop" | "drop";
/**
 * What a slot really carried: a payload slot with nothing to send carries a drop, a drop slot a collect where the network has
 * boxes. `box` tells the account's devices of one.
 */
export type SlotCargo = "fragment" | "receipt" | "request" | "box" | "loop" | "drop" | "collect";

export interface IncomingMessage {
  readonly messageId: MessageId;
  /** The receiver's to keep: nobody else uses these bytes. */
  readonly body: Uint8Array;
  /** When its last fragment was fetched. */
  readonly receivedAt: Milliseconds;
}

/** Where a sent message is, with times. */
export interface Journey {
  readonly messageId: MessageId;
  /** `failed`: it could not be delivered while its fragments may wait in a mailbox (the network's retention). */
  readonly delivery: "queued" | "mixing" | "stored" | "delivered" | "failed";
  readonly bytes: number;
  /** Padding included. */
  readonly fragments: number;
  /** Fragments that left at least once. */
  readonly fragmentsSent: number;
  /** Fragments that the reader's provider is known to have; those that only pad are never asked about. */
  readonly fragmentsStored: number;
  readonly queuedAt: Milliseconds;
  readonly firstSentAt: Milliseconds | undefined;
  readonly lastSentAt: Milliseconds | undefined;
  readonly storedAt: Milliseconds | undefined;
  readonly deliveredAt: Milliseconds | undefined;
  /** When it will probably be in the reader's client, if that is online. */
  readonly expectedAt: Milliseconds;
  readonly waitingFor: "provider" | "network" | "key" | "none";
  /** Where it waits for its reader: at the reader's provider, or under a name of no person at another (docs/spec/17-boxes.md). */
  readonly goesTo: "mailbox" | "box";
}

export type ClientState =
  /** The provider knows this device no more: nothing leaves, until it joins the account again. */
  | "removed"
  /** No consensus yet, or no link yet for the first time. */
  | "connecting"
  /** Packets leave at the clock's ticks. */
  | "mixing"
  /** The provider does not answer; the queue stays as it is. */
  | "provider-down"
  /**
   * Packets leave, but own loops are missing, more than an honest network loses and not by one mix: the provider, which all of
   * them pass, loses or delays this client's packets or its mailbox's. Lost fragments are sent again; nothing is given up.
   */
  | "provider-losing"
  /**
   * Packets leave now, but the link has ended again and again within the last hour, though neither this program nor a sleep ended it: the
   * network that the user is on, something on the way, or the provider. What loops say of a provider that does this itself is little.
   */
  | "line-unsteady"
  /** Packets leave, but by a clock that differs from the provider's by more than a second: in common slots, that tells who sent them. */
  | "clock-off"
  /** Too few mixes or operators to build a path. */
  | "too-small"
  /** The newest consensus is over. */
  | "stale"
  /** Signed lists and the provider's clock agree on another time than this computer's. */
  | "clock-wrong"
  /** As many authorities as it takes signed a list of a form that this program cannot read. */
  | "too-old"
  /** A consensus without enough signatures, or two for one epoch. */
  | "untrusted";

/** The newest own loops whose fate is known; `until`: when the last of them left. */
export interface RecentLoops {
  readonly sent: number;
  readonly returned: number;
  readonly until: Milliseconds | undefined;
}

export interface ClientStatus {
  readonly state: ClientState;
  readonly profile: ProfileName;
  readonly nextProfile: { readonly profile: ProfileName; readonly from: Milliseconds } | undefined;
  /** That of the list in use. */
  readonly epoch: number | undefined;
  readonly mixes: number;
  readonly operators: number;
  readonly providers: number;
  /** Since the last UTC midnight, or the start if that was later. */
  readonly sentToday: { readonly packets: number; readonly bytes: number };
  readonly receivedToday: { readonly polls: number; readonly bytes: number };
  /** Own loops of the last hour whose fate is known, and those that returned in time. */
  readonly loops: { readonly sent: number; readonly returned: number };
  readonly recentLoops: RecentLoops;
  /** Fragments that wait for a payload slot. */
  readonly queuedFragments: number;
  /** Departures of the last minute, oldest first, cover and mail alike. */
  readonly departures: readonly Milliseconds[];
}

export interface SignedUp {
  readonly address: string;
  readonly providerId: NodeId;
  readonly mailboxId: MailboxId;
  /** Ed25519 public key: the same for the life of the account. */
  readonly accountKey: Uint8Array;
}

/** One device of the account. Who of them gave it a name, and when it joined, its provider cannot read. */
export interface Device extends ListedDevice {
  /** Undefined until a device of the account has said so. */
  readonly name: string | undefined;
  readonly since: Milliseconds | undefined;
}

/** What a client tells its program. */
export interface ClientEvents {
  /** A complete message. It comes again after every start until `consumed(messageId)`. */
  message: IncomingMessage;
  progress: Journey;
  status: ClientStatus;
}

export interface SendOptions {
  readonly to: MailboxRecord;
  /** The client keeps it: the caller must not touch it again. */
  readonly body: Uint8Array;
  /** Drawn at random by a caller that remembers it: a message that is here already is not sent again. */
  readonly id?: MessageId;
}

export interface EstimateOptions {
  readonly bytes: number;
  /** Of which the last counts; 1 unless given. */
  readonly copies?: number;
  /** Who reads it, where that is known: somebody's box takes longer than a mailbox. */
  readonly to?: MailboxRecord | undefined;
}

export interface JoinDeviceOptions {
  readonly code: string;
  /** Of this device's link, 32 bytes, and what the others shall call it, 64 bytes at most. */
  readonly deviceKey: Uint8Array;
  readonly name: string;
  /** Stores what the other's program gave along (a secret, wiped afterwards); only then is this device one that stays. */
  readonly keep: (given: { readonly account: SignedUp; readonly extra: Uint8Array }) => Promise<void>;
}

/** The client as the program above sees it; `TransportClient` is the one there is. */
export interface MixClient {
  /**
   * Loads the store and begins; connecting goes on in the background for as long as it takes. Rejects when the store cannot be read:
   * then nothing goes on.
   */
  start(): Promise<void>;
  stop(): Promise<void>;
  /**
   * Opens an account at the provider and publishes the first mailbox record. Asking again after a failure is safe.
   * Throws PROVIDER_DOWN, BAD_INVITE, NAME_TAKEN, TOO_MANY_NAMES, NAME_INVALID, REFUSED, CLOCK_WRONG, CONSENSUS_FORGED, CONSENSUS_SPLIT.
   */
  signUp(options: { localPart: string; invite: string; certificate: Uint8Array }): Promise<SignedUp>;
  /**
   * A code that lets one new device into the account within a quarter of an hour; `extra` (4,096 bytes at most) reaches the
   * program there. Throws PROVIDER_DOWN, TOO_MANY_DEVICES, NO_ACCOUNT.
   */
  offerDevice(options: { extra: Uint8Array }): Promise<string>;
  /** The last code lets nobody in any more. Throws PROVIDER_DOWN, NO_ACCOUNT, REFUSED when a device has used it. */
  withdrawOffer(): Promise<void>;
  /**
   * In place of `signUp`: makes this device one more of the account that the code is from. Throws as `signUp`; REFUSED for a
   * code that lets nobody in, MALFORMED for what is no code; TOO_MANY_DEVICES; SEAL_FAILED and ACCOUNT_DIFFERS when the provider
   * gives something else than the other device left there; DEVICE_NEWER and DEVICE_OLDER when that runs a later or an earlier program: then nothing was taken
   * over. What fails, also in `keep`, leaves a device at the provider that goes when the code does. A device in the state
   * `removed` joins again so; ACCOUNT_DIFFERS for another account than the one it was of.
   */
  joinDevice(options: JoinDeviceOptions): Promise<SignedUp>;
  /** The devices of the account. Throws PROVIDER_DOWN, NO_ACCOUNT. */
  devices(): Promise<readonly Device[]>;
  /** Gives a device of the account a name, of 64 bytes at most. Throws PROVIDER_DOWN, REFUSED, NO_ACCOUNT. */
  nameDevice(options: { deviceKey: Uint8Array; name: string; since: Milliseconds }): Promise<void>;
  /**
   * Nothing that comes from now on reaches that device. Throws PROVIDER_DOWN, REFUSED, NO_ACCOUNT; without a list in force
   * NO_CONSENSUS, or what is wrong with it: nobody can say then that this clock is right, by which all devices will make their keys.
   */
  removeDevice(options: { deviceKey: Uint8Array }): Promise<void>;
  /** The account, once there is one. */
  readonly account: SignedUp | undefined;
  /** Durable when it resolves. Throws MESSAGE_TOO_LARGE, RECORD_EXPIRED, RECORD_UNUSABLE, NO_ACCOUNT. */
  send(options: SendOptions): Promise<MessageId>;
  /** Asks a service through the mix network. Throws SERVICE_TIMEOUT, NO_PATH, NO_CONSENSUS, PROVIDER_DOWN. */
  request(options: { provider: NodeId; service: string; body: Uint8Array }): Promise<Uint8Array>;
  /** Asks the `keys` service of the address' provider; undefined when there is no such reader. Throws as `request`, RECORD_FORGED. */
  lookup(address: string): Promise<MailboxRecord | undefined>;
  /** Whether a provider of this network serves the domain. Throws NO_CONSENSUS, or what is wrong with it, without a list in force. */
  serves(domain: string): boolean;
  /** Lets the sender know, after a random delay, that the message was read. Only for accepted contacts: it tells them we are here. */
  acknowledge(options: { messageId: MessageId; to: MailboxRecord }): Promise<void>;
  /** Offers a message once more that was not consumed; does nothing for any other. */
  offerAgain(messageId: MessageId): Promise<void>;
  /**
   * The message is stored above and need not be offered again. With `acknowledgeTo` also as `acknowledge`; whom is written together with
   * the note that it was taken: killed right after, the client owes the receipt when the message comes again. Throws RECORD_UNUSABLE.
   */
  consumed(messageId: MessageId, options?: { acknowledgeTo: MailboxRecord }): Promise<void>;
  /** Every message that is on its way or was within the retention, oldest first. */
  journeys(): readonly Journey[];
  /**
   * Sends all fragments again, after a message failed or the user asked, sealed to the reader's newest key where it is known.
   * Throws RECORD_EXPIRED, RECORD_UNUSABLE.
   */
  retry(options: { messageId: MessageId; to: MailboxRecord | undefined }): Promise<void>;
  /** Takes effect at the next UTC midnight. */
  setProfile(profile: ProfileName): Promise<void>;
  /** Published with the next mailbox record, on the record's schedule. */
  setCertificate(certificate: Uint8Array): Promise<void>;
  status(): ClientStatus;
  /** How long until a message has probably arrived, behind what is queued now. Throws NO_ACCOUNT. */
  estimate(options: EstimateOptions): Promise<Milliseconds>;
  on<E extends keyof ClientEvents>(event: E, handler: (data: ClientEvents[E]) => void): () => void;
}
