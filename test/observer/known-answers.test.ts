/** The observer's tools on cases whose answers are known. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { delayLaw, density, survival } from "./erlang.ts";
import { type FlowModel, flowScore, type PairView } from "./flow-likelihood.ts";
import { type Example, train } from "./learned.ts";
import { matchingScore } from "./matching-likelihood.ts";
import { FEATURES, pairFeatures } from "./pair-features.ts";
import { ExpectedArrivals, expectedDepartures, type SenderLaw } from "./sender-law.ts";
import { areaUnderCurve, betaShare, clopperPearson, median, operatingPoint, samplesDistance } from "./statistics.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { exponential, uniform } from "#transport/core/random.ts";
import { milliseconds } from "#transport/core/units.ts";

const near = (actual: number, expected: number, tolerance: number): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

test("Clopper and Pearson's interval has its published values", () => {
  // 0 of 10 and 10 of 10: 1 - 0.025^(1/10).
  near(clopperPearson(0, 10, 0.95).high, 1 - 0.025 ** 0.1, 1e-9);
  near(clopperPearson(10, 10, 0.95).low, 0.025 ** 0.1, 1e-9);
  // R: binom.test(7, 20)$conf.int.
  const { low, high } = clopperPearson(7, 20, 0.95);
  near(low, 0.1539092, 1e-6);
  near(high, 0.5921885, 1e-6);
  // P(X >= 3) for 5 throws of a fair coin is one half.
  near(betaShare(0.5, 3, 3), 0.5, 1e-9);
});

test("an operating point lets no more unmatched pairs pass than it says", () => {
  const unmatched = Float64Array.from({ length: 1000 }, (_, i) => i);
  const matched = Float64Array.of(989, 990, 995, 2000);
  const { tpr, threshold } = operatingPoint(matched, unmatched, 1e-2);
  assert.equal(threshold, 989);
  assert.equal(tpr, 3 / 4);
  assert.equal(unmatched.filter((score) => score > threshold).length, 10);
  // All alike: nobody passes, whoever they are.
  assert.equal(operatingPoint(new Float64Array(4), new Float64Array(100), 0.1).tpr, 0);
});

test("the area under the curve counts pairs that are in order, ties half", () => {
  assert.equal(areaUnderCurve(Float64Array.of(2, 3), Float64Array.of(0, 1)), 1);
  assert.equal(areaUnderCurve(Float64Array.of(0, 1), Float64Array.of(2, 3)), 0);
  assert.equal(areaUnderCurve(Float64Array.of(1), Float64Array.of(0, 1, 2)), 0.5);
});

test("Kolmogorov and Smirnov's distance tells samples apart, and not when they are of one law", () => {
  const random = new SeededRandom("distance");
  const draw = (mean: number): number[] => Array.from({ length: 2000 }, () => exponential(random, milliseconds(mean)));
  const same = samplesDistance(draw(100), draw(100));
  assert.ok(same.distance < same.critical);
  const other = samplesDistance(draw(100), draw(120));
  assert.ok(other.distance > other.critical);
  assert.equal(samplesDistance([1, 2], [3, 4]).distance, 1);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

test("the law of three delays is Erlang's", () => {
  const law = delayLaw(5000, 100);
  assert.equal(density(law, 99), 0);
  assert.equal(survival(law, 100), 1);
  // P(X > 3 means) = e^-3 (1 + 3 + 4.5).
  near(survival(law, 15_100), Math.exp(-3) * 8.5, 1e-12);
  let sum = 0;
  for (let elapsed = 100; elapsed < 100_100; elapsed += 10) sum += density(law, elapsed) * 10;
  near(sum, 1, 1e-4);
});

const BEAT: SenderLaw = { kind: "beat", period: 20_000, spread: 2_000 };

test("what is expected of anybody follows from the network's clock", () => {
  near(expectedDepartures({ kind: "anywhere", period: 50 }, 10, 110), 2, 1e-12);
  near(expectedDepartures(BEAT, 40_000, 41_000), 0.5, 1e-12);
  near(expectedDepartures(BEAT, 42_000, 59_999), 0, 1e-12);
  near(expectedDepartures(BEAT, 40_500, 100_500), 3, 1e-12);
  const arrivals = new ExpectedArrivals(BEAT, delayLaw(5000, 0));
  near(arrivals.between(100_000, 300_000), 10, 0.01);
  // Averaged by hand over where in the last slots the packet may have left.
  let sum = 0;
  for (let back = 0; back < 60_000; back += 20_000) {
    for (let u = 0; u < 2_000; u++) sum += density(delayLaw(5000, 0), 7_000 + back - u) / 2_000;
  }
  near(arrivals.at(107_000) / sum, 1, 0.01);
});

/** One departure every `period` ms or so, each of them delayed, over background. */
function pair(seed: string, kind: "matched" | "unmatched"): PairView {
  const random = new SeededRandom(seed);
  const series = (): number[] => {
    const times: number[] = [];
    for (let at = 0; at < 2_000_000; at += exponential(random, milliseconds(20_000))) times.push(at);
    return times;
  };
  const departures = series();
  const source = kind === "matched" ? departures : series();
  const delay = (): number => [1, 2, 3].reduce((sum) => sum + exponential(random, milliseconds(5000)), 0);
  const arrivals = source.filter(() => uniform(random) < 0.6).map((at) => at + delay());
  const inside = arrivals.filter((at) => at >= 200_000 && at <= 1_800_000).toSorted((a, b) => a - b);
  return {
    departures: Float64Array.from(departures),
    arrivals: Float64Array.from(inside),
    readerDepartures: new Float64Array(0),
    from: 200_000,
    until: 1_800_000,
  };
}

