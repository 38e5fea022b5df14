/** Two people with OpenPGP keys, and a mail between them, for tests of mime and pgp. */

import { composeMessage, composePayload } from "#main/mime/compose.ts";
import type { Mail } from "#main/mime/mail.ts";
import { mailId, mixedOuterHeader, type OuterHeader } from "#main/mime/outer-header.ts";
import {
  type Certificate,
  generateKeyPair,
  type KeyPair,
  type PrivateKey,
  readCertificate,
  readOwnKey,
} from "#main/pgp/certificate.ts";
import { signAndEncrypt } from "#main/pgp/seal.ts";
import { SeededRandom } from "./seeded-random.ts";

export const NOW = Date.UTC(2026, 10, 22);
export const random = new SeededRandom("mail-keys");

export interface Keyholder {
  readonly address: string;
  readonly pair: KeyPair;
  readonly certificate: Certificate;
  readonly privateKey: PrivateKey;
}

export async function keyholder(address: string, now: number = NOW): Promise<Keyholder> {
  return keyholderOf({ address, pair: await generateKeyPair({ address, now }), now });
}

export async function keyholderOf(o: { address: string; pair: KeyPair; now: number }): Promise<Keyholder> {
  const { address, pair, now } = o;
  const certificate = await readCertificate({ bytes: pair.certificate, address, now });
  if (certificate === undefined) throw new Error("a certificate we made is none");
  return { address, pair, certificate, privateKey: await readOwnKey(pair.privateKey) };
}

export function mailFrom(from: string, to: string, o: Partial<Mail> = {}): Mail {
  return {
    from: { address: from, name: "" },
    to: [{ address: to, name: "" }],
    subject: "Subject",
    at: NOW,
    messageId: mailId({ from, random }),
    inReplyTo: undefined,
    references: [],
    text: "Text",
    html: undefined,
    attachments: [],
    ...o,
  };
}

export const boundary = (): string => Buffer.from(random.bytes(16)).toString("hex");
export const outerFor = (from: string, now: number = NOW): OuterHeader => mixedOuterHeader({ from, now, random });

/** The whole message as it crosses the network. */
export async function sealMail(o: {
  mail: Mail;
  signer: Keyholder;
  reader: Keyholder;
  outerFrom?: string;
  payload?: Uint8Array;
  now?: number;
}): Promise<Uint8Array> {
  const now = o.now ?? NOW;
  const outer = outerFor(o.outerFrom ?? o.mail.from.address, now);
  const payload = o.payload ?? composePayload({ mail: o.mail, outer, boundaries: boundary });
  const { certificate } = o.reader;
  const ciphertext = await signAndEncrypt({ payload, signer: o.signer.privateKey, reader: certificate, now });
  return composeMessage({ outer, ciphertext, boundary: boundary() });
}
