/** What the fates of loops say of a box: when it is lost, and when that was wrong, or is over. Spec: docs/spec/17-boxes.md §6.1 */

import { SUSPICION_FOUND, SUSPICION_LOST, SUSPICION_MAX, SUSPICION_RETURNED } from "./limits.ts";
import type { OwnBox } from "./own-box.ts";

type Suspected = Pick<OwnBox, "isLost" | "isGone" | "suspicion">;

/** A loop through it came back, or what stands for it is lost: the next sum, and what that makes of the box, if anything. */
export function judge(
  { isLost, isGone, suspicion }: Suspected,
  isReturned: boolean,
): [number, "lost" | "found" | "as before"] {
  const sum = suspicion + (isReturned ? SUSPICION_RETURNED : SUSPICION_LOST);
  const next = Math.min(Math.max(0, sum), SUSPICION_MAX);
  if (!isLost) return [next, next === SUSPICION_MAX ? "lost" : "as before"];
  return [next, isGone || next > SUSPICION_FOUND ? "as before" : "found"];
}
