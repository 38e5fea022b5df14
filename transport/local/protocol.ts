/** What a local program asks and is answered: one JSON object a line, each way. Spec: docs/spec/16-local-client.md §3 */

import { z } from "zod";
import { TransportError } from "../core/errors.ts";
import { MESSAGE_ID_BYTES, messageId } from "../core/units.ts";
import { SERVICE_NAME_BYTES_MAX } from "../sphinx/limits.ts";
import type { Refusal } from "./errors.ts";
import { ADDRESS_CHARACTERS_MAX, BODY_BYTES_MAX, COMPLAINT_CHARACTERS_MAX, LINE_SIGNS_MAX } from "./limits.ts";

export type Call = z.infer<typeof call>;
export type CallOf<Name extends Call["call"]> = Extract<Call, { call: Name }>;

export type Outcome = { readonly result: object } | { readonly error: Refusal };

/** Throws MALFORMED with what is wrong. */
export function decodeCall(line: Uint8Array): Call {
  checkSigns(line);
  let json: unknown;
  try {
    json = JSON.parse(UTF8.decode(line));
  } catch {
    throw new TransportError("MALFORMED", "A line is one JSON object in UTF-8.");
  }
  const { data, error } = call.safeParse(json);
  if (error !== undefined) throw new TransportError("MALFORMED", complaint(error));
  return data;
}

/** A line with its line feed. `id` is null for what was no call. */
export function encodeAnswer(id: number | null, outcome: Outcome): Uint8Array {
  const text = JSON.stringify({ id, ...outcome }, (_key, part: unknown) =>
    part instanceof Uint8Array ? base64Url(part) : part,
  );
  return Buffer.from(`${text}\n`);
}

const base64Url = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString("base64url");

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** Before anything is made of the line. Backslashes take no part: an escaped sign counts like any other. */
function checkSigns(line: Uint8Array): void {
  let signs = 0;
  for (const sign of SIGNS) {
    for (let at = line.indexOf(sign); at !== -1; at = line.indexOf(sign, at + 1)) {
      if (++signs > LINE_SIGNS_MAX) throw new TransportError("MALFORMED", "A line is one flat JSON object.");
    }
  }
}

const SIGNS = Buffer.from('{[,"');

const id = z.number({ error: "expected a whole number" }).refine((value) => Number.isSafeInteger(value) && value >= 0, {
  error: "expected a whole number from 0 to 2^53 - 1",
});

/** The pattern is tried on what is short enough only. */
const text = (what: string, o: { charactersMax: number; pattern: RegExp }) => {
  const error = `expected ${what} of at most ${o.charactersMax} characters`;
  return z.string({ error }).refine((value) => value.length <= o.charactersMax && o.pattern.test(value), { error });
};
const address = text("an address, name@domain,", {
  charactersMax: ADDRESS_CHARACTERS_MAX,
  pattern: /^[^\s@]+@[^\s@]+$/,
});
const domain = text("a domain", { charactersMax: ADDRESS_CHARACTERS_MAX, pattern: /^[^\s@]+$/ });
/** ASCII, so that characters are bytes. */
const service = text("a service's name", { charactersMax: SERVICE_NAME_BYTES_MAX, pattern: /^[!-~]+$/ });

const bytes = (what: string, isLength: (length: number) => boolean) =>
  z.string({ error: `expected ${what} in base64url` }).transform((written, context) => {
    const read = isLength(Math.floor((written.length * 3) / 4))
      ? new Uint8Array(Buffer.from(written, "base64url"))
      : undefined;
    // One text for the same bytes: no padding, white space or bits behind the last byte.
    if (read !== undefined && base64Url(read) === written) return read;
    context.addIssue({ code: "custom", message: `expected ${what} in base64url without padding` });
    return z.NEVER;
  });
const body = bytes(`a body of at most ${BODY_BYTES_MAX} bytes`, (length) => length <= BODY_BYTES_MAX);
const message = bytes(
  `the ${MESSAGE_ID_BYTES} bytes of a message's id`,
  (length) => length === MESSAGE_ID_BYTES,
).transform(messageId);
const delivery = z.enum(["queued", "mixing", "stored", "delivered", "failed"], {
  error: "expected a journey's delivery",
});

const call = z.discriminatedUnion(
  "call",
  [
    z.strictObject({ id, call: z.literal("send"), to: address, body, message: message.optional() }),
    z.strictObject({ id, call: z.literal("journey"), message, after: delivery.optional() }),
    z.strictObject({ id, call: z.literal("request"), at: domain, service, body }),
    z.strictObject({ id, call: z.literal("lookup"), address }),
    z.strictObject({ id, call: z.literal("next") }),
    z.strictObject({ id, call: z.literal("done"), message, confirmTo: address.optional() }),
    z.strictObject({ id, call: z.literal("status") }),
  ],
  { error: "expected send, journey, request, lookup, next, done or status" },
);

function complaint({ issues }: z.ZodError): string {
  const [issue] = issues;
  const where = issue?.path.length ? `${issue.path.join(".")}: ` : "";
  return `${where}${issue?.message ?? "expected a call"}`.slice(0, COMPLAINT_CHARACTERS_MAX);
}
