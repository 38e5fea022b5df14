/** Says which fragments have reached a mailbox, without knowing who asks. Spec: docs/spec/07-mailbox.md §7.3 */

import { Reader } from "#transport/core/bytes.ts";
import type { Clock } from "#transport/core/clock.ts";
import { type MailboxId, mailboxId } from "#transport/core/units.ts";
import { Budget } from "../entry/budget.ts";
import { HAVE_HASHES_MAX } from "../mailbox/limits.ts";
import { HAVE_BUDGET, HAVE_SHORT_HASHES_MAX, HAVE_WAITING_MAX } from "./limits.ts";
import type { Service } from "./service.ts";

/** A mailbox that does not exist has nothing: the answer is the same as for one that exists and has none of them. */
export function haveService({
  clock,
  mailboxes,
}: {
  clock: Clock;
  mailboxes: { have(mailbox: MailboxId, hashes: readonly Uint8Array[]): boolean[] };
}): Service {
  const lookUps = new Budget({ ...HAVE_BUDGET, now: clock.now() });
  return {
    name: "have",
    waitingMax: HAVE_WAITING_MAX,
    takes({ length }) {
      const hashes = Math.floor((length - MAILBOX_BYTES - COUNT_BYTES) / HASH_BYTES);
      // What is longer is no question: nothing is looked up for it.
      const isLong = hashes > HAVE_SHORT_HASHES_MAX && hashes <= HAVE_HASHES_MAX;
      return !isLong || lookUps.take(clock.now(), hashes);
    },
    answer(request) {
      const question = decode(request);
      if (question === undefined) return undefined;
      const present = mailboxes.have(question.mailbox, question.hashes);
      const bitmap = new Uint8Array(Math.ceil(present.length / 8));
      present.forEach((isPresent, index) => {
        if (isPresent) bitmap[index >> 3] = (bitmap[index >> 3] as number) | (1 << (index & 7));
      });
      return bitmap;
    },
  };
}

const MAILBOX_BYTES = 32;
const COUNT_BYTES = 2;
const HASH_BYTES = 16;

function decode(request: Uint8Array): { mailbox: MailboxId; hashes: Uint8Array[] } | undefined {
  try {
    const reader = new Reader(request);
    const mailbox = mailboxId(reader.take(MAILBOX_BYTES));
    const count = reader.u16();
    if (count > HAVE_HASHES_MAX) return undefined;
    const hashes = Array.from({ length: count }, () => reader.take(HASH_BYTES));
    reader.end();
    return { mailbox, hashes };
  } catch {
    return undefined;
  }
}