const MODEL: FlowModel = {
  law: delayLaw(5000, 0),
  share: 0.6,
  anybody: new ExpectedArrivals({ kind: "anywhere", period: 20_000 }, delayLaw(5000, 0)),
  background: 1e-7,
  loops: { share: 0, laws: [] },
};

test("both likelihoods know a pair from two strangers", () => {
  for (const score of [flowScore, matchingScore]) {
    const matched = [1, 2, 3, 4, 5].map((i) => score(pair(`matched ${i}`, "matched"), MODEL));
    const unmatched = [1, 2, 3, 4, 5].map((i) => score(pair(`unmatched ${i}`, "unmatched"), MODEL));
    assert.ok(Math.min(...matched) > 0 && Math.max(...unmatched) < 0, `${matched.join()} and ${unmatched.join()}`);
  }
});

test("the matching likelihood is the sum over all assignments", () => {
  // Two departures, two arrivals, by hand: each arrival is background, of the first or of the second departure.
  const [d1, d2, a1, a2, from, until] = [1_000, 4_000, 9_000, 12_000, 500, 60_000];
  const { law, share } = MODEL;
  const background = 2e-5;
  const f = (a: number, d: number): number => share * density(law, a - d);
  const stays = (d: number): number => 1 - share + share * survival(law, until - d);
  const likelihood =
    background ** 2 * stays(d1) * stays(d2) +
    background * (f(a1, d1) + f(a2, d1)) * stays(d2) +
    background * (f(a1, d2) + f(a2, d2)) * stays(d1) +
    f(a1, d1) * f(a2, d2) +
    f(a1, d2) * f(a2, d1);
  const usual = (background + share / 20_000) ** 2 * Math.exp((-share * (until - from)) / 20_000);
  const view: PairView = {
    departures: Float64Array.of(d1, d2),
    arrivals: Float64Array.of(a1, a2),
    readerDepartures: new Float64Array(0),
    from,
    until,
  };
  // Departures over 12 means ago at the end are forgotten with what they had left: next to nothing.
  near(matchingScore(view, { ...MODEL, background }), Math.log(likelihood / usual), 2e-3);
});

test("the reader's own loops explain arrivals that would otherwise speak for a sender", () => {
  const arrivals = Float64Array.of(100_000);
  const view = { departures: Float64Array.of(88_000, 90_000, 92_000), arrivals, from: 50_000, until: 150_000 };
  const model = { ...MODEL, loops: { share: 0.2, laws: [delayLaw(5000, 0)] } };
  const alone = flowScore({ ...view, readerDepartures: new Float64Array(0) }, model);
  const explained = flowScore({ ...view, readerDepartures: Float64Array.of(89_000) }, model);
  assert.ok(alone > explained);
});

test("the learned classifier learns what no single feature shows, the same for one seed", () => {
  const random = new SeededRandom("examples");
  const draw = (): Example => {
    const features = Float64Array.from({ length: 3 }, () => 2 * uniform(random) - 1);
    return { features, isMatch: (features[0] as number) * (features[1] as number) > 0 };
  };
  const examples = Array.from({ length: 1500 }, draw);
  const others = Array.from({ length: 500 }, draw);
  const right = (score: (features: Float64Array) => number): number =>
    others.filter(({ features, isMatch }) => score(features) > 0 === isMatch).length / others.length;
  const deep = train(examples, { seed: "net", rounds: 60 });
  assert.ok(right(deep) > 0.9, `${right(deep)}`);
  assert.ok(right(train(examples, { seed: "net", hidden: 0, rounds: 20 })) < 0.65, "a line cannot");
  const again = train(examples, { seed: "net", rounds: 60 });
  assert.equal(again(Float64Array.of(0.3, 0.4, 0)), deep(Float64Array.of(0.3, 0.4, 0)));
});

test("features of strangers are about standard normal, those of a pair are not", () => {
  const scale = { bin: 2_500, sender: { kind: "anywhere", period: 20_000 } } as const;
  const of = (kind: "matched" | "unmatched"): number[] =>
    Array.from({ length: 30 }, (_, i) => Math.max(...pairFeatures(pair(`${kind} ${i}`, kind), scale).subarray(4, 16)));
  assert.equal(pairFeatures(pair("one", "matched"), scale).length, FEATURES);
  const [matched, unmatched] = [of("matched"), of("unmatched")];
  assert.ok(median(matched) > median(unmatched) + 1, `${median(matched)} and ${median(unmatched)}`);
});
