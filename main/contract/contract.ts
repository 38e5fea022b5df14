/**
 * All that may cross between the window and the program: named methods and events, each with a schema. Pure data, read by
 * both sides. The renderer shows hostile mail, so it is treated as compromised. Spec: docs/spec/10-contract.md
 */

import { z } from "zod";

/** Closed list: a code crosses, never a message or a stack. The renderer's texts hold one sentence for each. */
export const ERROR_CODES = [
  "UNKNOWN_METHOD",
  "BAD_INPUT",
  "INTERNAL",
  "LOCKED",
  "NO_ACCOUNT",
  "ACCOUNT_EXISTS",
  "WRONG_PASSPHRASE",
  "WEAK_PASSPHRASE",
  "BAD_INVITE",
  "ADDRESS_TAKEN",
  "TOO_MANY_NAMES",
  "SIGNUP_CLOSED",
  "BAD_DEVICE_CODE",
  "ACCOUNT_DIFFERS",
  "DEVICE_NEWER",
  "DEVICE_OLDER",
  "CODE_USED",
  "TOO_MANY_DEVICES",
  "DEVICE_UNKNOWN",
  "STORE_DAMAGED",
  "DISK_FULL",
  "UNKNOWN_RECIPIENT",
  "LOOKUP_FAILED",
  "LOOKUPS_USED_UP",
  "KEY_EXPIRED",
  "KEY_CHANGED",
  "NOT_PRIVATE",
  "MESSAGE_TOO_LARGE",
  "NO_RECIPIENT",
  "NOT_FOUND",
  "PROVIDER_DOWN",
  "NETWORK_TOO_SMALL",
  "CONSENSUS_STALE",
  "CONSENSUS_FORGED",
  "CONSENSUS_SPLIT",
  "CLOCK_WRONG",
  "PROGRAM_TOO_OLD",
  "REFUSED",
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export const method = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ input, output });

const id = z.uuid();
const address = z.string().max(254);
const time = z.int().nonnegative();
const deviceId = z.string().regex(/^[0-9a-f]{64}$/);
const deviceName = z.string().min(1).max(64);
const nothing = z.strictObject({});

/** Content, in the words the user sees: private; private and verified; open. `broken`: it could not be opened or was changed. */
export const content = z.enum(["private", "verified", "open", "broken"]);
/** Path, in the words the user sees. */
export const path = z.enum(["mixed", "direct"]);
/** Where a sent message is. `failed` holds until the user acts; the message stays in the outbox. */
export const delivery = z.enum(["queued", "mixing", "stored", "delivered", "failed"]);

export const person = z.strictObject({ address, name: z.string().max(200) });
export const attachment = z.strictObject({
  handle: id,
  name: z.string().max(255),
  type: z.string().max(127),
  bytes: z.int().nonnegative(),
});

export const conversation = z.strictObject({
  id,
  people: z.array(person).max(50),
  subject: z.string().max(998),
  firstLine: z.string().max(200),
  at: time,
  unread: z.boolean(),
  messages: z.int().positive(),
  hasAttachments: z.boolean(),
  content,
  path,
  /** The newest message of ours, if it is not delivered yet. */
  delivery: delivery.optional(),
});

export const message = z.strictObject({
  id,
  conversationId: id,
  direction: z.enum(["in", "out"]),
  from: person,
  to: z.array(person).max(50),
  subject: z.string().max(998),
  at: time,
  text: z.string().max(2_000_000),
  hasHtml: z.boolean(),
  attachments: z.array(attachment).max(100),
  content,
  path,
  /** "valid", or the reason in one word. */
  signature: z.enum(["valid", "none", "invalid", "unknown-key", "address-differs", "key-changed"]),
  unread: z.boolean(),
  delivery: delivery.optional(),
});

export const journey = z.strictObject({
  messageId: id,
  recipient: address,
  delivery,
  fragments: z.int().nonnegative(),
  fragmentsSent: z.int().nonnegative(),
  queuedAt: time,
  firstSentAt: time.optional(),
  lastSentAt: time.optional(),
  storedAt: time.optional(),
  deliveredAt: time.optional(),
  /** When it will probably have arrived, from the rates and what is queued before it. */
  expectedAt: time,
  /** Why it waits, when it does. */
  waitingFor: z.enum(["provider", "network", "key", "none"]),
  /** At the reader's provider, or under a name of no person at another; not said of a mail that the transport remembers no more. */
  goesTo: z.enum(["mailbox", "box"]).optional(),
  errorCode: z.enum(ERROR_CODES).optional(),
});

/** What the composer needs to say of one reader (D13's words). `unavailable`: we could not ask; not the same as `unknown`. */
export const recipient = z.strictObject({
  address,
  name: z.string().max(200),
  state: z.enum(["private", "verified", "changed", "expired", "unknown", "unavailable"]),
  path,
  provider: z.string().max(253),
  expectedSeconds: z.int().nonnegative(),
});

