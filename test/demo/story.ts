/** What happens in the demo: two people get an address, one writes, the other reads and answers. */

import type { Journey } from "#main/contract/contract.ts";
import type { Desktop, Read } from "./desktop.ts";
import { type DemoMail, sha256, withLineFeeds } from "./mail.ts";
import type { DemoNetwork } from "./network.ts";
import type { Domain } from "./network-files.ts";
import type { Observations } from "./observations.ts";
import { ratesOf, type Report } from "./report.ts";

/** Long enough for 3 MB at the demo's rates; whatever takes longer is stuck. */
const DELIVERY_SECONDS_MAX = 240;
const START_SECONDS_MAX = 60;

export const PASSPHRASE = "a flock turns as one";

export interface Person {
  readonly desktop: Desktop;
  readonly name: string;
  readonly localPart: string;
  readonly domain: Domain;
}

export const addressOf = ({ localPart, domain }: Person): string => `${localPart}@${domain}`;

/** Opens an account with an invite from the provider, and waits until its packets leave at the clock's ticks. */
export async function settleIn(person: Person, network: DemoNetwork): Promise<void> {
  const { desktop, name, localPart, domain } = person;
  const invite = await network.invite(domain);
  await desktop.call("app.create", { invite, name, localPart, passphrase: PASSPHRASE });
  await desktop.until("the mix network", START_SECONDS_MAX, async () => {
    const { state } = await desktop.call("network.state", {});
    return state === "mixing" ? state : undefined;
  });
}

export interface Sent {
  readonly messageId: string;
  readonly conversationId: string;
  readonly sentAt: number;
}

export async function write(from: Person, to: Person, mail: DemoMail): Promise<Sent> {
  const { desktop } = from;
  const recipient = addressOf(to);
  // Asked through the mix network; a reader whose first record is still on its way is not known yet.
  await desktop.until(`the keys of ${recipient}`, START_SECONDS_MAX, async () => {
    const { state } = await desktop.call("recipient.check", { address: recipient });
    return state === "private" || state === "verified" ? state : undefined;
  });
  const draftId = await draftOf(desktop, recipient, mail);
  const sentAt = Date.now();
  const { messageId, conversationId } = await desktop.call("draft.send", { draftId });
  return { messageId, conversationId, sentAt };
}

async function draftOf(desktop: Desktop, recipient: string, mail: DemoMail): Promise<string> {
  if (mail.source !== undefined) {
    const { id, subject, text } = await desktop.importMail(mail.source);
    await desktop.call("draft.save", { draftId: id, to: [recipient], subject, text });
    return id;
  }
  const { id } = await desktop.call("draft.save", { to: [recipient], subject: mail.subject, text: mail.body });
  for (const attachment of mail.attachments) await desktop.attach(id, attachment);
  return id;
}

/** Waits until a mail is in the reader's store and its signature judged, and has the reader's own process read and open it. */
export async function receive(to: Person, wanted: { readonly subject?: string } = {}): Promise<Read> {
  const { desktop } = to;
  const { conversationId, messageId } = await desktop.until("the mail", DELIVERY_SECONDS_MAX, async () => {
    const { conversations } = await desktop.call("mail.list", { folder: "inbox", limit: 10 });
    for (const { id, subject } of conversations) {
      if (wanted.subject !== undefined && wanted.subject !== subject) continue;
      const { messages } = await desktop.call("mail.thread", { conversationId: id });
      // The sender's key is asked for through the mix network; until it came, the signature is of an unknown key.
      const arrived = messages.find(({ direction, signature }) => direction === "in" && signature !== "unknown-key");
      if (arrived !== undefined) return { conversationId: id, messageId: arrived.id };
    }
    return undefined;
  });
  const read = await desktop.read(messageId, conversationId);
  // Whoever opens a mail lets its sender know that it arrived.
  await desktop.call("mail.markRead", { conversationId });
  return read;
}

/** Waits until the sender knows that the reader's computer has the mail. */
export function awaitReceipt(from: Person, { messageId }: Sent): Promise<Journey> {
  return from.desktop.until("the receipt", DELIVERY_SECONDS_MAX, async () => {
    const { journeys } = await from.desktop.call("mail.journey", { messageId });
    return journeys.find(({ delivery }) => delivery === "delivered");
  });
}

export function makeReport(options: {
  mail: DemoMail;
  sent: Sent;
  read: Read;
  journey: Journey;
  knownAt: number;
  network: DemoNetwork;
  observations: Observations;
}): Report {
  const { mail, sent, read, journey, knownAt, network, observations } = options;
  const { parameters } = network.network;
  const way = observations.wayOfFirstFragment({ since: sent.sentAt });
  const end = way.at(-1);
  const attachments = mail.attachments.map(({ name, bytes }, i) => ({
    name: read.attachments[i]?.name ?? name,
    bytes: read.attachments[i]?.bytes ?? 0,
    sha256Sent: sha256(bytes),
    sha256Received: read.attachments[i]?.sha256 ?? "",
  }));
  const bodySha256Sent = sha256(withLineFeeds(mail.body));
  const unchanged =
    bodySha256Sent === read.bodySha256 &&
    mail.attachments.length === read.attachments.length &&
    attachments.every(({ sha256Sent, sha256Received }) => sha256Sent === sha256Received);
  return {
    delivered: unchanged && read.message.signature === "valid" && read.message.subject === mail.subject,
    bodySha256Sent,
    bodySha256Received: read.bodySha256,
    attachments,
    subjectReceived: read.message.subject,
    signature: read.message.signature,
    latencyMs: read.readAt - sent.sentAt,
    fragments: journey.fragments,
    hops: way.slice(0, -1).map(({ node, arrivedAt, drawnDelayMs = 0 }, i) => ({
      node: network.nameOf(node),
      layer: i + 1,
      arrivedAt,
      drawnDelayMs,
    })),
    mailbox: end === undefined ? null : { node: network.nameOf(end.node), arrivedAt: end.arrivedAt },
    coverPackets: observations.coverBetween(sent.sentAt, knownAt),
    receiptMs: journey.deliveredAt === undefined ? null : journey.deliveredAt - sent.sentAt,
    suite: parameters.suite,
    rates: ratesOf(parameters),
  };
}
