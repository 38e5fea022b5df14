/**
 * What the mail thread does, by name: all that reads or writes OpenPGP and MIME. It holds the owner's private key, which
 * never leaves it but to be stored with a later expiry. Spec: docs/spec/12-mail.md
 */

import { MainError } from "../error.ts";
import { composeMessage, composePayload } from "../mime/compose.ts";
import { readEnvelope } from "../mime/envelope.ts";
import { type Parsed, parseMail } from "../mime/parse.ts";
import {
  extended,
  forgetOwnKey,
  generateKeyPair,
  type KeyPair,
  type PrivateKey,
  readCertificate,
  readOwnKey,
} from "../pgp/certificate.ts";
import { decryptAndVerify } from "../pgp/open.ts";
import { signAndEncrypt } from "../pgp/seal.ts";
import { wipe } from "#transport";
import type { Inspected, Opened, OpenJob, ReadCertificate, SealJob } from "./jobs.ts";

export class MailTasks {
  /** The key as read, and the bytes it was read from, of which it shows parts. */
  #own: { readonly key: PrivateKey; readonly bytes: Uint8Array } | undefined;

  async unlock(bytes: Uint8Array): Promise<void> {
    this.lock();
    this.#own = { key: await readOwnKey(bytes), bytes };
  }

  lock(): void {
    if (this.#own === undefined) return;
    forgetOwnKey(this.#own.key);
    wipe(this.#own.bytes);
    this.#own = undefined;
  }

  generateKeys(o: { address: string; now: number }): Promise<KeyPair> {
    return generateKeyPair(o);
  }

  /** The owner's keys with a later expiry, or undefined while there is time enough. */
  async prolong(o: { certificate: Uint8Array; address: string; now: number }): Promise<KeyPair | undefined> {
    const { certificate, address, now } = o;
    const pair = await extended({ pair: { privateKey: this.#owner().bytes, certificate }, address, now });
    if (pair !== undefined) await this.unlock(pair.privateKey.slice());
    return pair;
  }

  /** Undefined when the bytes are no certificate for `address`. */
  async readCertificate(o: { bytes: Uint8Array; address: string; now: number }): Promise<ReadCertificate | undefined> {
    const read = await readCertificate(o);
    return read && { bytes: read.bytes, fingerprint: read.fingerprint, usability: read.usability };
  }

  /** MIME with protected headers, signed and encrypted, one form for each reader. Throws MESSAGE_TOO_LARGE, KEY_EXPIRED, NOT_PRIVATE. */
  async seal(o: SealJob): Promise<Uint8Array[]> {
    const { mail, now } = o;
    const size = mail.attachments.reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (size > o.messageBytesMax) throw new MainError("MESSAGE_TOO_LARGE");
    const sealed: Uint8Array[] = [];
    for (const { outer, address, certificate, boundaries } of o.copies) {
      const reader = await readCertificate({ bytes: certificate, address, now });
      if (reader === undefined) throw new MainError("NOT_PRIVATE");
      const left = [...boundaries];
      const boundary = (): string => left.pop() as string;
      const payload = composePayload({ mail, outer, boundaries: boundary });
      const ciphertext = await signAndEncrypt({ payload, signer: this.#owner().key, reader, now });
      const message = composeMessage({ outer, ciphertext, boundary: boundary() });
      if (message.length > o.messageBytesMax) throw new MainError("MESSAGE_TOO_LARGE");
      sealed.push(message);
    }
    return sealed;
  }

  /** Whether a message that arrived is encrypted, and who seems to have sent it; parsed at once when it is open. */
  async inspect(o: { message: Uint8Array; receivedAt: number }): Promise<Inspected> {
    const { message, receivedAt } = o;
    const envelope = await readEnvelope(message);
    if (envelope.kind === "encrypted") return { message, kind: envelope.kind, from: envelope.from };
    if (envelope.kind === "broken") return { message, kind: envelope.kind };
    return { message, kind: "open", parsed: await parseMail(message, { receivedAt }) };
  }

  /** Decrypts, verifies and parses an encrypted message. */
  async open(o: OpenJob): Promise<Opened> {
    const { message, now, receivedAt } = o;
    const envelope = await readEnvelope(message);
    if (envelope.kind !== "encrypted") return { message, content: undefined };
    const senders = await Promise.all(
      o.senders.map(({ address, certificate }) => readCertificate({ bytes: certificate, address, now })),
    );
    const opened = await decryptAndVerify({
      ciphertext: envelope.ciphertext,
      reader: this.#owner().key,
      senders: senders.filter((sender) => sender !== undefined),
      now,
    });
    const parsed = opened && (await parseMail(opened.payload, { receivedAt }));
    if (opened === undefined || parsed === undefined) return { message, content: undefined };
    return { message, content: { ...parsed, signature: opened.signature, signedBy: opened.signedBy } };
  }

  /** A mail file of the user's own. Undefined when it is none. */
  parseFile(o: { bytes: Uint8Array; receivedAt: number }): Promise<Parsed | undefined> {
    return parseMail(o.bytes, { receivedAt: o.receivedAt, fromRequired: false });
  }

  #owner(): { key: PrivateKey; bytes: Uint8Array } {
    if (this.#own === undefined) throw new MainError("LOCKED");
    return this.#own;
  }
}
