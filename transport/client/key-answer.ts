/** What the `keys` service is asked, and what it answers. Spec: docs/spec/07-mailbox.md §7.2 */

import { Reader, Writer } from "../core/bytes.ts";
import type { Suite } from "../crypto/suite.ts";
import { type MailboxRecord, verifyMailboxRecord } from "../directory/mailbox-record.ts";
import { RECORD_BYTES_MAX } from "../link/control-limits.ts";

export const keyQuestion = (address: string): Uint8Array => new Writer().text16(address).finish();

/** Undefined when there is no such reader. Throws MALFORMED, RECORD_FORGED. */
export function readKeyAnswer(body: Uint8Array, o: { suite: Suite; address: string }): MailboxRecord | undefined {
  const reply = new Reader(body);
  const isKnown = reply.u8() === 1;
  const bytes = isKnown ? reply.bytes32(RECORD_BYTES_MAX) : undefined;
  reply.end();
  return bytes === undefined ? undefined : verifyMailboxRecord({ bytes, ...o });
}
