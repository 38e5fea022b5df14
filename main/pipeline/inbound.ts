/**
 * The way of a mail in, as docs/architecture.md numbers it, from what the transport put together to the stored message; and
 * afterwards the receipt. Decrypting asks nobody anything, except for the certificate of a sender who is a stranger.
 */

import { type Clock, type IncomingMessage, type MessageId, type MixClient, type RandomSource, toHex } from "#transport";
import { toMainError } from "../error.ts";
import type { Contact, Contacts } from "../keys/contacts.ts";
import type { Opened, OpenedContent } from "../mail-work/jobs.ts";
import type { MailWork } from "../mail-work/mail-work.ts";
import type { Mail } from "../mime/mail.ts";
import { newId } from "../store/ids.ts";
import type { Arrival, Content, Signature, Unsettled } from "../store/records.ts";
import type { Store } from "../store/store.ts";
import type { Owner } from "./owner.ts";
import { RerunLoop } from "./rerun-loop.ts";

export interface InboundDependencies {
  readonly store: Store;
  readonly client: MixClient;
  readonly contacts: Contacts;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly mailWork: MailWork;
  readonly owner: Owner;
  /** A conversation changed. */
  readonly changed: (conversationId: string) => void;
}

export class Inbound {
  readonly #d: InboundDependencies;
  readonly #taking = new Map<string, Promise<void>>();
  readonly #settling: RerunLoop<Unsettled>;
  /** What the next run looks at: all that is unsettled, or what has arrived since. */
  #isAllWanted = false;
  readonly #arrived = new Map<string, MessageId>();

  constructor(dependencies: InboundDependencies) {
    this.#d = dependencies;
    this.#settling = new RerunLoop({ list: () => this.#wanted(), work: (message) => this.#settleOne(message) });
  }

  /** Steps 10 and 11. Offered twice, a message is stored once. */
  take(incoming: IncomingMessage): Promise<void> {
    const key = toHex(incoming.messageId);
    const running = this.#taking.get(key);
    if (running !== undefined) return running;
    const taking = this.#take(incoming).finally(() => this.#taking.delete(key));
    this.#taking.set(key, taking);
    return taking.then(() => {
      this.#arrived.set(key, incoming.messageId);
      return this.#settling.run();
    });
  }

