/**
 * The way of a mail out, as docs/architecture.md numbers it: what a draft becomes, step by step, until the transport has it.
 * A draft leaves the drafts only together with its sealed forms (one transaction), so that nothing is lost in between; each
 * form already has the id under which the transport will know it, so that nothing is sent twice either.
 */

import { type Clock, type MixClient, messageId, type RandomSource } from "#transport";
import type { ErrorCode } from "../contract/contract.ts";
import { MainError, toMainError } from "../error.ts";
import type { Contact, Contacts, ContactState } from "../keys/contacts.ts";
import type { ReadCertificate } from "../mail-work/jobs.ts";
import { BOUNDARIES } from "../mail-work/limits.ts";
import type { MailWork } from "../mail-work/mail-work.ts";
import type { Mail } from "../mime/mail.ts";
import { mailId, mixedOuterHeader } from "../mime/outer-header.ts";
import { newId } from "../store/ids.ts";
import type { DeliveryRecord, SealedBody, Unsent } from "../store/records.ts";
import type { Store } from "../store/store.ts";
import type { Owner } from "./owner.ts";
import { RerunLoop } from "./rerun-loop.ts";

export interface OutboundDependencies {
  readonly store: Store;
  readonly client: MixClient;
  readonly contacts: Contacts;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly mailWork: MailWork;
  readonly owner: Owner;
  readonly messageBytesMax: number;
}

export interface Sent {
  readonly messageId: string;
  readonly conversationId: string;
  readonly expectedAt: number;
}

export class Outbound {
  readonly #d: OutboundDependencies;
  readonly #handingOver: RerunLoop<Unsent>;

  constructor(dependencies: OutboundDependencies) {
    this.#d = dependencies;
    const { store } = dependencies;
    this.#handingOver = new RerunLoop({ list: () => store.unsent(), work: (unsent) => this.#handOverOne(unsent) });
  }

  /** Durable when it resolves. Throws why the mail cannot leave as it is; then the draft stays. */
  async send(draftId: string): Promise<Sent> {
    const { store, clock, random, owner, client } = this.#d;
    // Signed now, it would say another time; and whose key is good cannot be told.
    const now = client.status().state;
    if (now === "clock-wrong") throw new MainError("CLOCK_WRONG");
    if (now === "removed") throw new MainError("DEVICE_UNKNOWN");
    const draft = await store.draft(draftId);
    const readers = await this.#readers(draft.to);
    const answered = draft.inReplyTo === undefined ? undefined : await store.message(draft.inReplyTo);
    const references = answered === undefined ? [] : [...answered.references, answered.messageId].filter(Boolean);
    const mail: Mail = {
      from: { address: owner.address, name: owner.name },
      to: readers.map(({ record }) => ({ address: record.address, name: record.name })),
      subject: draft.subject,
      at: Math.floor(clock.now() / 1000) * 1000,
      messageId: mailId({ from: owner.address, random }),
      inReplyTo: references.at(-1),
      references,
      text: draft.text,
      html: draft.html,
      attachments: await store.attachments(draftId),
    };
    const bodies = await this.#seal(mail, readers);
    for (const { record } of readers) await this.#d.contacts.accept(record.address);
    const id = newId(random);
    const conversationId = await store.addDeparture(
      {
        message: {
          id,
          direction: "out",
          from: mail.from,
          to: mail.to,
          subject: mail.subject,
          text: mail.text,
          at: Math.floor(clock.now()),
          hasHtml: mail.html !== undefined,
          messageId: mail.messageId,
          references,
          content: readers.every(({ state }) => state === "verified") ? "verified" : "private",
          signature: "valid",
        },
        html: mail.html,
        draftId,
        references,
        bodies,
      },
      newId(random),
    );
    // It is sent, whatever happens now: what is not handed over is tried again.
    await this.handOver().catch(() => undefined);
    return { messageId: id, conversationId, expectedAt: Math.max(...bodies.map(({ expectedAt }) => expectedAt)) };
  }

