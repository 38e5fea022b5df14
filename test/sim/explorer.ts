/** Scenarios by chance: a small network, some faults that it is meant to survive, from one seed. Docs: docs/simulator.md §4 */

import { below, pick, uniform } from "#transport/core/random.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { type Cast, faultText, randomFaults } from "./faults.ts";
import { DEFAULT_OPTIONS, type SimOptions } from "./options.ts";

const MIXES_PER_LAYER = [2, 2, 3] as const;
const FAULTS_MAX = 5;

/** Everything follows from the seed; the faults stand in the options as text, so that the line that they print is whole. */
export function scenario(seed: string): SimOptions {
  const random = new SeededRandom(`scenario ${seed}`);
  const users = 4 + below(random, 9);
  const mixes = pick(random, MIXES_PER_LAYER);
  const providers = 2 + below(random, 2);
  const hours = pick(random, [0.4, 0.75, 1.5]);
  const cast: Cast = {
    mixes: names("mix", 3 * mixes),
    providers: names("provider", providers),
    authorities: names("authority", 3),
    clients: names("u", users),
  };
  const faults = randomFaults(random, cast, { count: 1 + below(random, FAULTS_MAX), seconds: hours * 3_600 });
  return {
    ...DEFAULT_OPTIONS,
    seed,
    users,
    hours,
    mixes,
    providers,
    pool: 1,
    mails: 100 + below(random, 200),
    clock: uniform(random) < 0.7 ? "slot" : "poisson",
    faults: faultText(faults),
    pair: uniform(random) < 0.25,
  };
}

const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
