/** The figures of a release as they stand in the repository (test/observer/figures.json), and how to get them. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type DisclosureResult, runDisclosure } from "./disclosure.ts";
import { DISCLOSURE_EXPERIMENTS, ENTROPY_EXPERIMENTS, PAIR_EXPERIMENTS } from "./experiments.ts";
import { type PairResult, runPairExperiment } from "./pair-experiment.ts";
import { type EntropyResult, runEntropyExperiment } from "./population.ts";

export interface Figures {
  readonly about: {
    readonly commit: string;
    readonly node: string;
    readonly machine: string;
    readonly day: string;
  };
  readonly pairs: Readonly<Record<string, readonly PairResult[]>>;
  readonly entropy: Readonly<Record<string, readonly EntropyResult[]>>;
  readonly disclosure: Readonly<Record<string, readonly DisclosureResult[]>>;
}

export const FIGURES_FILE = fileURLToPath(new URL("figures.json", import.meta.url));

export const releasedFigures = (): Figures => JSON.parse(readFileSync(FIGURES_FILE, "utf8")) as Figures;

/** The pair experiment of this name, with its seed. Throws for a name that there is none of. */
export function measurePair(name: string): readonly PairResult[] {
  const experiment = PAIR_EXPERIMENTS[name];
  if (experiment === undefined)
    throw new Error(`there is no "${name}", but: ${Object.keys(PAIR_EXPERIMENTS).join("; ")}`);
  return runPairExperiment(experiment);
}

/** `tell` hears what is done, for it takes minutes. */
export function measure(tell: (line: string) => void): Omit<Figures, "about"> {
  const pairs = mapValues(PAIR_EXPERIMENTS, (experiment, name) => {
    tell(name);
    return runPairExperiment(experiment);
  });
  const entropy = mapValues(ENTROPY_EXPERIMENTS, (experiments, clock) => {
    tell(`entropy, ${clock}`);
    return experiments.map((experiment) => runEntropyExperiment(experiment));
  });
  const disclosure = mapValues(DISCLOSURE_EXPERIMENTS, (experiment, name) => {
    tell(`weeks: ${name}`);
    return runDisclosure(experiment);
  });
  return { pairs, entropy, disclosure };
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, map: (value: T, name: string) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));
}
