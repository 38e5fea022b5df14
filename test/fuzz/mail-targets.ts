/** Mail as it comes out of the mix network: its envelope, its OpenPGP message, a certificate, and the mail inside. */

import assert from "node:assert/strict";
import { readEnvelope } from "#main/mime/envelope.ts";
import { ATTACHMENTS_MAX, PEOPLE_MAX, REFERENCES_MAX, SUBJECT_CHARACTERS_MAX } from "#main/mime/limits.ts";
import { parseMail } from "#main/mime/parse.ts";
import { composePayload } from "#main/mime/compose.ts";
import { readCertificate } from "#main/pgp/certificate.ts";
import { decryptAndVerify } from "#main/pgp/open.ts";
import { boundary, keyholder, mailFrom, NOW, outerFor, sealMail } from "#test/support/mail-keys.ts";
import { equalBytes, utf8 } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import type { Target } from "./fuzz.ts";

export async function mailTargets(): Promise<Target[]> {
  const alice = await keyholder("alice@a.example");
  const bob = await keyholder("bob@b.example");
  const mails = [
    mailFrom(alice.address, bob.address, {
      inReplyTo: "<1@a.example>",
      references: ["<0@a.example>", "<1@a.example>"],
    }),
    mailFrom(alice.address, bob.address, {
      subject: "Grüße",
      html: "<p>Hello &amp; goodbye</p>",
      attachments: [{ name: "a b.txt", type: "text/plain", bytes: utf8("file") }],
    }),
  ];
  const payloads = mails.map((mail) => composePayload({ mail, outer: outerFor(alice.address), boundaries: boundary }));
  const messages = await Promise.all(mails.map((mail) => sealMail({ mail, signer: alice, reader: bob })));
  const ciphertexts = await Promise.all(messages.map(ciphertextOf));
  return [
    {
      name: "envelope of a mail",
      corpus: messages,
      decode: async (bytes) => void (await ciphertextOf(bytes)),
      takesChanged: "some",
    },
    {
      name: "mail inside",
      corpus: [...payloads, ...FOREIGN],
      decode: async (bytes) => {
        const parsed = await parseMail(bytes, { receivedAt: NOW });
        if (parsed === undefined) throw new TransportError("MALFORMED");
        const { mail } = parsed;
        assert.ok(mail.to.length <= PEOPLE_MAX && mail.references.length <= REFERENCES_MAX);
        assert.ok(mail.attachments.length <= ATTACHMENTS_MAX && mail.subject.length <= SUBJECT_CHARACTERS_MAX);
        assert.ok(mail.text.isWellFormed() && mail.attachments.every(({ name }) => !/[/\\]/.test(name)));
      },
      takesChanged: "some",
    },
    {
      name: "OpenPGP message",
      corpus: ciphertexts,
      decode: async (ciphertext) => {
        const o = { ciphertext, reader: bob.privateKey, senders: [alice.certificate], now: NOW };
        const opened = await decryptAndVerify(o);
        if (opened === undefined) throw new TransportError("MALFORMED");
        assert.ok(payloads.length > 0 && opened.signedBy === alice.certificate.fingerprint);
      },
      // Packets around the encrypted one, which nobody reads, are free.
      takesChanged: "any",
    },
    {
      name: "OpenPGP certificate",
      corpus: [alice.pair.certificate],
      decode: async (bytes) => {
        const read = await readCertificate({ bytes, address: alice.address, now: NOW });
        if (read === undefined) throw new TransportError("MALFORMED");
        assert.ok(equalBytes(read.bytes, bytes));
      },
      takesChanged: "any",
    },
  ];
}

async function ciphertextOf(message: Uint8Array): Promise<Uint8Array> {
  const envelope = await readEnvelope(message);
  if (envelope.kind !== "encrypted") throw new TransportError("MALFORMED");
  assert.ok(envelope.ciphertext.length <= message.length);
  return envelope.ciphertext;
}

/** As other programs write: folded fields, encoded words, quoted-printable, a part that is a mail. */
const FOREIGN = [
  'From: =?utf-8?B?WsO2w6s=?= <z@a.example>\r\nTo: A: b@c.d, "e, f" <g@h.i>;,\r\n j@k.l\r\nSubject: =?iso-8859-1?Q?a=E4?=\r\n b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nab=E4=\r\nc\r\n',
  "From: a@b.c\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: message/rfc822\n\nFrom: d@e.f\n\ntext\n--x\nContent-Type: text/html\n\n<b>x</b>\n--x--\n",
].map((text) => new Uint8Array(Buffer.from(text)));
