/**
 * The way of a mail in, as docs/architecture.md numbers it, from what the transport put together to the stored message; and
 * afterwards the receipt. Decrypting asks nobody anything, except for the certificate of a sender who is a stranger.
 */

import type { Clock, IncomingMessage, MixClient, RandomSource } from "#transport";
import { toMainError } from "../error.ts";
import type { Contact, Contacts } from "../keys/contacts.ts";
import { type Envelope, readEnvelope } from "../mime/envelope.ts";
import type { Mail } from "../mime/mail.ts";
import { type Parsed, parseMail } from "../mime/parse.ts";
import { decryptAndVerify, type Opened } from "../pgp/open.ts";
import { newId } from "../store/ids.ts";
import type { Arrival, Content, MessageRecord, Signature } from "../store/records.ts";
import type { Store } from "../store/store.ts";
import type { Owner } from "./owner.ts";

export interface InboundDependencies {
  readonly store: Store;
  readonly client: MixClient;
  readonly contacts: Contacts;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly owner: Owner;
  /** A conversation changed. */
  readonly changed: (conversationId: string) => void;
}

export class Inbound {
  readonly #d: InboundDependencies;
  readonly #taking = new Map<string, Promise<void>>();
  #settling: Promise<void> | undefined;
  #again = false;

  constructor(dependencies: InboundDependencies) {
    this.#d = dependencies;
  }

  /** Steps 10 and 11. Offered twice, a message is stored once. */
  take(incoming: IncomingMessage): Promise<void> {
    const key = Buffer.from(incoming.messageId).toString("hex");
    const running = this.#taking.get(key);
    if (running !== undefined) return running;
    const taking = this.#take(incoming).finally(() => this.#taking.delete(key));
    this.#taking.set(key, taking);
    return taking;
  }

