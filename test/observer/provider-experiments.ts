/** What is measured of lines into providers for a release, with its seeds; beside test/observer/experiments.ts, in docs/anonymity.md "Which provider". */

import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { HABITS } from "./disclosure.ts";
import { CLOCKS, underClock } from "./experiments.ts";
import { type BurstExperiment, type BurstResult, runBursts } from "./provider-bursts.ts";
import { runWeeks, type WeeksExperiment, type WeeksResult } from "./provider-weeks.ts";

export const USERS = [100, 1_000, 10_000] as const;
export const PROVIDERS = [2, 4, 10] as const;
/** Two in a layer serve 10,000 users (docs/spec/11-parameters.md §7); more would send more decoys. */
const MIXES_PER_LAYER = 2;

/** People watched for each length of a mail: long ones take long to draw, and say enough sooner. */
const AMOUNTS = [
  { packets: 5, trials: 1_000 },
  { packets: 25, trials: 1_000 },
  { packets: 100, trials: 1_000 },
  { packets: 1_000, trials: 300 },
] as const;
export const PACKETS = AMOUNTS.map(({ packets }) => packets);

export const burstName = (o: { clock: string; users: number; providers: number }): string =>
  `${o.clock}, ${o.users} users, ${o.providers} providers`;
export const NO_COVER = "slot, 1000 users, 10 providers, no cover";

/** By name, one for each length. */
export const BURST_EXPERIMENTS: Readonly<Record<string, readonly BurstExperiment[]>> = Object.fromEntries([
  ...CLOCKS.flatMap((clock) => {
    const parameters = underClock(clock);
    return USERS.flatMap((users) =>
      PROVIDERS.map((providers) =>
        burstsIn(burstName({ clock, users, providers }), { parameters, users, providers, cover: "on" }),
      ),
    );
  }),
  burstsIn(NO_COVER, { parameters: underClock("slot"), users: 1_000, providers: 10, cover: "off" }),
]);

function burstsIn(
  name: string,
  network: Pick<BurstExperiment, "parameters" | "users" | "providers" | "cover">,
): [string, BurstExperiment[]] {
  const experiment = (amount: (typeof AMOUNTS)[number]): BurstExperiment => {
    return { seed: `observer/${name}`, mixesPerLayer: MIXES_PER_LAYER, ...network, ...amount };
  };
  return [name, AMOUNTS.map(experiment)];
}

export const weeksName = (o: { users: number; providers: number }): string =>
  `${o.users} users, ${o.providers} providers`;

/** By name. Hours' counts are the same under both clocks: only the moment within a slot differs. */
export const WEEKS_EXPERIMENTS: Readonly<Record<string, WeeksExperiment>> = Object.fromEntries(
  USERS.flatMap((users) =>
    PROVIDERS.map((providers) => {
      const name = weeksName({ users, providers });
      const people = { habits: HABITS, users, providers, mixesPerLayer: MIXES_PER_LAYER };
      const amounts = { packets: PACKETS, weeks: [1, 4, 26], trials: 300 };
      return [name, { seed: `observer/${name}`, parameters: LIVE_PARAMETERS, ...people, ...amounts }];
    }),
  ),
);

export interface ProviderFigures {
  readonly bursts: Readonly<Record<string, readonly BurstResult[]>>;
  readonly weeks: Readonly<Record<string, readonly WeeksResult[]>>;
}

export function measureProviders(tell: (line: string) => void): ProviderFigures {
  const bursts = Object.entries(BURST_EXPERIMENTS).map(([name, experiments]) => {
    tell(`into providers: ${name}`);
    return [name, experiments.map((experiment) => runBursts(experiment))];
  });
  const weeks = Object.entries(WEEKS_EXPERIMENTS).map(([name, experiment]) => {
    tell(`into providers, weeks: ${name}`);
    return [name, runWeeks(experiment)];
  });
  return { bursts: Object.fromEntries(bursts), weeks: Object.fromEntries(weeks) };
}
