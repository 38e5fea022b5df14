/**
 * What is measured for a release, with its seeds: `npm run observer` runs all of it, `test/slow/observer.test.ts` runs it again and
 * compares. docs/anonymity.md is written from the figures.
 */

import { LIVE_PARAMETERS, type Parameters } from "#transport/core/parameters.ts";
import { ALWAYS_ON, type DisclosureExperiment, HABITS } from "./disclosure.ts";
import type { PairExperiment } from "./pair-experiment.ts";
import type { EntropyExperiment } from "./population.ts";

export const CLOCKS = ["slot", "poisson"] as const;

/** The network for people, under one clock or the other. */
export const underClock = (
  clock: Parameters["clock"],
  sendSpread: number = LIVE_PARAMETERS.sendSpread,
): Parameters => ({ ...LIVE_PARAMETERS, clock, sendSpread });

/** A slot lasts 21 s: a minute is 3 s less than three of them, and an hour 9 s more than 171. */
export const CLOCK_ERRORS = [
  { name: "1 s", ahead: 1_000 },
  { name: "1 min", ahead: 60_000 },
  { name: "1 h", ahead: 3_600_000 },
] as const;

const COMMON = { cover: "on", profile: "mail", trained: 300, unmatched: 5 } as const;
const MANY = 2000;
const SOME = 400;

/** By name. Where a thousand packets leave nothing to find out (Poisson clocks), fewer pairs do. */
export const PAIR_EXPERIMENTS: Readonly<Record<string, PairExperiment>> = Object.fromEntries(
  [
    experiment("line, slot", { clock: "slot", eye: "line", packets: [5, 25, 100, 1000], tested: MANY }),
    experiment("line, poisson", { clock: "poisson", eye: "line", packets: [5, 25, 100], tested: MANY }),
    experiment("line, slot, no cover", {
      clock: "slot",
      eye: "line",
      cover: "off",
      packets: [5, 25, 100],
      tested: MANY,
    }),
    experiment("line, poisson, no cover", {
      clock: "poisson",
      eye: "line",
      cover: "off",
      packets: [5, 25, 100],
      tested: MANY,
    }),
    experiment("provider, slot", { clock: "slot", eye: "provider", packets: [5, 25, 100, 1000], tested: MANY }),
    experiment("provider, poisson", { clock: "poisson", eye: "provider", packets: [5, 25, 100], tested: MANY }),
    experiment("provider, poisson, long", { clock: "poisson", eye: "provider", packets: [1000], tested: SOME }),
    ...CLOCKS.map((clock) =>
      experiment(`provider, ${clock}, chat`, {
        clock,
        eye: "provider",
        profile: "chat",
        packets: clock === "slot" ? [5, 25, 100, 1000] : [5, 25, 100],
        tested: SOME,
      }),
    ),
    ...[1, 1 / 2, 1 / 4, 1 / 16].map((spread) =>
      experiment(`provider, slot, spread ${spread}`, {
        clock: "slot",
        eye: "provider",
        spread,
        packets: spread === 1 ? [5, 25, 100] : [5, 25, 100, 1000],
        tested: SOME,
      }),
    ),
    experiment("provider, slot, 8 groups", {
      clock: "slot",
      eye: "provider",
      groups: 8,
      packets: [5, 25, 100, 1000],
      tested: SOME,
    }),
    ...CLOCK_ERRORS.flatMap(({ name, ahead }) => {
      const common = { clock: "slot", senderClockError: ahead } as const;
      const packets = [5, 25, 100];
      return [
        experiment(`provider, slot, clock ahead by ${name}`, {
          ...common,
          eye: "provider",
          packets: [...packets, 1000],
          tested: SOME,
        }),
        experiment(`line, slot, clock ahead by ${name}`, { ...common, eye: "line", packets, tested: MANY }),
      ];
    }),
  ].map(({ name, pair }) => [name, pair]),
);

type Varied = Pick<PairExperiment, "eye" | "packets" | "tested"> &
  Partial<Pick<PairExperiment, "cover" | "profile" | "groups" | "senderClockError">> & { readonly spread?: number };

function experiment(
  name: string,
  { clock, spread, ...varied }: Varied & { clock: Parameters["clock"] },
): { name: string; pair: PairExperiment } {
  return { name, pair: { seed: `observer/${name}`, parameters: underClock(clock, spread), ...COMMON, ...varied } };
}

/** By clock. */
export const ENTROPY_EXPERIMENTS: Readonly<Record<string, readonly EntropyExperiment[]>> = Object.fromEntries(
  CLOCKS.map((clock) => [
    clock,
    [30, 100, 300, 1000, 3000].map((clients) => ({
      seed: `observer/entropy/${clients}`,
      parameters: underClock(clock),
      profile: "mail" as const,
      clients,
      mixesPerLayer: 2,
      messages: 60,
    })),
  ]),
);

const WEEKS = [1, 2, 4, 8, 16, 26];
const PEOPLE = { parameters: LIVE_PARAMETERS, people: 300, readers: 60, weeks: WEEKS } as const;
export const DISCLOSURE_EXPERIMENTS: Readonly<Record<string, DisclosureExperiment>> = {
  "provider, hours as people keep them": { seed: "observer/weeks", ...PEOPLE, habits: HABITS, eye: "provider" },
  "line, hours as people keep them": { seed: "observer/weeks", ...PEOPLE, habits: HABITS, readers: 30, eye: "line" },
  "provider, always on": { seed: "observer/weeks", ...PEOPLE, habits: ALWAYS_ON, readers: 30, eye: "provider" },
};
