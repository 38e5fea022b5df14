/** The figures of a release as they stand in the repository (test/observer/figures.json), and how to get them. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type DisclosureResult, runDisclosure } from "./disclosure.ts";
import { DISCLOSURE_EXPERIMENTS, ENTROPY_EXPERIMENTS, PAIR_EXPERIMENTS } from "./experiments.ts";
import { type PairExperiment, type PairResult, runPairExperiment } from "./pair-experiment.ts";
import { type EntropyResult, runEntropyExperiment } from "./population.ts";
import { measureProviders, type ProviderFigures } from "./provider-experiments.ts";

export interface About {
  readonly commit: string;
  readonly node: string;
  readonly machine: string;
  readonly day: string;
}

/** What may be measured by itself: lines into providers, and senders whose clocks are wrong. */
export const PARTS = ["providers", "clocks"] as const;
export type Part = (typeof PARTS)[number];

export interface Figures {
  readonly about: About;
  /** Parts that were measured after the rest. */
  readonly later: Readonly<Partial<Record<Part, About>>>;
  readonly pairs: Readonly<Record<string, readonly PairResult[]>>;
  readonly entropy: Readonly<Record<string, readonly EntropyResult[]>>;
  readonly disclosure: Readonly<Record<string, readonly DisclosureResult[]>>;
  readonly providers: ProviderFigures;
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
export function measure(tell: (line: string) => void): Omit<Figures, "about" | "later"> {
  const pairs = measurePairs(PAIR_EXPERIMENTS, tell);
  const entropy = mapValues(ENTROPY_EXPERIMENTS, (experiments, clock) => {
    tell(`entropy, ${clock}`);
    return experiments.map((experiment) => runEntropyExperiment(experiment));
  });
  const disclosure = mapValues(DISCLOSURE_EXPERIMENTS, (experiment, name) => {
    tell(`weeks: ${name}`);
    return runDisclosure(experiment);
  });
  return { pairs, entropy, disclosure, providers: measureProviders(tell) };
}

/** The figures with one part measured again. */
export function measurePart(part: Part, of: Figures, tell: (line: string) => void): Omit<Figures, "about" | "later"> {
  if (part === "providers") return { ...of, providers: measureProviders(tell) };
  const wrong = Object.entries(PAIR_EXPERIMENTS).filter(([, { senderClockError }]) => senderClockError !== undefined);
  return { ...of, pairs: { ...of.pairs, ...measurePairs(Object.fromEntries(wrong), tell) } };
}

function measurePairs(
  experiments: Readonly<Record<string, PairExperiment>>,
  tell: (line: string) => void,
): Record<string, readonly PairResult[]> {
  return mapValues(experiments, (experiment, name) => {
    tell(name);
    return runPairExperiment(experiment);
  });
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, map: (value: T, name: string) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));
}
