/** The header that stands outside a mixed mail and says nothing but the sender's address. Spec: docs/spec/12-mail.md §3 */

import { dateValue } from "./header.ts";

/** What is written outside in place of the mail's own fields. */
export interface OuterHeader {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly date: string;
  readonly messageId: string;
}

/**
 * The policy for mixed mail, stronger than `hcp_baseline` (RFC 9788 §3.2.1): sender's address without name, no readers, no
 * subject, a random time within the last six days, a message id of its own; whatever else there is stays inside.
 */
export function mixedOuterHeader(o: {
  from: string;
  now: number;
  random: { bytes(length: number): Uint8Array };
}): OuterHeader {
  const fraction = Buffer.from(o.random.bytes(4)).readUInt32BE() / 2 ** 32;
  return {
    from: `<${o.from}>`,
    to: '"hidden-recipients": ;',
    subject: "[...]",
    date: dateValue(o.now - fraction * DATE_SHIFT_MAX_MS),
    messageId: mailId(o),
  };
}

/** `<32 random hex digits@domain>`: neither host, nor time, nor user. */
export function mailId(o: { from: string; random: { bytes(length: number): Uint8Array } }): string {
  return `<${Buffer.from(o.random.bytes(16)).toString("hex")}@${o.from.slice(o.from.lastIndexOf("@") + 1)}>`;
}

/** GMX and a Symantec gateway refuse older mail (chatmail/core issue 7466). */
export const DATE_SHIFT_MAX_MS = 6 * 24 * 3600 * 1000;
