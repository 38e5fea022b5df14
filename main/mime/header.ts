/** Header fields as bytes: encoded words, folding, parameters, dates. Spec: RFC 5322, RFC 2047, RFC 2231 */

import { dateAt } from "../date.ts";
import type { Person } from "./mail.ts";

/** `Name: value` with CRLF, folded at spaces so that lines stay under 78 characters where they can (RFC 5322 §2.1.1). */
export function headerLine(name: string, value: string): string {
  const words = `${name}: ${value}`.split(" ");
  let line = words.shift() ?? "";
  let folded = "";
  for (const word of words) {
    if (line.length + 1 + word.length > LINE_SOFT_MAX && line.trim() !== "" && !line.endsWith(":")) {
      folded += `${line}\r\n`;
      line = ` ${word}`;
    } else line += ` ${word}`;
  }
  return `${folded}${line}\r\n`;
}

/** Unstructured text: as it is when it is plain ASCII, as encoded words (UTF-8, base64) otherwise. Never holds a line end. */
export function unstructured(text: string): string {
  const oneLine = text.replace(CONTROL, " ");
  return PRINTABLE.test(oneLine) && !oneLine.includes("=?") ? oneLine.trim() : encodedWords(oneLine);
}

export function mailbox(person: Person): string {
  const name = person.name.replace(CONTROL, " ").trim();
  if (name === "") return `<${person.address}>`;
  return `${PRINTABLE.test(name) && !name.includes("=?") ? quoted(name) : encodedWords(name)} <${person.address}>`;
}

/** `; name="value"`, with RFC 2231 continuations when the value is not plain ASCII or long. */
export function parameter(name: string, value: string): string {
  const oneLine = value.replace(CONTROL, " ");
  if (PRINTABLE.test(oneLine) && oneLine.length <= PARAMETER_PLAIN_MAX) return `; ${name}=${quoted(oneLine)}`;
  const encoded = encodeURIComponent(oneLine.toWellFormed()).replace(
    /['()*!]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const pieces = encoded.match(/(?:%[0-9A-F]{2}|[^%]){1,40}/g) ?? [""];
  return pieces.map((piece, i) => `; ${name}*${i}*=${i === 0 ? `utf-8''${piece}` : piece}`).join("");
}

/** In UTC, so that it does not tell where the writer is (RFC 5322 §3.3). */
export function dateValue(at: number): string {
  return dateAt(at).toUTCString().replace("GMT", "+0000");
}

const LINE_SOFT_MAX = 77;
const PARAMETER_PLAIN_MAX = 60;
const CONTROL = /\p{Cc}+/gu;
const PRINTABLE = /^[\x20-\x7e]*$/;

const quoted = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;

/** Each word holds whole characters and at most 75 characters of ASCII (RFC 2047 §2). */
function encodedWords(text: string): string {
  const words: string[] = [];
  let chunk = "";
  for (const character of text.toWellFormed()) {
    if (Buffer.byteLength(chunk + character) > ENCODED_WORD_BYTES) {
      words.push(chunk);
      chunk = "";
    }
    chunk += character;
  }
  return [...words, chunk].map((word) => `=?utf-8?B?${Buffer.from(word).toString("base64")}?=`).join(" ");
}

/** 45 bytes are 60 characters of base64; with `=?utf-8?B?` and `?=` that makes 72. */
const ENCODED_WORD_BYTES = 45;
