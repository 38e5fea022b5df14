/** Four people who write to each other all the time, and a book of what was written and what came. */

import assert from "node:assert/strict";
import type { Conversation } from "#main/contract/contract.ts";
import type { Member } from "#test/integration/support/member.ts";
import { addressOf } from "#test/demo/story.ts";
import { exponential, pick, type RandomSource } from "#transport/core/random.ts";
import { milliseconds } from "#transport/core/units.ts";

interface Written {
  readonly subject: string;
  readonly from: Member;
  readonly to: Member;
  readonly at: number;
  /** False when the writer's program ended before it answered: then the mail may or may not exist. */
  readonly accepted: boolean;
  readonly messageId: string | undefined;
  arrivedAt: number | undefined;
}

export interface CorrespondenceOptions {
  readonly people: readonly Member[];
  /** Between two mails of all people together, in milliseconds. */
  readonly meanInterval: number;
  readonly random: RandomSource;
}

/** Between two looks at an inbox. */
const LOOK_MILLISECONDS = 1_000;
/** The contract gives no more at once. */
const PAGE = 200;

export class Correspondence {
  readonly #options: CorrespondenceOptions;
  readonly #mails = new Map<string, Written>();
  readonly #stopped = Promise.withResolvers<void>();
  #isOver = false;
  #work: Promise<unknown> | undefined;

  constructor(options: CorrespondenceOptions) {
    this.#options = options;
  }

  /** Begins once everybody knows everybody's keys. */
  async start(): Promise<void> {
    const { people } = this.#options;
    for (const from of people) {
      for (const to of people) {
        if (from === to) continue;
        await from.desktop.until(`the keys of ${to.name}`, 120, async () => {
          const { state } = await from.desktop.call("recipient.check", { address: addressOf(to) });
          return state === "private" || state === "verified" ? state : undefined;
        });
      }
    }
    this.#work = Promise.all([this.#writeOn(), ...people.map((person) => this.#readOn(person))]);
    // A failure is told by `end`; until then nobody goes on writing, least of all without a pause.
    this.#work.catch(() => this.stopWriting());
  }

