/** Many clients' packets through the mixes, as times: what enters and leaves each mix. For the entropy of single messages. */

import { pick } from "#transport/core/random.ts";
import type { Parameters, ProfileName } from "#transport/core/parameters.ts";
import { meanInterval } from "#transport/core/units.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { entropy, follow, type Step } from "./entropy.ts";
import { startClient } from "./generator.ts";
import { QuickClock } from "./quick-clock.ts";
import { mean } from "./statistics.ts";

export interface EntropyExperiment {
  readonly seed: string;
  readonly parameters: Parameters;
  readonly profile: ProfileName;
  readonly clients: number;
  readonly mixesPerLayer: number;
  /** Packets to follow. */
  readonly messages: number;
}

export interface EntropyResult {
  readonly clients: number;
  readonly meanBits: number;
  readonly leastBits: number;
  /** 2^bits, of the mean: as many equally likely packets. */
  readonly equalTo: number;
}

const LAYERS = 3;
/** Mixes fill, and the last packet has left, within so many mean delays of the slower profile. */
const MEANS = 40;

/** Entropy of payload packets; each mix is told which mean a packet has. */
export function runEntropyExperiment(experiment: EntropyExperiment): EntropyResult {
  const { seed, parameters, profile, clients, mixesPerLayer, messages } = experiment;
  const clock = new QuickClock();
  const paths = new SeededRandom(`${seed}/paths`);
  const names = Array.from({ length: LAYERS }, (_, layer) =>
    Array.from({ length: mixesPerLayer }, (__, i) => `${layer}.${i}`),
  );
  const steps: Step[] = [];
  const entered: Step[] = [];
  const slowest = Math.max(...Object.values(parameters.profiles).map(({ meanDelay }) => meanDelay));
  const start = MEANS * slowest;
  const end = start + 2 * meanInterval(parameters.profiles[profile].sendRate);
  for (let i = 0; i < clients; i++) {
    startClient({
      clock,
      parameters,
      profile,
      cover: "on",
      seed: `${seed}/${i}`,
      hasMail: () => false,
      onPacket: ({ kind, journey }) => {
        const { delays, mean: meanDelay } = journey();
        let at: number = clock.now();
        let from: string | undefined;
        delays.forEach((delay, layer) => {
          const to = `${pick(paths, names[layer] as string[])}/${meanDelay}`;
          const step = { at, from, to };
          steps.push(step);
          if (layer === 0 && kind === "payload" && at >= start && at < end) entered.push(step);
          at += delay;
          from = to;
        });
        steps.push({ at, from, to: undefined });
      },
    });
  }
  clock.runUntil(end + start);
  const ordered = steps.toSorted((a, b) => a.at - b.at);
  const every = Math.max(1, Math.floor(entered.length / messages));
  const watched = entered.filter((_, i) => i % every === 0).slice(0, messages);
  const bits = watched.map((step) => entropy(follow(after(ordered, step, start), step)));
  const meanBits = mean(bits);
  return { clients, meanBits, leastBits: Math.min(...bits), equalTo: 2 ** meanBits };
}

/** From so long before a packet enters that the mixes are as full as they were, to so long after that it is out. */
function after(ordered: readonly Step[], step: Step, reach: number): Step[] {
  return ordered.filter(({ at }) => at > step.at - reach && at < step.at + reach);
}
