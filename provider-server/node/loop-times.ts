/**
 * When a node's loop leaves. Where everybody sends in the same part of a slot, a mix knows users' packets by when they come: of loops
 * at any time it would meet few among them, and could drop those alone. So most loops come when packets of a profile come. Spec: docs/spec/06-mix.md §7
 */

import { pick, type RandomSource, uniform } from "#transport/core/random.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import { meanInterval, type Milliseconds, milliseconds } from "#transport/core/units.ts";
import { drawDelay } from "#transport/directory/path.ts";

export interface LoopTime {
  readonly at: Milliseconds;
  readonly meanDelay: Milliseconds;
  /** Of its first hops, already drawn; the others' are not. */
  readonly firstDelays: readonly Milliseconds[];
}

/** `layer` is the node's, 1 to 3, or 0 for a provider. `schedule` draws times, `delays` what packets wait. */
export function loopTime(o: {
  readonly now: Milliseconds;
  readonly layer: number;
  readonly parameters: Pick<Parameters, "clock" | "sendSpread" | "profiles" | "delayCap">;
  readonly schedule: RandomSource;
  readonly delays: RandomSource;
}): LoopTime {
  const { now, layer, parameters, schedule, delays } = o;
  const profiles = Object.values(parameters.profiles);
  // Answers of providers leave at any time, so a fifth of the loops do, too.
  const inSlots = parameters.clock === "slot" ? [...profiles, ...profiles] : [];
  const profile = pick(schedule, [...inSlots, undefined]);
  if (profile === undefined) return { at: now, meanDelay: pick(delays, profiles).meanDelay, firstDelays: [] };

  const { meanDelay } = profile;
  const draw = (count: number): Milliseconds[] =>
    Array.from({ length: count }, () => drawDelay({ delays, meanDelay, delayCap: parameters.delayCap }));
  // From layers 2 and 3 it leaves the provider on its way as a packet does that its sender has just brought: in layer 1 the times
  // tell most. Else it leaves as a packet that was sent so many mixes ago.
  const firstDelays = draw(layer > 1 ? LAYERS - layer + 1 : 0);
  const earlier = sum(firstDelays);
  const length = meanInterval(profile.sendRate);
  const slot = Math.floor((now + earlier) / length) + 1;
  const sent = (slot + uniform(schedule) * parameters.sendSpread) * length;
  const later = firstDelays.length > 0 ? 0 : sum(draw(layer));
  return { at: milliseconds(sent - earlier + later), meanDelay, firstDelays };
}

const LAYERS = 3;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
