/**
 * The outermost structure of a message that arrived: is it exactly an encrypted one (RFC 3156 §4), and where does the
 * ciphertext lie? Strict on purpose: an encrypted part anywhere else is an errant layer (RFC 9787 §4) and is never opened.
 * Spec: docs/spec/12-mail.md
 */

import { unarmoredMessage } from "../pgp/armor.ts";
import { HEADER_BYTES_MAX } from "./limits.ts";

export type Envelope =
  | { readonly kind: "encrypted"; readonly from: string | undefined; readonly ciphertext: Uint8Array }
  | { readonly kind: "open" }
  | { readonly kind: "broken" };

export async function readEnvelope(message: Uint8Array): Promise<Envelope> {
  const text = Buffer.from(message.buffer, message.byteOffset, message.length);
  const top = headersOf(text);
  if (top === undefined) return { kind: "broken" };
  const type = top.fields.get("content-type") ?? "";
  if (!/^multipart\/encrypted\s*;/i.test(type)) return { kind: "open" };
  const boundary = /;\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))/i.exec(type);
  const parts = splitParts(top.body, boundary?.[1] ?? boundary?.[2] ?? "");
  if (parts?.length !== 2 || !/protocol="?application\/pgp-encrypted"?/i.test(type)) return { kind: "broken" };
  const [control, data] = parts.map(headersOf);
  if (!/^application\/pgp-encrypted\b/i.test(control?.fields.get("content-type") ?? "")) return { kind: "broken" };
  if (data === undefined || control === undefined || !/^Version: 1\s*$/i.test(control.body.toString("latin1")))
    return { kind: "broken" };
  const ciphertext = await dearmored(data);
  if (ciphertext === undefined) return { kind: "broken" };
  return { kind: "encrypted", from: singleAddress(top.fields.get("from")), ciphertext };
}

interface Entity {
  /** By lower-case name, unfolded; the first of a name. */
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

function headersOf(bytes: Buffer): Entity | undefined {
  const end = bytes.subarray(0, HEADER_BYTES_MAX).indexOf("\r\n\r\n");
  const bare = end < 0 ? bytes.subarray(0, HEADER_BYTES_MAX).indexOf("\n\n") : -1;
  if (end < 0 && bare < 0) return undefined;
  const head = bytes.subarray(0, end < 0 ? bare : end).toString("utf8");
  const fields = new Map<string, string>();
  for (const line of head.replace(/\r?\n[ \t]+/g, " ").split(/\r?\n/)) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    if (colon > 0 && !fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  return { fields, body: bytes.subarray(end < 0 ? bare + 2 : end + 4) };
}

/** The bodies between the delimiter lines; undefined when the last delimiter is missing. */
function splitParts(body: Buffer, boundary: string): Buffer[] | undefined {
  if (boundary === "") return undefined;
  const parts: Buffer[] = [];
  const close = Buffer.from(`\n--${boundary}--`);
  const next = Buffer.from(`\n--${boundary}`);
  const first = Buffer.from(`--${boundary}`);
  let from = body.subarray(0, first.length).equals(first) ? first.length : body.indexOf(next) + next.length;
  if (from < first.length) return undefined;
  for (;;) {
    const start = body.indexOf("\n", from) + 1;
    const end = body.indexOf(next, from);
    if (start === 0 || end < 0 || parts.length > 2) return undefined;
    parts.push(body.subarray(start, body[end - 1] === 0x0d ? end - 1 : end));
    if (body.subarray(end, end + close.length).equals(close)) return parts;
    from = end + next.length;
  }
}

/** Other programs armour the ciphertext; ours is binary. */
async function dearmored(data: Entity): Promise<Uint8Array | undefined> {
  if (/^binary$/i.test(data.fields.get("content-transfer-encoding") ?? "")) return data.body;
  return unarmoredMessage(data.body.toString("latin1"));
}

/** The address of a From field with exactly one: `<a@b>`, `Name <a@b>` or `a@b`. */
function singleAddress(field: string | undefined): string | undefined {
  const match = /^(?:[^<>,]*<([^<>@\s]+@[^<>@\s]+)>|([^<>,@\s]+@[^<>,@\s]+))$/.exec(field ?? "");
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}
