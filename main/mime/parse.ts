/**
 * From decrypted bytes to a mail. Only what is inside counts: with `hp` on the root part the protected fields are the
 * mail's fields, and none of the outer ones is looked at (RFC 9788 §4). Spec: docs/spec/12-mail.md
 */

import PostalMime, { type Address, type Email } from "postal-mime";
import { timeOf } from "../date.ts";
import {
  ATTACHMENTS_MAX,
  DEPTH_MAX,
  FILE_NAME_CHARACTERS_MAX,
  HEADER_BYTES_MAX,
  HTML_CHARACTERS_MAX,
  NAME_CHARACTERS_MAX,
  PART_MARKS_MAX,
  PEOPLE_MAX,
  REFERENCES_MAX,
  SUBJECT_CHARACTERS_MAX,
  TEXT_CHARACTERS_MAX,
  TYPE_CHARACTERS_MAX,
} from "./limits.ts";
import type { Attachment, Mail, Person } from "./mail.ts";

export interface Parsed {
  readonly mail: Mail;
  /** What the sender said about the header: protected for an encrypted mail, for a signed one, or nothing. */
  readonly protection: "cipher" | "clear" | "none";
}

/**
 * Undefined when the bytes are no mail or pass a limit. `receivedAt` stands in for a date that is missing or no date.
 * A mail that arrived has a sender; a file from the user's disk may have none.
 */
export async function parseMail(
  bytes: Uint8Array,
  o: { receivedAt: number; fromRequired?: false },
): Promise<Parsed | undefined> {
  if (tooManyParts(bytes)) return undefined;
  let email: Email;
  try {
    email = await PostalMime.parse(bytes, {
      maxNestingDepth: DEPTH_MAX,
      maxHeadersSize: HEADER_BYTES_MAX,
      // A mail inside a mail is a file, never part of what its sender seems to say.
      forceRfc822Attachments: true,
    });
  } catch {
    return undefined;
  }
  const text = lines(email.text ?? "");
  const html = email.html === undefined ? undefined : lines(email.html);
  const whole = [
    ...tooLong(text, { name: "text.txt", type: "text/plain", most: TEXT_CHARACTERS_MAX }),
    ...tooLong(html, { name: "text.html", type: "text/html", most: HTML_CHARACTERS_MAX }),
  ];
  if (email.attachments.length + whole.length > ATTACHMENTS_MAX) return undefined;
  const [from] = people(email.from === undefined ? [] : [email.from]);
  if (from === undefined && o.fromRequired !== false) return undefined;
  return {
    mail: {
      from: from ?? { address: "", name: "" },
      to: people([...(email.to ?? []), ...(email.cc ?? [])]).slice(0, PEOPLE_MAX),
      subject: oneLine(email.subject ?? "", SUBJECT_CHARACTERS_MAX),
      at: timeOf(email.date) ?? o.receivedAt,
      messageId: ids(email.messageId)[0] ?? "",
      inReplyTo: ids(email.inReplyTo)[0],
      references: ids(email.references).slice(-REFERENCES_MAX),
      text: text.slice(0, TEXT_CHARACTERS_MAX).toWellFormed(),
      html: html?.slice(0, HTML_CHARACTERS_MAX).toWellFormed(),
      attachments: email.attachments
        .map(
          (file): Attachment => ({
            name: fileName(file.filename ?? ""),
            type: /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(file.mimeType)
              ? file.mimeType.slice(0, TYPE_CHARACTERS_MAX)
              : "application/octet-stream",
            bytes: bytesOf(file.content),
          }),
        )
        .concat(whole),
    },
    protection: protectionOf(email),
  };
}

/** A text that is cut where it is shown comes whole as a file beside it. */
function tooLong(text: string | undefined, o: { name: string; type: string; most: number }): Attachment[] {
  if (text === undefined || text.length <= o.most) return [];
  return [{ name: o.name, type: o.type, bytes: new TextEncoder().encode(text) }];
}

function tooManyParts(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let count = 0;
  for (let at = buffer.indexOf("\n--"); at >= 0; at = buffer.indexOf("\n--", at + 3)) {
    if (++count > PART_MARKS_MAX) return true;
  }
  return false;
}

function protectionOf(email: Email): Parsed["protection"] {
  const type = email.headers.find((header) => header.key === "content-type")?.value ?? "";
  const hp = /;\s*hp="?(cipher|clear)"?\s*(?:;|$)/i.exec(type)?.[1]?.toLowerCase();
  return hp === "cipher" || hp === "clear" ? hp : "none";
}

function people(addresses: readonly Address[]): Person[] {
  return addresses
    .flatMap((address): readonly Address[] => address.group ?? [address])
    .filter((address) => isAddress(address.address))
    .map(({ name, address }) => ({
      address: (address as string).toLowerCase(),
      name: visible(oneLine(name, NAME_CHARACTERS_MAX)),
    }));
}

const isAddress = (text: string | undefined): boolean =>
  text !== undefined && text.length <= 254 && /^[^\s<>@"(),:;\\]+@[^\s<>@"(),:;\\]+$/.test(text);

/** Names made of blanks, or that turn the writing direction around, would let a sender pass for someone else. */
const visible = (name: string): string =>
  name.replace(/[\u2800\u3164\u115f\u1160\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\u00ad]/g, "");

/** Never a way into another folder, and what it ends in is what the eye sees at its end. */
function fileName(name: string): string {
  const shown = visible(oneLine(name, FILE_NAME_CHARACTERS_MAX)).replace(/[/\\]/g, "_").replace(/^\.+/, "_");
  return shown.trim() || "unnamed";
}

const oneLine = (text: string, max: number): string =>
  text
    .replace(/\p{Cc}+/gu, " ")
    .trim()
    .toWellFormed()
    .slice(0, max);

const lines = (text: string): string => text.replace(/\r\n|\r/g, "\n").toWellFormed();

const ids = (field: string | undefined): string[] => field?.match(/<[^<>\s]{1,250}>/g) ?? [];

function bytesOf(content: ArrayBuffer | Uint8Array | string): Uint8Array {
  if (typeof content === "string") return new TextEncoder().encode(content);
  return content instanceof Uint8Array ? content : new Uint8Array(content);
}
