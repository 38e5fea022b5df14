/** When a sent message was at its end, from which on it is remembered for two retention times. Spec: docs/spec/01-message.md §2.9 */

import type { Milliseconds } from "../core/units.ts";
import type { OutgoingMessage } from "./store.ts";

/** undefined: it is not at its end. What every store forgets by (`prune`), and the program in memory. */
export function endOf({ progress }: Pick<OutgoingMessage, "progress">): Milliseconds | undefined {
  return progress.deliveredAt;
}
