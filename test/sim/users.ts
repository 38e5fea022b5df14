/**
 * The people of a simulation and the programs above their clients: they look readers up, write, read, let the writer know and
 * answer. What they know outlives a crash of their program, as a program's disk would.
 */

import { TransportError } from "#transport/core/errors.ts";
import { type MessageId, type Milliseconds, milliseconds, seconds } from "#transport/core/units.ts";
import type { MailboxRecord } from "#transport/directory/mailbox-record.ts";
import type { TransportClient } from "#transport/client/client.ts";
import { LookupCount } from "./lookup-count.ts";
import type { Workload, Writing } from "./workload.ts";
import type { ClientOptions, SimClient } from "./sim-client.ts";
import type { World } from "./world.ts";

/** What became of one message. */
export interface Fate {
  readonly writing: Writing;
  readonly fragments: number;
  /** Whether it was to go to a box of its reader's when it was taken. */
  readonly isToBox: boolean;
  /** When the client took it, durably. */
  readonly acceptedAt: Milliseconds;
  /** When its reader's program had it first. */
  readAt: Milliseconds | undefined;
  /** When its writer's client learnt of it. */
  deliveredAt: Milliseconds | undefined;
  /** When its writer's client said that it cannot be delivered. */
  failedAt: Milliseconds | undefined;
}

interface Person {
  readonly client: SimClient;
  readonly records: Map<number, MailboxRecord>;
  readonly lookups: Map<number, Promise<MailboxRecord>>;
  isUp: boolean;
}

export interface UsersOptions {
  readonly world: World;
  readonly workload: Workload | undefined;
  readonly scale: number;
  readonly begin: Milliseconds;
  /** Somebody's look-up ended, with an error or with an answer. */
  readonly looked: (name: string, error?: unknown) => void;
}

/** A program that cannot go on tries again after this. */
const AGAIN: Milliseconds = seconds(20);
const NUMBER_BYTES = 4;

export class Users {
  /** By the number that stands in the body of each message. */
  readonly fates = new Map<number, Fate>();
  readonly people: Person[] = [];
  /** What went wrong with a message's content. */
  readonly corrupted: string[] = [];
  readonly lookups: LookupCount;
  /** Writings that wait for a look-up, a provider, or their writer's program. */
  waiting = 0;
  readonly #world: World;
  readonly #workload: Workload | undefined;
  lastAcceptedAt: Milliseconds = milliseconds(0);
  readonly #scale: number;
  readonly #begin: Milliseconds;
  /** What was given to a client, by number, whether or not it took it. */
  readonly #offered: Writing[] = [];
  /** When a message was read before its writer's program had noted that it was sent. */
  readonly #early = new Map<number, Milliseconds>();
  /** By message id in hexadecimal. */
  readonly #numbers = new Map<string, number>();

  readonly #looked: UsersOptions["looked"];

  constructor(o: UsersOptions) {
    this.#world = o.world;
    this.#workload = o.workload;
    this.#scale = o.scale;
    this.#begin = o.begin;
    this.lookups = new LookupCount(o.world.providerNames.length);
    this.#looked = o.looked;
  }

  /** Makes the person's client; it is started by whoever calls. */
  add(options: Omit<ClientOptions, "program">): SimClient {
    const self = this.people.length;
    const client = this.#world.client({ ...options, program: (program) => this.#attach(self, program) });
    this.people.push({ client, records: new Map(), lookups: new Map(), isUp: true });
    return client;
  }

  /** Everybody writes from now on. */
  begin(): void {
    for (const writing of this.#workload?.first ?? []) this.#plan(writing);
  }

  /** As kill -9 does: what is not on the disk now never will be. */
  async kill(self: number): Promise<void> {
    const person = this.people[self] as Person;
    person.isUp = false;
    person.client.store.refusal = new Error("this program is dead");
    await person.client.stop().catch(() => undefined); // It is meant to fail at whatever it still wants to write.
  }

  async restart(self: number): Promise<void> {
    const person = this.people[self] as Person;
    person.client.store.refusal = undefined;
    person.lookups.clear();
    await person.client.start();
    person.isUp = true;
  }

  /** Messages of which neither reader nor writer has heard. */
  get unsettled(): Fate[] {
    return [...this.fates.values()].filter(({ readAt, failedAt }) => readAt === undefined && failedAt === undefined);
  }

  #plan(writing: Writing): void {
    this.#world.clock.at(milliseconds(this.#begin + writing.at), () => void this.#write(writing));
  }

