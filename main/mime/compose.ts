/**
 * From a mail to the payload that is signed and encrypted, with all its header fields inside (RFC 9788), and to the outer
 * message of a mixed mail, whose header says nothing but the sender's address. Spec: docs/spec/12-mail.md
 */

import { concat, utf8 } from "#transport";
import { dateValue, headerLine, mailbox, parameter, unstructured } from "./header.ts";
import { REFERENCES_MAX } from "./limits.ts";
import type { Mail } from "./mail.ts";
import type { OuterHeader } from "./outer-header.ts";

/** The payload: the mail's own header on the root part, `hp="cipher"`, and one HP-Outer line for each field left outside. */
export function composePayload(o: { mail: Mail; outer: OuterHeader; boundaries: () => string }): Uint8Array {
  const { mail, outer } = o;
  const fields = [
    headerLine("From", mailbox(mail.from)),
    headerLine("To", mail.to.map(mailbox).join(", ")),
    headerLine("Subject", unstructured(mail.subject)),
    headerLine("Date", dateValue(mail.at)),
    headerLine("Message-ID", mail.messageId),
    ...(mail.inReplyTo === undefined ? [] : [headerLine("In-Reply-To", mail.inReplyTo)]),
    ...(mail.references.length === 0 ? [] : [headerLine("References", shortened(mail.references).join(" "))]),
    headerLine("HP-Outer", `From: ${outer.from}`),
    headerLine("HP-Outer", `To: ${outer.to}`),
    headerLine("HP-Outer", `Subject: ${outer.subject}`),
    headerLine("HP-Outer", `Date: ${outer.date}`),
    headerLine("HP-Outer", `Message-ID: ${outer.messageId}`),
    "MIME-Version: 1.0\r\n",
  ];
  const root = rootPart(mail, o.boundaries);
  return concat(utf8(fields.join("")), part({ ...root, type: `${root.type}; hp="cipher"` }));
}

/** The whole message as it goes into fragments: two parts as RFC 3156 §4 has them, the second in binary. */
export function composeMessage(o: { outer: OuterHeader; ciphertext: Uint8Array; boundary: string }): Uint8Array {
  const { outer, boundary } = o;
  const head = [
    headerLine("From", outer.from),
    headerLine("To", outer.to),
    headerLine("Subject", outer.subject),
    headerLine("Date", outer.date),
    headerLine("Message-ID", outer.messageId),
    "MIME-Version: 1.0\r\n",
    `Content-Type: multipart/encrypted; protocol="application/pgp-encrypted";\r\n boundary="${boundary}"\r\n\r\n`,
    `--${boundary}\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n`,
    `\r\n--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n`,
  ].join("");
  return concat(utf8(head), o.ciphertext, utf8(`\r\n--${boundary}--\r\n`));
}

interface Part {
  readonly type: string;
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

function rootPart(mail: Mail, boundaries: () => string): Part {
  const text = textPart("plain", mail.text);
  const body =
    mail.html === undefined
      ? text
      : mail.text === ""
        ? textPart("html", mail.html)
        : multipart("alternative", [text, textPart("html", mail.html)], boundaries());
  if (mail.attachments.length === 0) return body;
  const files = mail.attachments.map((file) => ({
    type: `${cleanType(file.type)}${parameter("name", file.name)}`,
    headers: [
      headerLine("Content-Disposition", `attachment${parameter("filename", file.name)}`),
      "Content-Transfer-Encoding: base64\r\n",
    ],
    body: base64Lines(file.bytes),
  }));
  return multipart("mixed", [body, ...files], boundaries());
}

/** Base64, because it alone keeps every text exactly: its last line end, its spaces, its line lengths. */
function textPart(kind: "plain" | "html", text: string): Part {
  const canonical = text.toWellFormed().replace(/\r\n|\r|\n/g, "\r\n");
  return {
    type: `text/${kind}; charset=utf-8`,
    headers: ["Content-Transfer-Encoding: base64\r\n"],
    body: base64Lines(utf8(canonical)),
  };
}

function multipart(kind: string, parts: readonly Part[], boundary: string): Part {
  const body = parts.flatMap((child) => [utf8(`--${boundary}\r\n`), part(child), utf8("\r\n")]);
  return {
    type: `multipart/${kind}; boundary="${boundary}"`,
    headers: [],
    body: concat(...body, utf8(`--${boundary}--\r\n`)),
  };
}

function part(o: Part): Uint8Array {
  return concat(utf8(`${headerLine("Content-Type", o.type)}${o.headers.join("")}\r\n`), o.body);
}

function base64Lines(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
  return utf8(text.replace(/.{76}/g, "$&\r\n"));
}

/** A type that is not `token/token` is not one (RFC 2045 §5.1). */
function cleanType(type: string): string {
  return /^[\w!#$&^.+-]{1,60}\/[\w!#$&^.+-]{1,60}$/.test(type) && !/^(?:multipart|message)\//i.test(type)
    ? type.toLowerCase()
    : "application/octet-stream";
}

/** The first names the thread, the last ones its end. */
function shortened(references: readonly string[]): readonly string[] {
  if (references.length <= REFERENCES_MAX) return references;
  return [references[0] as string, ...references.slice(1 - REFERENCES_MAX)];
}
