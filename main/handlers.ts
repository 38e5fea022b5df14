/** The contract's methods, one short function each. Spec: docs/spec/10-contract.md §3 */

import {
  type Clock,
  type EstimateOptions,
  type Journey as TransportJourney,
  type RandomSource,
  toHex,
} from "#transport";
import type { Accounts } from "./account/accounts.ts";
import { createDeviceHandlers } from "./account/devices.ts";
import type { Session } from "./account/session.ts";
import type { AppState, Conversation, Draft, Handlers, Journey, Message, Recipient } from "./contract/contract.ts";
import { MainError } from "./error.ts";
import type { Contact } from "./keys/contacts.ts";
import { safetyNumber } from "./keys/safety-number.ts";
import { USUAL_MAIL_BYTES } from "./network/limits.ts";
import { networkState } from "./network/network-state.ts";
import type { StoredDraft } from "./store/draft-operations.ts";
import { newId } from "./store/ids.ts";
import type { ConversationSummary, Delivery, DeliveryRecord, ThreadMessage } from "./store/records.ts";

export interface HandlersDependencies {
  readonly accounts: Accounts;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly version: string;
  readonly appChanged: () => void;
}

export function createHandlers(d: HandlersDependencies): Handlers {
  const { accounts, clock } = d;
  /** Throws LOCKED. */
  const open = (): Session => accounts.session;

  async function appState(): Promise<AppState> {
    const stage = await accounts.stage();
    if (stage !== "open") return { stage, version: d.version };
    const { address, name } = open().account;
    return { stage, address, name, version: d.version };
  }

  async function changed(work: Promise<void>): Promise<AppState> {
    // Also when it fails: a store that was never finished is gone then.
    await work.finally(d.appChanged);
    return appState();
  }

  return {
    "app.state": appState,
    "app.create": (input) => changed(accounts.create(input)),
    "app.join": (input) => changed(accounts.join(input)),
    "app.readInvite": ({ invite }) => accounts.readInvite(invite),
    "app.unlock": ({ passphrase }) => changed(accounts.unlock(passphrase)),
    "app.lock": () => changed(accounts.lock()),

    "mail.list": async (input) => {
      const { conversations, unread } = await open().store.listConversations(input);
      return { conversations: conversations.map(contractConversation), unread };
    },
    "mail.search": async (input) => ({
      conversations: (await open().store.search(input)).map(contractConversation),
    }),
    "mail.thread": async ({ conversationId }) => {
      const { conversation, messages } = await open().store.thread(conversationId);
      return { conversation: contractConversation(conversation), messages: messages.map(contractMessage) };
    },
    "mail.html": async ({ messageId }) => {
      const html = await open().store.html(messageId);
      if (html === undefined) throw new MainError("NOT_FOUND");
      return { html };
    },
    "mail.markRead": async ({ conversationId }) => {
      await open().opened(conversationId);
      return {};
    },
    "mail.journey": async ({ messageId }) => {
      const { store, client } = open();
      const live = new Map(client.journeys().map((journey) => [toHex(journey.messageId), journey]));
      const deliveries = await store.deliveries(messageId);
      return { journeys: deliveries.map((delivery) => contractJourney(messageId, delivery, live)) };
    },
    "mail.retry": async ({ messageId }) => {
      const { store, outbound } = open();
      for (const delivery of await store.deliveries(messageId)) await outbound.retry(delivery);
      await outbound.handOver();
      return {};
    },

    "draft.list": async () => ({ drafts: (await open().store.drafts(DRAFTS_SHOWN_MAX)).map(contractDraft) }),
    "draft.save": async ({ draftId, to, subject, text, inReplyTo }) => {
      const { store } = open();
      const html = draftId === undefined ? undefined : (await store.draft(draftId)).html;
      const id = draftId ?? newId(d.random);
      const savedAt = Math.floor(clock.now());
      return contractDraft(await store.saveDraft({ id, to, subject, text, html, inReplyTo, savedAt }));
    },
    "draft.removeAttachment": async ({ draftId, handle }) => {
      const { store } = open();
      await store.removeDraftAttachment(draftId, handle);
      return contractDraft(await store.draft(draftId));
    },
    "draft.discard": async ({ draftId }) => {
      await open().store.discardDraft(draftId);
      return {};
    },
    "draft.send": async ({ draftId }) => {
      const session = open();
      const sent = await session.outbound.send(draftId);
      session.resume(); // the reader is an accepted contact from now on
      return sent;
    },

    "recipient.check": async ({ address }) => recipient(open(), address),
    "people.suggest": async ({ prefix, limit }) => {
      return { people: await open().store.suggest({ wanted: prefix.trim().toLowerCase(), limit }) };
    },
    "people.safetyNumber": async ({ address }) => {
      const { contacts, owner, client, suite } = open();
      const { record, state } = await contacts.reader(address.toLowerCase());
      if (record.pinned === undefined || client.account === undefined) throw new MainError("UNKNOWN_RECIPIENT");
      const { accountKey } = client.account;
      const mine = { address: owner.address, accountKey, fingerprint: owner.certificate.fingerprint };
      const groups = safetyNumber(mine, { address: record.address, ...record.pinned }, suite);
      return { groups, verified: record.verified, changed: state === "changed" };
    },
    "people.setVerified": async ({ address, verified }) => {
      await open().contacts.setVerified(address.toLowerCase(), verified);
      return recipient(open(), address);
    },
    "people.acceptKey": async ({ address }) => {
      await open().contacts.acceptKey(address.toLowerCase());
      return recipient(open(), address);
    },

    ...createDeviceHandlers({ open, clock }),

    "network.estimate": async ({ bytes, to = [] }) => ({ seconds: await expectedByAll(open(), { bytes, to }) }),
    "network.state": async () => networkState(open()),
    "network.setProfile": async ({ profile }) => {
      await open().client.setProfile(profile);
      return networkState(open());
    },
  };
}

