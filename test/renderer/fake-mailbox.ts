/** Conversations, messages and their ways, as the fake program keeps them: the list says what the messages say. */

import type { Conversation, Journey, Message, Person } from "#main/contract/contract.ts";
import type { Announce } from "#main/rpc/serve.ts";
import { ALICE, type FakeMail } from "./fake-data.ts";

export class FakeMailbox {
  readonly conversations = new Map<string, Conversation>();
  readonly messages = new Map<string, Message[]>();
  readonly html = new Map<string, string>();
  readonly journeys = new Map<string, Journey>();
  readonly #now: () => number;
  readonly #newId: () => string;
  readonly #announce: Announce;

  constructor(o: { readonly now: () => number; readonly newId: () => string; readonly announce: Announce }) {
    this.#now = o.now;
    this.#newId = o.newId;
    this.#announce = o.announce;
  }

  /** A mail that came, or left; it joins the conversation with its subject. The message's id. */
  receive(mail: FakeMail): string {
    const existing = [...this.conversations.values()].find((one) => one.subject === mail.subject);
    const conversationId = existing?.id ?? this.#newId();
    const id = this.#newId();
    const at = this.#now() - mail.ago;
    const out = mail.from.address === ALICE.address;
    const attachments = (mail.files ?? []).map(({ name, type, bytes }) => ({
      handle: this.#newId(),
      name,
      type,
      bytes,
    }));
    const message: Message = {
      id,
      conversationId,
      direction: out ? "out" : "in",
      from: plain(mail.from),
      to: (mail.to ?? [ALICE]).map(plain),
      subject: mail.subject,
      at,
      text: mail.text,
      hasHtml: mail.html !== undefined,
      attachments,
      content: mail.content ?? "private",
      path: mail.path ?? "mixed",
      signature: mail.signature ?? "valid",
      unread: mail.unread ?? false,
      ...(mail.delivery === undefined ? {} : { delivery: mail.delivery }),
    };
    if (mail.html !== undefined) this.html.set(id, mail.html);
    this.messages.set(conversationId, [...(this.messages.get(conversationId) ?? []), message]);
    this.#summarise(conversationId);
    if (out && mail.delivery !== undefined) this.journeys.set(id, sampleJourney(message, mail.delivery));
    this.#announce("mail.changed", { conversationId });
    return id;
  }

  /** Newest first. */
  inFolder(folder: "inbox" | "sent"): Conversation[] {
    return [...this.conversations.values()]
      .filter(({ id }) => this.messages.get(id)!.some(({ direction }) => (direction === "in") === (folder === "inbox")))
      .toSorted((a, b) => b.at - a.at);
  }

  search(query: string): Conversation[] {
    const word = query.toLowerCase();
    const fits = ({ id }: Conversation): boolean =>
      this.messages.get(id)!.some((one) => `${one.subject} ${one.text} ${one.from.name}`.toLowerCase().includes(word));
    return [...this.conversations.values()].filter(fits);
  }

  /** False where there is no such conversation. */
  markRead(conversationId: string): boolean {
    if (!this.messages.has(conversationId)) return false;
    this.#change(conversationId, (one) => Object.assign(one, { unread: false }));
    this.#announce("mail.changed", { conversationId });
    return true;
  }

  /** Moves a sent mail along. */
  advance(messageId: string, part: Partial<Journey>): void {
    const journey = { ...this.journeys.get(messageId)!, ...part };
    this.journeys.set(messageId, journey);
    const { conversationId } = [...this.messages.values()].flat().find(({ id }) => id === messageId)!;
    this.#change(conversationId, (one) =>
      one.id === messageId ? Object.assign(one, { delivery: journey.delivery }) : one,
    );
    this.#announce("journey.changed", { messageId });
    this.#announce("mail.changed", { conversationId });
  }

  #change(conversationId: string, changed: (one: Message) => Message): void {
    this.messages.set(conversationId, this.messages.get(conversationId)!.map(changed));
    this.#summarise(conversationId);
  }

  #summarise(conversationId: string): void {
    const all = this.messages.get(conversationId)!.toSorted((a, b) => a.at - b.at);
    this.messages.set(conversationId, all);
    const newest = all.at(-1)!;
    const others = all.flatMap(({ from, to }) => [from, ...to]).filter(({ address }) => address !== ALICE.address);
    const delivery = all.findLast(({ direction }) => direction === "out")?.delivery;
    this.conversations.set(conversationId, {
      id: conversationId,
      people: [...new Map(others.map((person) => [person.address, plain(person)])).values()],
      subject: newest.subject,
      firstLine: newest.text.split("\n", 1)[0]!.slice(0, 200),
      at: newest.at,
      unread: all.some(({ unread }) => unread),
      messages: all.length,
      hasAttachments: all.some(({ attachments }) => attachments.length > 0),
      content: newest.content,
      path: newest.path,
      ...(delivery === undefined ? {} : { delivery }),
    });
  }
}

/** Only what the contract knows of a person. */
const plain = ({ name, address }: Person): Person => ({ name, address });

function sampleJourney({ id, to, at }: Message, delivery: Journey["delivery"]): Journey {
  const past = ["queued", "mixing", "stored", "delivered"].indexOf(delivery);
  return {
    messageId: id,
    recipient: to.at(0)?.address ?? "",
    delivery,
    fragments: 4,
    fragmentsSent: past >= 2 ? 4 : past === 1 ? 2 : 0,
    queuedAt: at,
    ...(past >= 1 ? { firstSentAt: at + 14_000 } : {}),
    ...(past >= 2 ? { lastSentAt: at + 61_000, storedAt: at + 80_000 } : {}),
    ...(past >= 3 ? { deliveredAt: at + 131_000 } : {}),
    expectedAt: at + 130_000,
    waitingFor: "none",
    goesTo: "mailbox",
    ...(delivery === "failed" ? { errorCode: "KEY_EXPIRED" } : {}),
  };
}