export const draft = z.strictObject({
  id,
  to: z.array(address).max(50),
  subject: z.string().max(998),
  text: z.string().max(2_000_000),
  inReplyTo: id.optional(),
  attachments: z.array(attachment).max(100),
  savedAt: time,
});

export const appState = z.strictObject({
  stage: z.enum(["new", "locked", "open"]),
  address: address.optional(),
  name: z.string().max(200).optional(),
  version: z.string().max(40),
});

export const profileChoice = z.strictObject({
  name: z.enum(["mail", "chat"]),
  megabytesPerDay: z.number().nonnegative(),
  packetsPerMinute: z.number().nonnegative(),
  expectedSeconds: z.number().nonnegative(),
});

export const network = z.strictObject({
  state: z.enum([
    "connecting",
    "removed",
    "mixing",
    "provider-losing",
    "line-unsteady",
    "clock-off",
    "provider-down",
    "too-small",
    "stale",
    "clock-wrong",
    "too-old",
    "untrusted",
  ]),
  name: z.string().max(100),
  kind: z.enum(["demo", "live"]),
  profile: z.enum(["mail", "chat"]),
  profiles: z.array(profileChoice).max(2),
  epoch: z.int().nonnegative(),
  mixes: z.int().nonnegative(),
  operators: z.int().nonnegative(),
  providers: z.int().nonnegative(),
  /** Few others to hide among: said in words. */
  small: z.boolean(),
  sentToday: z.strictObject({ packets: z.int().nonnegative(), bytes: z.int().nonnegative() }),
  receivedToday: z.strictObject({ polls: z.int().nonnegative(), bytes: z.int().nonnegative() }),
  loops: z.strictObject({ sent: z.int().nonnegative(), returned: z.int().nonnegative() }),
  /** The last ten whose fate is known, and when the newest of them left: absent while there is none. */
  recentLoops: z.strictObject({
    sent: z.int().nonnegative(),
    returned: z.int().nonnegative(),
    until: time.optional(),
  }),
  queuedFragments: z.int().nonnegative(),
  /** Departures of the last minute, newest last. One kind of mark: real and cover look the same here as on the wire. */
  departures: z.array(time).max(2_000),
});

/** One device of the account. `id`: the key by which the provider knows it, in hexadecimal. */
export const device = z.strictObject({
  id: deviceId,
  /** Empty until somebody has given it one. */
  name: z.string().max(64),
  since: time.optional(),
  /** A moment of the last day on which it asked its provider for mail. */
  lastSeen: time,
  /** The one that this window belongs to. */
  isThis: z.boolean(),
  /** It has used a code and not finished yet. */
  isJoining: z.boolean(),
  /** It has used a code and not finished before the code ended. It is none of the account, and stays in the list until it is removed. */
  isUnfinished: z.boolean(),
});

const devices = z.strictObject({ devices: z.array(device).max(16) });

/** A code for one new device, the line of the provider that goes with it, and until when both hold. */
export const offer = z.strictObject({ code: z.string().max(40), line: z.string().max(4_000), until: time });