  /** Stored first, then reported as consumed: killed in between, it is offered again and found to be stored. */
  async #take(incoming: IncomingMessage): Promise<void> {
    const read = await this.#read(incoming.body, incoming.receivedAt);
    const conversationId = await this.#d.store.addArrival(this.#arrival(incoming, read), newId(this.#d.random));
    await this.#d.client.consumed(incoming.messageId);
    if (read.signature === "valid") await this.#d.contacts.rename(read.mail.from.address, read.mail.from.name);
    if (conversationId !== undefined) this.#d.changed(conversationId);
  }

  /** Envelope, decryption and verification, parsing, judgement: step 10. */
  async #read(message: Uint8Array, receivedAt: number): Promise<Read> {
    const inspected = await this.#d.mailWork.inspect({ message, receivedAt });
    switch (inspected.kind) {
      case "broken":
        return broken(undefined, receivedAt);
      case "open":
        return inspected.parsed === undefined ? broken(undefined, receivedAt) : unsealed(inspected.parsed.mail);
      case "encrypted":
        return this.#readSealed(inspected.message, { from: inspected.from, receivedAt });
    }
  }

  async #readSealed(message: Uint8Array, o: { from: string | undefined; receivedAt: number }): Promise<Read> {
    const { from, receivedAt } = o;
    let sender = from === undefined ? undefined : await this.#sender(from, { askAgain: false });
    let opened = await this.#open(message, { sender, receivedAt });
    const { content: first } = opened;
    if (first?.signature === "unknown-key" && sender?.record.pinned !== undefined && from !== undefined) {
      // Signed with another key than the pinned one: has the sender published a new one?
      sender = await this.#sender(from, { askAgain: true });
      opened = await this.#open(opened.message, { sender, receivedAt });
    }
    const { content } = opened;
    if (content === undefined) return broken(from, receivedAt);
    const signature = judge({ opened: content, sender, outerFrom: from, reader: this.#d.owner.address });
    const isVerified = signature === "valid" && sender?.record.verified === true;
    // Nobody could be asked whose signature it is: keep the mail as it came and judge it later.
    const isUndecided = signature === "unknown-key" && sender?.state === "unavailable";
    return {
      mail: content.mail,
      content: isVerified ? "verified" : "private",
      signature,
      signedBy: content.signedBy,
      undecided: isUndecided ? opened.message : undefined,
    };
  }

  async #sender(address: string, o: { askAgain: boolean }): Promise<Contact | undefined> {
    return address === this.#d.owner.address ? undefined : this.#d.contacts.sender(address, o);
  }

  async #open(message: Uint8Array, o: { sender: Contact | undefined; receivedAt: number }): Promise<Opened> {
    const { owner, clock, contacts, mailWork } = this.#d;
    const { sender, receivedAt } = o;
    const changed = sender && (await contacts.changedCertificate(sender));
    // Mail from ourselves is verified with our own certificate.
    const certificates = sender === undefined ? [owner.certificate] : [sender.certificate, changed];
    const address = sender?.record.address ?? owner.address;
    const senders = certificates.flatMap((certificate) =>
      certificate === undefined ? [] : [{ address, certificate: certificate.bytes }],
    );
    return mailWork.open({ message, senders, now: clock.now(), receivedAt });
  }

  #arrival(incoming: IncomingMessage, read: Read): Arrival {
    const { mail } = read;
    const message: Arrival["message"] = {
      id: newId(this.#d.random),
      direction: "in",
      from: mail.from,
      to: mail.to,
      subject: mail.subject,
      // A date in the future would stand on top of the list for ever.
      at: Math.floor(Math.min(mail.at, incoming.receivedAt)),
      text: mail.text,
      hasHtml: mail.html !== undefined,
      content: read.content,
      signature: read.signature,
      messageId: mail.messageId,
      references: mail.references,
      transportId: incoming.messageId,
      receipt: read.signature === "valid" || read.undecided !== undefined ? "waiting" : "none",
    };
    return {
      message,
      html: mail.html,
      attachments: mail.attachments.map((file) => ({ ...file, handle: newId(this.#d.random) })),
      references: [...mail.references, ...(mail.inReplyTo === undefined ? [] : [mail.inReplyTo])],
      signedBy: read.signedBy,
      source: read.undecided,
    };
  }

  /**
   * What stored mail still wants: a signature judged that could not be, a receipt for someone who has been accepted since.
   * At every start, when a conversation is opened, and when the network is back; what arrives is looked at by itself, for the mail
   * of strangers may wait for ever, and with each arrival all of it would be read.
   */
  settle(): Promise<void> {
    this.#isAllWanted = true;
    return this.#settling.run();
  }

  async #wanted(): Promise<Unsettled[]> {
    const { store } = this.#d;
    const [isAllWanted, arrived] = [this.#isAllWanted, new Map(this.#arrived)];
    this.#isAllWanted = false;
    this.#arrived.clear();
    try {
      if (isAllWanted) return await store.unsettled();
      return (await Promise.all([...arrived.values()].map((id) => store.unsettled(id)))).flat();
    } catch (error) {
      // Who asks next looks at these too.
      this.#isAllWanted ||= isAllWanted;
      for (const [key, id] of arrived) this.#arrived.set(key, id);
      throw error;
    }
  }

  async #settleOne(message: Unsettled): Promise<void> {
    const { transportId } = message;
    // Not consumed yet: it is settled when it is.
    if (transportId === undefined || this.#taking.has(toHex(transportId))) return;
    const receipt = message.hasSource ? await this.#judgeAgain(message) : message.receipt;
    if (receipt === "waiting") await this.#acknowledge(message, transportId);
  }

  /** What it says of the receipt then; undefined while nobody can be asked. */
  async #judgeAgain(message: Unsettled): Promise<Unsettled["receipt"]> {
    const { store } = this.#d;
    const source = await store.source(message.id);
    if (source === undefined) return message.receipt;
    const read = await this.#read(source, message.at);
    if (read.undecided !== undefined) return undefined;
    const { content, signature } = read;
    const receipt = signature === "valid" ? "waiting" : "none";
    const change = { content, signature, receipt } as const;
    await store.settleMessage(message.id, { change, unsettled: receipt === "waiting" });
    this.#d.changed(message.conversationId);
    return receipt;
  }

  async #acknowledge(message: Unsettled, messageId: MessageId): Promise<void> {
    const { store, client, contacts } = this.#d;
    const known = await store.contact(message.from.address);
    if (known?.accepted !== true) return;
    const { record, state } = await contacts.reader(message.from.address);
    if (record.record === undefined || (state !== "private" && state !== "verified")) return;
    let receipt: "asked" | "none" = "asked";
    try {
      await client.acknowledge({ messageId, to: record.record });
    } catch (error) {
      if (error instanceof RangeError)
        receipt = "none"; // So old that the transport has forgotten it, and its sender too.
      else if (toMainError(error).code === "INTERNAL") throw error;
      else return;
    }
    await store.settleMessage(message.id, { change: { receipt }, unsettled: false });
  }
}

interface Read {
  readonly mail: Mail;
  readonly content: Content;
  readonly signature: Signature;
  readonly signedBy: string | undefined;
  /** The mail as it came, when its signature could not be judged. */
  readonly undecided: Uint8Array | undefined;
}

/**
 * "valid" means: the From inside and outside agree, its owner's key signed exactly this, and it was written to this reader.
 * The last keeps somebody from passing a signed mail on as if it had been meant for us (surreptitious forwarding).
 */
function judge(o: {
  opened: OpenedContent;
  sender: Contact | undefined;
  outerFrom: string | undefined;
  reader: string;
}): Signature {
  const { opened, sender } = o;
  if (opened.signature !== "valid") return opened.signature;
  const bound =
    opened.protection === "cipher" &&
    opened.mail.from.address === o.outerFrom &&
    opened.mail.to.some(({ address }) => address === o.reader);
  if (!bound) return "address-differs";
  return sender === undefined || opened.signedBy === sender.certificate?.fingerprint ? "valid" : "key-changed";
}

const unsealed = (mail: Mail): Read => ({
  mail,
  content: "open",
  signature: "none",
  signedBy: undefined,
  undecided: undefined,
});

function broken(from: string | undefined, receivedAt: number): Read {
  const mail: Mail = {
    from: { address: from ?? "", name: "" },
    to: [],
    subject: "",
    at: receivedAt,
    messageId: "",
    inReplyTo: undefined,
    references: [],
    text: "",
    html: undefined,
    attachments: [],
  };
  return { mail, content: "broken", signature: "none", signedBy: undefined, undecided: undefined };
}