  async #take(incoming: IncomingMessage): Promise<void> {
    const read = await this.#read(incoming.body, incoming.receivedAt);
    const conversationId = await this.#d.store.addArrival(this.#arrival(incoming, read), newId(this.#d.random));
    await this.#d.client.consumed(incoming.messageId);
    if (read.signature === "valid") await this.#d.contacts.rename(read.mail.from.address, read.mail.from.name);
    if (conversationId !== undefined) this.#d.changed(conversationId);
    await this.settle();
  }

  /** Envelope, decryption and verification, parsing, judgement: step 10. */
  async #read(body: Uint8Array, receivedAt: number): Promise<Read> {
    const envelope = await readEnvelope(body);
    if (envelope.kind !== "encrypted") return this.#readUnsealed(envelope, body, receivedAt);
    const sender = envelope.from === undefined ? undefined : await this.#sender(envelope.from, { askAgain: false });
    let opened = await this.#open(envelope.ciphertext, sender);
    let judgedBy = sender;
    if (opened?.signature === "unknown-key" && sender?.record.pinned !== undefined && envelope.from !== undefined) {
      // Signed with another key than the pinned one: has the sender published a new one?
      judgedBy = await this.#sender(envelope.from, { askAgain: true });
      opened = await this.#open(envelope.ciphertext, judgedBy);
    }
    const parsed = opened && (await parseMail(opened.payload, { receivedAt }));
    if (opened === undefined || parsed === undefined) return broken(envelope.from, receivedAt);
    const signature = judge({
      opened,
      parsed,
      sender: judgedBy,
      outerFrom: envelope.from,
      reader: this.#d.owner.address,
    });
    const verified = signature === "valid" && judgedBy?.record.verified === true;
    return {
      mail: parsed.mail,
      content: verified ? "verified" : "private",
      signature,
      signedBy: opened.signedBy,
      // Nobody could be asked whose signature it is: keep the mail as it came and judge it later.
      undecided: signature === "unknown-key" && judgedBy?.state === "unavailable",
    };
  }

  async #readUnsealed(envelope: Envelope, body: Uint8Array, receivedAt: number): Promise<Read> {
    const parsed = envelope.kind === "open" ? await parseMail(body, { receivedAt }) : undefined;
    if (parsed === undefined) return broken(undefined, receivedAt);
    return { mail: parsed.mail, content: "open", signature: "none", signedBy: undefined, undecided: false };
  }

  async #sender(address: string, o: { askAgain: boolean }): Promise<Contact | undefined> {
    return address === this.#d.owner.address ? undefined : this.#d.contacts.sender(address, o);
  }

  async #open(ciphertext: Uint8Array, sender: Contact | undefined): Promise<Opened | undefined> {
    const { owner, clock, contacts } = this.#d;
    const changed = sender && (await contacts.changedCertificate(sender));
    // Mail from ourselves is verified with our own certificate.
    const senders = sender === undefined ? [owner.certificate] : [sender.certificate, changed];
    return decryptAndVerify({
      ciphertext,
      reader: owner.privateKey,
      senders: senders.filter((certificate) => certificate !== undefined),
      now: clock.now(),
    });
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
      receipt: read.signature === "valid" || read.undecided ? "waiting" : "none",
    };
    return {
      message,
      html: mail.html,
      attachments: mail.attachments.map((file) => ({ ...file, handle: newId(this.#d.random) })),
      references: [...mail.references, ...(mail.inReplyTo === undefined ? [] : [mail.inReplyTo])],
      signedBy: read.signedBy,
      source: read.undecided ? incoming.body : undefined,
    };
  }

  /**
   * What stored mail still wants: a signature judged that could not be, a receipt for someone who has been accepted since.
   * At every start, after every arrival, when a conversation is opened, and when the network is back.
   */
  settle(): Promise<void> {
    this.#again = true;
    this.#settling ??= this.#settleAll().finally(() => {
      this.#settling = undefined;
    });
    return this.#settling;
  }

  async #settleAll(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      for (const message of await this.#d.store.unsettled()) await this.#settleOne(message);
    }
  }

  async #settleOne(stored: MessageRecord): Promise<void> {
    const { store, client, contacts } = this.#d;
    let message = stored;
    const source = await store.source(message.id);
    if (source !== undefined) {
      const read = await this.#read(source, message.at);
      if (read.undecided) return;
      const receipt = read.signature === "valid" ? "waiting" : "none";
      message = { ...message, content: read.content, signature: read.signature, receipt };
      await store.updateMessage(message, { unsettled: receipt === "waiting", keepSource: false });
      this.#d.changed(message.conversationId);
    }
    if (message.receipt !== "waiting" || message.transportId === undefined) return;
    const known = await store.contact(message.from.address);
    if (known?.accepted !== true) return;
    const { record, state } = await contacts.reader(message.from.address);
    if (record.record === undefined || (state !== "private" && state !== "verified")) return;
    try {
      await client.acknowledge({ messageId: message.transportId, to: record.record });
    } catch (error) {
      if (toMainError(error).code === "INTERNAL") throw error;
      return;
    }
    await store.updateMessage({ ...message, receipt: "asked" }, { unsettled: false, keepSource: false });
  }
}

interface Read {
  readonly mail: Mail;
  readonly content: Content;
  readonly signature: Signature;
  readonly signedBy: string | undefined;
  readonly undecided: boolean;
}

/**
 * "valid" means: the From inside and outside agree, its owner's key signed exactly this, and it was written to this reader.
 * The last keeps somebody from passing a signed mail on as if it had been meant for us (surreptitious forwarding).
 */
function judge(o: {
  opened: Opened;
  parsed: Parsed;
  sender: Contact | undefined;
  outerFrom: string | undefined;
  reader: string;
}): Signature {
  const { opened, parsed, sender } = o;
  if (opened.signature !== "valid") return opened.signature;
  const bound =
    parsed.protection === "cipher" &&
    parsed.mail.from.address === o.outerFrom &&
    parsed.mail.to.some(({ address }) => address === o.reader);
  if (!bound) return "address-differs";
  return sender === undefined || opened.signedBy === sender.certificate?.fingerprint ? "valid" : "key-changed";
}

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
  return { mail, content: "broken", signature: "none", signedBy: undefined, undecided: false };
}