export const api = {
  "app.state": method(nothing, appState),
  "app.create": method(
    z.strictObject({
      invite: z.string().min(1).max(4_000),
      name: z.string().min(1).max(100),
      /** The part before the @. */
      localPart: z.string().min(1).max(64),
      passphrase: z.string().min(1).max(1_000),
    }),
    appState,
  ),
  /** In place of `app.create`: this program becomes one more device of the account that the code is from. */
  "app.join": method(
    z.strictObject({
      /** Any invite of the account's provider, used or not. */
      invite: z.string().min(1).max(4_000),
      code: z.string().min(1).max(100),
      deviceName,
      passphrase: z.string().min(1).max(1_000),
    }),
    appState,
  ),
  "app.readInvite": method(
    z.strictObject({ invite: z.string().min(1).max(4_000) }),
    z.strictObject({ provider: z.string().max(253), network: z.string().max(100), kind: z.enum(["demo", "live"]) }),
  ),
  "app.unlock": method(z.strictObject({ passphrase: z.string().min(1).max(1_000) }), appState),
  "app.lock": method(nothing, appState),
  "mail.list": method(
    z.strictObject({
      folder: z.enum(["inbox", "sent"]),
      /** The last conversation of the page before: several may have the same time. */
      before: z.strictObject({ at: time, id }).optional(),
      limit: z.int().min(1).max(200),
    }),
    z.strictObject({ conversations: z.array(conversation).max(200), unread: z.int().nonnegative() }),
  ),
  "mail.search": method(
    z.strictObject({ query: z.string().min(1).max(200), limit: z.int().min(1).max(50) }),
    z.strictObject({ conversations: z.array(conversation).max(50) }),
  ),
  "mail.thread": method(
    z.strictObject({ conversationId: id }),
    z.strictObject({ conversation, messages: z.array(message).max(1_000) }),
  ),
  /** The sender's HTML as it came; the renderer sanitises it and shows it in a frame without scripts or network. */
  "mail.html": method(z.strictObject({ messageId: id }), z.strictObject({ html: z.string().max(5_000_000) })),
  "mail.markRead": method(z.strictObject({ conversationId: id }), nothing),
  "mail.journey": method(z.strictObject({ messageId: id }), z.strictObject({ journeys: z.array(journey).max(50) })),
  "mail.retry": method(z.strictObject({ messageId: id }), nothing),
  "draft.list": method(nothing, z.strictObject({ drafts: z.array(draft).max(200) })),
  "draft.save": method(
    z.strictObject({
      draftId: id.optional(),
      to: z.array(address).max(50),
      subject: z.string().max(998),
      text: z.string().max(2_000_000),
      inReplyTo: id.optional(),
    }),
    draft,
  ),
  "draft.removeAttachment": method(z.strictObject({ draftId: id, handle: id }), draft),
  "draft.discard": method(z.strictObject({ draftId: id }), nothing),
  "draft.send": method(
    z.strictObject({ draftId: id }),
    z.strictObject({ messageId: id, conversationId: id, expectedAt: time }),
  ),
  /** Looks a reader up through the mixnet; answers from the address book where it can. */
  "recipient.check": method(z.strictObject({ address }), recipient),
  "people.suggest": method(
    z.strictObject({ prefix: z.string().max(100), limit: z.int().min(1).max(20) }),
    z.strictObject({ people: z.array(person).max(20) }),
  ),
  /** What two people read to each other to know that nobody stands between them: 12 groups of 5 digits, the same on both sides. */
  "people.safetyNumber": method(
    z.strictObject({ address }),
    z.strictObject({ groups: z.array(z.string().length(5)).length(12), verified: z.boolean(), changed: z.boolean() }),
  ),
  /** The user has compared the safety number, or takes that back. */
  "people.setVerified": method(z.strictObject({ address, verified: z.boolean() }), recipient),
  /** The user accepts that this person has a new key; it starts unverified. */
  "people.acceptKey": method(z.strictObject({ address }), recipient),
  "devices.list": method(nothing, devices),
  /** A new one, or the one that stands. */
  "devices.offer": method(nothing, offer),
  /** The one that stands, if any does; asks nobody. */
  "devices.offered": method(nothing, z.strictObject({ offer: offer.optional() })),
  "devices.withdraw": method(nothing, nothing),
  "devices.rename": method(z.strictObject({ id: deviceId, name: deviceName }), devices),
  /** In the network's state `removed`: this device becomes one of its account again, with a code from another one. */
  "devices.rejoin": method(z.strictObject({ code: z.string().min(1).max(100) }), nothing),
  /** Not for this device: another one says which is lost. */
  "devices.remove": method(z.strictObject({ id: deviceId }), devices),
  /** How long a mail of this size takes until the last of these readers has it, at today's rates; without any, until a mailbox has it. */
  "network.estimate": method(
    z.strictObject({ bytes: z.int().nonnegative(), to: z.array(address).max(50).optional() }),
    z.strictObject({ seconds: z.int().nonnegative() }),
  ),
  "network.state": method(nothing, network),
  "network.setProfile": method(z.strictObject({ profile: z.enum(["mail", "chat"]) }), network),
} as const;

/** The states of the network in which packets leave. */
export const LEAVES: ReadonlySet<string> = new Set<NetworkState["state"]>([
  "mixing",
  "provider-losing",
  "line-unsteady",
  "clock-off",
]);

/** Events carry ids only; the renderer asks again. */
export const events = {
  "app.changed": nothing,
  "mail.changed": z.strictObject({ conversationId: id }),
  "journey.changed": z.strictObject({ messageId: id }),
  "network.changed": nothing,
} as const;

export type Api = typeof api;
export type Events = typeof events;
export type Method = keyof Api;
export type Input<M extends Method> = z.infer<Api[M]["input"]>;
export type Output<M extends Method> = z.infer<Api[M]["output"]>;
export type EventName = keyof Events;
export type EventData<E extends EventName> = z.infer<Events[E]>;

export type Client = { readonly [M in Method]: (input: Input<M>) => Promise<Output<M>> };
export type Handlers = { readonly [M in Method]: (input: Input<M>) => Promise<Output<M>> };

export type Conversation = z.infer<typeof conversation>;
export type Message = z.infer<typeof message>;
export type Journey = z.infer<typeof journey>;
export type Recipient = z.infer<typeof recipient>;
export type Draft = z.infer<typeof draft>;
export type AppState = z.infer<typeof appState>;
export type NetworkState = z.infer<typeof network>;
export type Offer = z.infer<typeof offer>;
export type Device = z.infer<typeof device>;
export type Attachment = z.infer<typeof attachment>;
export type Person = z.infer<typeof person>;

/**
 * Bytes over 64 KiB do not travel as messages. The host that serves the window also serves
 * `GET attachment/<handle>` (download) and `PUT draft/<draftId>/attachment?name=…&type=…` (body = bytes; answers `attachment`).
 */
export const ATTACHMENT_PATH = "attachment/";
