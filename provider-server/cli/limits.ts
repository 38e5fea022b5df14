/** Bounds of the program that an operator runs, each with its reason. */

import type { Network } from "#transport/directory/model.ts";

/**
 * For so many users' packets for each mix of a layer a machine should be fast enough, when all of them send in the same part of a
 * slot. Live: the smallest network has two mixes a layer and is planned for 10,000 (`npm run params`). Demonstration: those
 * who watch.
 */
export const USERS_PER_MIX_LEAST: Readonly<Record<Network["kind"], number>> = { live: 5_000, demo: 10 };

/** Unwraps whose median is told: 10 ms, once the engine has seen enough of them to compile. */
export const UNWRAPS_MEASURED = 51;
export const UNWRAPS_BEFORE = 50;
