/** What can fill a payload slot: fragments, receipts, requests and what tells of boxes, all through the same turns. Spec: docs/spec/04-traffic.md §5 */

import type { Milliseconds, NodeId, ReplayTag } from "../core/units.ts";
import type { SlotContent } from "../traffic/wrap-slot.ts";
import type { Contender } from "./fair-turns.ts";

export interface Payload {
  readonly cargo: "fragment" | "receipt" | "request" | "box";
  readonly content: SlotContent;
  /** The slot's tick is over. A packet that did not leave is lost; what it carried waits for another slot. */
  readonly settled: (outcome: Sent | undefined) => void;
}

/** The packet left. */
export interface Sent {
  readonly hash: Uint8Array;
  readonly tags: readonly ReplayTag[];
  readonly at: Milliseconds;
}

export interface PayloadContender extends Contender {
  readonly provider: NodeId;
  /** Takes one packet's worth. Synchronous: everything it needs is in memory. */
  take(): Payload;
}

export interface PayloadSource {
  contenders(now: Milliseconds): Iterable<PayloadContender>;
}