  async #write(writing: Writing): Promise<void> {
    this.waiting++;
    await this.#insist(writing.from, async ({ client }) => {
      const to = await this.#recordOf(writing.from, writing.to);
      const number = this.#offered.push(writing) - 1;
      const acceptedAt = this.#world.clock.now();
      const body = this.#body(number, writing.bytes);
      const id = await client.client.send({ to, body });
      const fragments = client.client.journeys().find((journey) => sameId(journey.messageId, id))?.fragments ?? 0;
      const isToBox = (await client.store.outgoing()).some(
        (kept) => sameId(kept.id, id) && kept.to.place !== undefined,
      );
      const readAt = this.#early.get(number);
      const fate = { writing, fragments, isToBox, acceptedAt, readAt, deliveredAt: undefined, failedAt: undefined };
      this.fates.set(number, fate);
      this.lastAcceptedAt = milliseconds(Math.max(this.lastAcceptedAt, acceptedAt));
      this.#numbers.set(hex(id), number);
    });
    this.waiting--;
  }

  #attach(self: number, client: TransportClient): void {
    client.on("message", ({ messageId, body }) => this.#read(self, messageId, body));
    client.on("progress", ({ messageId, delivery }) => {
      const number = this.#numbers.get(hex(messageId));
      const fate = number === undefined ? undefined : this.fates.get(number);
      if (fate === undefined) return;
      if (delivery === "delivered") fate.deliveredAt ??= this.#world.clock.now();
      if (delivery === "failed") fate.failedAt ??= this.#world.clock.now();
    });
  }

  #read(self: number, id: MessageId, body: Uint8Array): void {
    const number = new DataView(body.buffer, body.byteOffset).getUint32(0);
    const writing = this.#offered[number];
    if (writing === undefined || writing.to !== self || !equal(body, this.#body(number, writing.bytes))) {
      this.corrupted.push(`user ${self} read something that nobody wrote to them`);
      return;
    }
    const fate = this.fates.get(number);
    const isFirst = fate === undefined ? !this.#early.has(number) : fate.readAt === undefined;
    const now = this.#world.clock.now();
    if (fate === undefined) this.#early.set(number, now);
    else fate.readAt ??= now;
    if (isFirst) {
      const answer = this.#workload?.answerTo(writing, now - this.#begin);
      if (answer !== undefined) this.#plan(answer);
    }
    void this.#insist(self, async ({ client }) => {
      const to = await this.#recordOf(self, writing.from);
      await client.client.acknowledge({ messageId: id, to });
    });
  }

  async #recordOf(self: number, of: number): Promise<MailboxRecord> {
    const person = this.people[self] as Person;
    const known = person.records.get(of);
    if (known !== undefined && known.validUntil > this.#world.clock.now()) return known;
    const asked = person.lookups.get(of) ?? this.#lookup(self, of);
    person.lookups.set(of, asked);
    try {
      return await asked;
    } finally {
      if (person.lookups.get(of) === asked) person.lookups.delete(of);
    }
  }

  async #lookup(self: number, of: number): Promise<MailboxRecord> {
    const person = this.people[self] as Person;
    this.lookups.asked(self, of);
    const { address } = (this.people[of] as Person).client;
    const { name, client } = person.client;
    const record = await client.lookup(address).catch((error: unknown) => {
      this.#looked(name, error);
      throw error;
    });
    this.#looked(name);
    if (record === undefined) throw new TransportError("NO_CONSENSUS");
    person.records.set(of, record);
    return record;
  }

  /** A program that fails tries again, also after it was killed and started. */
  async #insist(self: number, work: (person: Person) => Promise<void>): Promise<void> {
    const person = this.people[self] as Person;
    for (;;) {
      try {
        if (person.isUp) return await work(person);
      } catch {
        // Tried again below; what never succeeds is seen by the check that all messages arrive.
      }
      await new Promise<void>((resolve) => {
        this.#world.clock.at(milliseconds(this.#world.clock.now() + AGAIN), resolve);
      });
    }
  }

  /** Its number, and after it a filling that no other message has. */
  #body(number: number, bytes: number): Uint8Array {
    const body = new Uint8Array(Math.max(NUMBER_BYTES + 1, Math.round(bytes / this.#scale))).fill(number % 251);
    new DataView(body.buffer).setUint32(0, number);
    return body;
  }
}

const hex = (id: MessageId): string => Buffer.from(id).toString("hex");
const sameId = (a: MessageId, b: MessageId): boolean => hex(a) === hex(b);
const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
