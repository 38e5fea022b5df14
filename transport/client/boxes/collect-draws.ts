/** What chance decides of a collect: which box it asks, and when its answers leave. Spec: docs/spec/17-boxes.md §6 */

import type { Parameters, Profile } from "../../core/parameters.ts";
import { type RandomSource, uniform } from "../../core/random.ts";
import { type Milliseconds, milliseconds } from "../../core/units.ts";
import { collectSpan } from "../../box/limits.ts";

/**
 * One of the boxes that can be asked, the latest first: that one with a chance of three quarters, else the next one with the same chance,
 * and so on, for mail comes to the latest. undefined when there is none.
 */
export function drawBox<T>(chance: RandomSource, boxes: readonly T[]): T | undefined {
  if (boxes.length === 0) return undefined;
  const passedOver = Math.floor(-Math.log2(uniform(chance)) / 2);
  return boxes[Math.min(passedOver, boxes.length - 1)];
}

/** For each answer, from the request's arrival: each in its part of the mean time between two drop slots; whole, and none twice. */
export function drawDelays(
  chance: RandomSource,
  { boxReplies }: Pick<Parameters, "boxReplies">,
  profile: Pick<Profile, "sendRate" | "dropShare">,
): Milliseconds[] {
  const part = collectSpan(profile) / boxReplies;
  let before = -1;
  return Array.from({ length: boxReplies }, (_, i) => {
    before = Math.max(before + 1, Math.floor((i + uniform(chance)) * part));
    return milliseconds(before);
  });
}
