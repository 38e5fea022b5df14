/** How long a mailbox key may be sealed to. Spec: docs/spec/01-message.md §2.8 */

import type { Parameters } from "../core/parameters.ts";
import type { Milliseconds } from "../core/units.ts";
import type { Recipient } from "./store.ts";

/** Whether the key's private half could be gone before what is sealed to it now is collected. */
export function isKeyTooOld({ validUntil }: Recipient, { retention }: Parameters, now: Milliseconds): boolean {
  return now >= validUntil + retention;
}
