/**
 * What the slot clock's bursts ask of a mix in the first layer: everybody sends in the same first share of a slot, and answers of
 * boxes come besides.
 * Spec: docs/spec/11-parameters.md §7; why: docs/decisions/0018-common-slots.md
 */

import type { Parameters } from "#transport/core/parameters.ts";
import { boxRepliesPerSecond } from "./latency.ts";

export interface Burst {
  readonly users: number;
  readonly mixesPerLayer: number;
  /** Packets a second that a mix can take. */
  readonly capacity: number;
  /** What a mix of the first layer gets while the burst lasts, packets a second, and how long that is. */
  readonly peak: number;
  readonly seconds: number;
  /** In whole 64ths, not below the network's own; undefined when not even a whole slot is wide enough. */
  readonly leastSpread: number | undefined;
  /** Mixes that a layer needs for a spread. */
  readonly needed: readonly { readonly spread: number; readonly mixesPerLayer: number }[];
}

/** Packets a second that a mix on two cores was measured to take: docs/benchmarks.md, "A mix, link to link". */
export const MIX_CAPACITY = 3000;
/** For these `npm run params` answers unasked. */
export const NETWORK_USERS: readonly number[] = [10_000, 30_000, 90_000, 200_000];
/** Wider, and a hundred packets tell more than one sender in seven: docs/anonymity.md, TPR at FPR 1e-2. */
export const SPREAD_WIDEST = 1 / 4;
/** No two packets of a layer's only mix could take different ways. */
const MIXES_LEAST = 2;
const SPREAD_STEP = 1 / 64;

/** All users in the mail profile; one in chat counts for as many as its rate is higher. Without `mixesPerLayer`: as many as it takes. */
export function burst(
  parameters: Parameters,
  options: { users: number; mixesPerLayer?: number | undefined; capacity: number },
): Burst {
  const { users, capacity } = options;
  const { clock, profiles } = parameters;
  const { sendRate } = profiles.mail;
  const own = clock === "slot" ? parameters.sendSpread : 1;
  const sent = users * sendRate;
  // All the time, each from a random mix of the first layer.
  const answers = users * boxRepliesPerSecond(parameters, profiles.mail);
  const mixesFor = (spread: number): number => Math.max(MIXES_LEAST, Math.ceil((sent / spread + answers) / capacity));
  const mixesPerLayer = options.mixesPerLayer ?? mixesFor(own);
  const room = Math.max(0, capacity * mixesPerLayer - answers);
  const least = Math.max(own, Math.ceil(sent / room / SPREAD_STEP) * SPREAD_STEP);
  return {
    users,
    mixesPerLayer,
    capacity,
    peak: (sent / own + answers) / mixesPerLayer,
    seconds: own / sendRate,
    leastSpread: least > 1 ? undefined : least,
    needed: [own, ...[SPREAD_WIDEST, 1].filter((spread) => spread > own)].map((spread) => ({
      spread,
      mixesPerLayer: mixesFor(spread),
    })),
  };
}