  get accepted(): readonly Written[] {
    return [...this.#mails.values()].filter((mail) => mail.accepted);
  }

  get missing(): readonly Written[] {
    return this.accepted.filter((mail) => mail.arrivedAt === undefined);
  }

  /** Accepted, and written then. */
  written({ from, to }: { from: number; to: number }): readonly Written[] {
    return this.accepted.filter(({ at }) => at >= from && at < to);
  }

  /** Resolves when all that was accepted, and written then, is there, or the time is over. */
  async arrived(span: { from: number; to: number }, millisecondsMax: number): Promise<void> {
    const deadline = Date.now() + millisecondsMax;
    const isThere = (): boolean => this.written(span).every(({ arrivedAt }) => arrivedAt !== undefined);
    while (!isThere() && Date.now() < deadline) await pause(LOOK_MILLISECONDS);
  }

  stopWriting(): void {
    this.#isOver = true;
    this.#stopped.resolve();
  }

  /** Reads on until every accepted mail is there, or the time is over; the book is then final. */
  async end(millisecondsMax: number): Promise<void> {
    this.stopWriting();
    const deadline = Date.now() + millisecondsMax;
    while (this.missing.length > 0 && Date.now() < deadline) await pause(LOOK_MILLISECONDS);
    this.#readers = false;
    await this.#work;
  }

  #readers = true;

  /** From every reader's own store: each accepted mail is there once, and its signature holds. */
  async assertSound(): Promise<void> {
    const { lost, doubled, unsigned } = await this.#count();
    assert.ok(this.accepted.length > 0, "mails were written");
    assert.deepEqual(lost, [], "lost");
    assert.deepEqual(doubled, [], "doubled");
    assert.deepEqual(unsigned, [], "signatures that do not hold");
  }

  async #count(): Promise<{ lost: string[]; doubled: string[]; unsigned: string[] }> {
    const found = new Map<string, number>();
    const unsigned: string[] = [];
    for (const person of this.#options.people) {
      for (const { subject, signature } of await allReceived(person)) {
        found.set(subject, (found.get(subject) ?? 0) + 1);
        if (signature !== "valid") unsigned.push(`${subject}: ${signature}`);
      }
    }
    for (const subject of found.keys()) assert.ok(this.#mails.has(subject), `nobody wrote "${subject}"`);
    return {
      lost: this.accepted.filter(({ subject }) => !found.has(subject)).map(describe),
      doubled: [...found].filter(([, times]) => times > 1).map(([subject, times]) => `${subject}, ${times} times`),
      unsigned,
    };
  }

  async #writeOn(): Promise<void> {
    const { meanInterval, random, people } = this.#options;
    for (let number = 1; !this.#isOver; number++) {
      await Promise.race([pause(exponential(random, milliseconds(meanInterval))), this.#stopped.promise]);
      const from = pick(random, people);
      const to = pick(
        random,
        people.filter((person) => person !== from),
      );
      void this.#write(from, to, `Mail ${number}`);
    }
  }

  async #write(from: Member, to: Member, subject: string): Promise<void> {
    const at = Date.now();
    const base = { subject, from, to, at, arrivedAt: undefined };
    const text = `This is ${subject}.\n`;
    const saved = await from.ask("draft.save", { to: [addressOf(to)], subject, text }).catch(() => undefined);
    if (saved === undefined) return; // the program is down or has no room: nobody was told that anything is queued
    // Already in the book: a mail may arrive before its writer's window hears that it is queued.
    this.#mails.set(subject, { ...base, accepted: false, messageId: undefined });
    const sent = await from.ask("draft.send", { draftId: saved.id }).catch(() => undefined);
    if (sent === undefined) return;
    const arrivedAt = this.#mails.get(subject)?.arrivedAt;
    this.#mails.set(subject, { ...base, arrivedAt, accepted: true, messageId: sent.messageId });
  }

  async #readOn(person: Member): Promise<void> {
    while (this.#readers) {
      await pause(LOOK_MILLISECONDS);
      for await (const { id, subject, unread } of inbox(person)) {
        const mail = this.#mails.get(subject);
        if (mail !== undefined) mail.arrivedAt ??= Date.now();
        // Whoever opens a mail lets its writer know.
        if (unread) await person.ask("mail.markRead", { conversationId: id }).catch(hasRoom);
      }
    }
  }
}

interface Received {
  readonly subject: string;
  readonly signature: string;
}

async function allReceived(person: Member): Promise<Received[]> {
  const received: Received[] = [];
  for await (const { id } of inbox(person)) {
    const { messages } = await person.desktop.call("mail.thread", { conversationId: id });
    for (const { direction, subject, signature } of messages) {
      if (direction === "in") received.push({ subject, signature });
    }
  }
  return received;
}

/** To its end, unless the program is down: mail written with a clock that was behind is not among the newest. */
async function* inbox(person: Member): AsyncIterable<Conversation> {
  for (let last: Conversation | undefined; ; ) {
    const page = { folder: "inbox", limit: PAGE, ...(last && { before: { at: last.at, id: last.id } }) } as const;
    const conversations: readonly Conversation[] = (await person.ask("mail.list", page))?.conversations ?? [];
    yield* conversations;
    last = conversations.at(-1);
    if (conversations.length < PAGE) return;
  }
}

/** A reader whose disk is full is told so, and opens the mail again later. */
function hasRoom(error: unknown): void {
  if ((error as { code?: unknown }).code !== "DISK_FULL") throw error;
}

const describe = ({ subject, from, to, at }: Written): string =>
  `${subject} from ${from.name} to ${to.name}, written at ${new Date(at).toISOString()}`;

const pause = (wait: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, wait));
