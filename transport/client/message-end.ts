/** When a sent message was at its end: two retention times later it is forgotten. Spec: docs/spec/01-message.md §2.9 */

import type { Milliseconds } from "../core/units.ts";
import { REMINDERS_MAX } from "./limits.ts";
import type { OutgoingMessage } from "./store.ts";

/**
 * undefined: it is not at its end. What every store forgets by (`prune`), and the program in memory. A message that is stored and has
 * no receipt is at its end with the last reminder, after which nothing of it leaves by itself: its reader may not have accepted its
 * writer, who then hears nothing. One that failed is at none: its user may send it again.
 */
export function endOf({ progress }: Pick<OutgoingMessage, "progress">): Milliseconds | undefined {
  const { deliveredAt, failedAt, storedAt, lastSentAt, askAt, remindAt, reminders } = progress;
  if (deliveredAt !== undefined) return deliveredAt;
  if (failedAt !== undefined || storedAt === undefined || askAt !== undefined) return undefined;
  return remindAt === undefined && reminders > REMINDERS_MAX ? lastSentAt : undefined;
}