/** As contract.ts. */
const DRAFTS_SHOWN_MAX = 200;
const FIRST_LINE_CHARACTERS_MAX = 200;

/** How long a mail takes, in seconds; none leaves a device that was removed, which is said elsewhere. */
async function expected({ client }: Session, options: EstimateOptions): Promise<number> {
  if (client.status().state === "removed") return 0;
  return Math.max(0, Math.round((await client.estimate(options)) / 1000));
}

/** Until the last of them has it, in seconds, with the copies one behind the other. Nobody is looked up: who is not known counts as in a mailbox. */
async function expectedByAll(session: Session, o: { bytes: number; to: readonly string[] }): Promise<number> {
  const { bytes, to } = o;
  const addresses = [...new Set(to.map((written) => written.trim().toLowerCase()))];
  const known = await Promise.all(addresses.map((address) => session.store.contact(address)));
  const times = known.map((contact, i) => expected(session, { bytes, copies: i + 1, to: contact?.record }));
  return times.length === 0 ? expected(session, { bytes }) : Math.max(...(await Promise.all(times)));
}

async function recipient(session: Session, written: string): Promise<Recipient> {
  const address = written.trim().toLowerCase();
  const provider = address.slice(address.lastIndexOf("@") + 1);
  const isAddress = /^[^\s@<>]+@[^\s@<>]+$/.test(address);
  const contact: Contact | undefined = isAddress ? await session.contacts.reader(address) : undefined;
  return {
    address,
    name: contact?.record.name ?? "",
    state: contact?.state ?? "unknown",
    path: "mixed",
    provider: provider.slice(0, 253),
    expectedSeconds: await expected(session, { bytes: USUAL_MAIL_BYTES, to: contact?.record.record }),
  };
}

export function contractDraft(draft: StoredDraft): Draft {
  const { id, to, subject, text, inReplyTo, attachments, savedAt } = draft;
  return {
    id,
    to: [...to],
    subject,
    text,
    savedAt,
    attachments: [...attachments],
    ...(inReplyTo === undefined ? {} : { inReplyTo }),
  };
}

function contractConversation(summary: ConversationSummary): Conversation {
  const { conversation, newest, unread, messages, hasAttachments } = summary;
  const delivery = slowest(summary.deliveries);
  return {
    id: conversation.id,
    people: [...conversation.people],
    subject: conversation.subject,
    firstLine: newest.text.trimStart().replace(/\s+/g, " ").slice(0, FIRST_LINE_CHARACTERS_MAX),
    at: newest.at,
    unread,
    messages,
    hasAttachments,
    content: newest.content,
    path: "mixed",
    ...(delivery === undefined || delivery === "delivered" ? {} : { delivery }),
  };
}

function contractMessage({ message, unread, attachments, deliveries }: ThreadMessage): Message {
  const { id, conversationId, direction, from, to, subject, at, text, hasHtml, content, signature } = message;
  const delivery = slowest(deliveries.map((one) => one.delivery));
  return {
    id,
    conversationId,
    direction,
    from,
    to: [...to],
    subject,
    at,
    text,
    hasHtml,
    content,
    signature,
    unread,
    attachments: [...attachments],
    path: "mixed",
    ...(delivery === undefined ? {} : { delivery }),
  };
}

/** A mail to several readers is where the one behind all others is. */
function slowest(deliveries: readonly Delivery[]): Delivery | undefined {
  return SLOWEST_FIRST.find((delivery) => deliveries.includes(delivery));
}

const SLOWEST_FIRST: readonly Delivery[] = ["failed", "queued", "mixing", "stored", "delivered"];

function contractJourney(
  messageId: string,
  stored: DeliveryRecord,
  live: ReadonlyMap<string, TransportJourney>,
): Journey {
  const { transportId } = stored;
  const now = live.get(toHex(transportId));
  const { delivery, fragments, fragmentsSent, queuedAt, expectedAt } = now ?? stored;
  const times = (["firstSentAt", "lastSentAt", "storedAt", "deliveredAt"] as const).flatMap((name) => {
    const time = (now ?? stored)[name];
    return time === undefined ? [] : [[name, whole(time)]];
  });
  return {
    messageId,
    recipient: stored.address,
    delivery,
    fragments,
    fragmentsSent,
    queuedAt: whole(queuedAt),
    expectedAt: whole(expectedAt),
    ...(Object.fromEntries(times) as Partial<Pick<Journey, "firstSentAt" | "lastSentAt" | "storedAt" | "deliveredAt">>),
    // The transport has not got it while the reader's key is missing.
    waitingFor: now?.waitingFor ?? (stored.handedOver ? "none" : "key"),
    ...(now === undefined ? {} : { goesTo: now.goesTo }),
    ...(stored.errorCode === undefined ? {} : { errorCode: stored.errorCode }),
  };
}

const whole = (time: number): number => Math.max(0, Math.floor(time));