  /** Gives the transport what it has not taken: after sending, at every start, and when the network is back. */
  handOver(): Promise<void> {
    return this.#handingOver.run();
  }

  /** The transport sends it again, to the reader's newest key: the private half of the old one may be gone. */
  async retry({ address, transportId, delivery }: DeliveryRecord): Promise<void> {
    if (delivery === "delivered") return;
    const { client, contacts } = this.#d;
    const { record, state } = await contacts.reader(address);
    await client.retry({ messageId: transportId, to: mayWriteTo(state) ? record.record : undefined });
  }

  /** Steps 1 and 2: MIME with protected headers, signed and encrypted, one form for each reader. */
  async #seal(mail: Mail, readers: readonly (Contact & { certificate: ReadCertificate })[]): Promise<SealedBody[]> {
    const { client, clock, random, owner, messageBytesMax, mailWork } = this.#d;
    const now = clock.now();
    const boundary = (): string => Buffer.from(random.bytes(16)).toString("hex");
    const copies = readers.map(({ record, certificate }) => ({
      outer: mixedOuterHeader({ from: owner.address, now, random }),
      address: record.address,
      certificate: certificate.bytes,
      boundaries: Array.from({ length: BOUNDARIES }, boundary),
    }));
    const sealed = await mailWork.seal({ mail, copies, messageBytesMax, now });
    return Promise.all(
      sealed.map(async (body, i) => ({
        address: copies[i]?.address as string,
        transportId: messageId(random.bytes(16)),
        body,
        expectedAt: Math.round(
          now + (await client.estimate({ bytes: body.length, copies: i + 1, to: readers[i]?.record.record })),
        ),
      })),
    );
  }

  async #readers(addresses: readonly string[]): Promise<(Contact & { certificate: ReadCertificate })[]> {
    const unique = [...new Set(addresses.map((address) => address.trim().toLowerCase()))];
    if (unique.length === 0) throw new MainError("NO_RECIPIENT");
    const readers = await Promise.all(unique.map((address) => this.#d.contacts.reader(address)));
    return readers.map(({ record, state, failure, certificate }) => {
      if (certificate === undefined || !mayWriteTo(state)) throw new MainError(whyNot(state, failure));
      return { record, state, failure, certificate };
    });
  }

  /** Steps 3 to 5 are the transport's: split, seal, and wait for a slot. Done twice under one id, they are done once. */
  async #handOverOne({ message, position, address, transportId }: Unsent): Promise<void> {
    const { store, client, contacts } = this.#d;
    const { record, state, failure } = await contacts.reader(address);
    if (record.record === undefined || !mayWriteTo(state))
      return store.noteFailure({ message, position, errorCode: whyNot(state, failure) });
    const body = await store.unsentBody({ message, position });
    if (body === undefined) return;
    try {
      await client.send({ id: transportId, to: record.record, body });
    } catch (error) {
      const { code } = toMainError(error);
      // Until this device is one of its account again, it waits.
      if (code === "INTERNAL" || code === "LOCKED" || code === "DEVICE_UNKNOWN") throw error;
      return store.noteFailure({ message, position, errorCode: code });
    }
    await store.noteHandedOver({ message, position });
  }
}

const mayWriteTo = (state: ContactState): boolean => state === "private" || state === "verified";

/** Who has used up the day's questions does not try again in a few minutes. */
const whyNot = (state: ContactState, failure: ErrorCode | undefined): ErrorCode =>
  state === "unavailable" && failure === "LOOKUPS_USED_UP" ? failure : WHY_NOT[state];

/** Why nothing is sent to a reader in this state. The first two entries are never asked for. */
const WHY_NOT = {
  private: "INTERNAL",
  verified: "INTERNAL",
  changed: "KEY_CHANGED",
  expired: "KEY_EXPIRED",
  unknown: "UNKNOWN_RECIPIENT",
  unavailable: "LOOKUP_FAILED",
} as const satisfies Record<ContactState, string>;
