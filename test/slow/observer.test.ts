/**
 * Everything of docs/anonymity.md at full size: the bars hold, and nothing is worse than in the last release
 * (test/observer/figures.json). Seeds are fixed, so a difference has a cause in the code.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  asReckoned,
  findsPairsWithoutCover,
  guessesNoBetter,
  lineLearnsNothing,
  noWorseThan,
} from "#test/observer/bars.ts";
import { runDisclosure } from "#test/observer/disclosure.ts";
import { CLOCKS, DISCLOSURE_EXPERIMENTS, ENTROPY_EXPERIMENTS, PAIR_EXPERIMENTS } from "#test/observer/experiments.ts";
import { releasedFigures } from "#test/observer/figures.ts";
import { runPairExperiment } from "#test/observer/pair-experiment.ts";
import { runEntropyExperiment } from "#test/observer/population.ts";
import { runBursts } from "#test/observer/provider-bursts.ts";
import { BURST_EXPERIMENTS, NO_COVER, WEEKS_EXPERIMENTS } from "#test/observer/provider-experiments.ts";
import { runWeeks } from "#test/observer/provider-weeks.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";

/** Entropy is an average over sixty messages: this far apart is a change of law, not of seed. */
const BITS = 0.3;
/** Of a hundred readers. */
const SHARE = 0.15;

describe("the observer at full size", () => {
  const released = releasedFigures();

  for (const [name, experiment] of Object.entries(PAIR_EXPERIMENTS)) {
    test(name, () => {
      const results = runPairExperiment(experiment);
      const isBare = experiment.cover === "off";
      if (experiment.eye === "line" && !isBare) assert.deepEqual(lineLearnsNothing(name, results), []);
      if (isBare) assert.deepEqual(findsPairsWithoutCover(name, results), []);
      else assert.deepEqual(noWorseThan(released.pairs[name] ?? [], name, results), []);
    });
  }

  for (const [clock, experiments] of Object.entries(ENTROPY_EXPERIMENTS)) {
    test(`entropy, ${clock} clock`, () => {
      experiments.forEach((experiment, i) => {
        const { meanBits, clients } = runEntropyExperiment(experiment);
        const before = released.entropy[clock]?.[i]?.meanBits ?? 0;
        assert.ok(meanBits > before - BITS, `${clients} clients: ${meanBits} bits, was ${before}`);
      });
    });
  }

  for (const [name, experiment] of Object.entries(DISCLOSURE_EXPERIMENTS)) {
    test(`weeks: ${name}`, () => {
      runDisclosure(experiment).forEach(({ weeks, firstTen }, i) => {
        const before = released.disclosure[name]?.[i]?.firstTen ?? 0;
        assert.ok(firstTen <= before + SHARE, `${weeks} weeks: ${firstTen}, was ${before}`);
      });
    });
  }

  for (const [name, experiments] of Object.entries(BURST_EXPERIMENTS)) {
    test(`into providers: ${name}`, () => {
      const results = experiments.map((experiment) => runBursts(experiment));
      assert.deepEqual(asReckoned(name, results), []);
      if (name === NO_COVER) {
        for (const { packets, right } of results) assert.ok(packets < 25 || right > 0.95, `${packets}: ${right}`);
      } else assert.deepEqual(guessesNoBetter(released.providers.bursts[name] ?? [], name, results), []);
    });
  }

  for (const [name, experiment] of Object.entries(WEEKS_EXPERIMENTS)) {
    test(`into providers, weeks: ${name}`, () => {
      const results = runWeeks(experiment);
      assert.deepEqual(guessesNoBetter(released.providers.weeks[name] ?? [], name, results), []);
    });
  }

  test("the clock of the network for people is the one that hides senders better", () => {
    const [slot, poisson] = CLOCKS.map((clock) => {
      const results = released.pairs[`provider, ${clock}`] ?? [];
      return Math.max(...results.filter(({ packets }) => packets === 100).map(({ auc }) => auc));
    }) as [number, number];
    assert.equal(LIVE_PARAMETERS.clock, slot < poisson ? "slot" : "poisson");
  });
});
