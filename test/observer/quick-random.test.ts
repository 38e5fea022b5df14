/** Counts drawn at once have the law of counts made of single draws. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { QuickRandom } from "./quick-random.ts";

const DRAWS = 60_000;

/** Pearson's statistic over values that are expected twenty times and more, in standard deviations from its mean. */
function misfit(draw: () => number, chance: (count: number) => number): number {
  const seen = new Map<number, number>();
  for (let i = 0; i < DRAWS; i++) {
    const count = draw();
    seen.set(count, (seen.get(count) ?? 0) + 1);
  }
  let [sum, classes] = [0, 0];
  for (let count = 0; count < 400; count++) {
    const expected = DRAWS * chance(count);
    if (expected < 20) continue;
    sum += ((seen.get(count) ?? 0) - expected) ** 2 / expected;
    classes++;
  }
  return (sum - classes) / Math.sqrt(2 * classes);
}

const logFactorial = (n: number): number =>
  Array.from({ length: n }, (_, i) => Math.log(i + 1)).reduce((a, b) => a + b, 0);
const poissonChance = (mean: number) => (k: number) => Math.exp(k * Math.log(mean) - mean - logFactorial(k));
const binomialChance = (n: number, p: number) => (k: number) =>
  k > n
    ? 0
    : Math.exp(logFactorial(n) - logFactorial(k) - logFactorial(n - k) + k * Math.log(p) + (n - k) * Math.log(1 - p));

test("counts of a mean are Poisson's, by counting up and by rejection", () => {
  const random = new QuickRandom("poisson");
  for (const mean of [0.3, 6, 11, 140]) {
    const off = misfit(() => random.poisson(mean), poissonChance(mean));
    assert.ok(Math.abs(off) < 4, `mean ${mean}: ${off}`);
  }
  assert.ok(Math.abs(misfit(() => random.poisson(11.5), poissonChance(11))) > 10, "another mean is seen");
});

test("counts of successes are binomial, by counting up and by rejection", () => {
  const random = new QuickRandom("binomial");
  for (const [trials, chance] of [
    [12, 0.2],
    [60, 0.4],
    [300, 0.93],
    [300, 0.05],
  ] as const) {
    const off = misfit(() => random.binomial(trials, chance), binomialChance(trials, chance));
    assert.ok(Math.abs(off) < 4, `${trials}, ${chance}: ${off}`);
  }
  assert.equal(random.binomial(7, 1), 7);
  assert.equal(random.binomial(7, 0), 0);
});

const draw = (): Float64Array => {
  const counts = new Float64Array(4);
  new QuickRandom("split").split(1000, [0.5, 0.3, 0.2], counts, 1);
  return counts;
};

test("what is split is neither lost nor doubled, and the same for one seed", () => {
  assert.deepEqual(draw(), draw());
  const [none, ...counts] = draw();
  assert.equal(none, 0);
  assert.equal(
    counts.reduce((a, b) => a + b, 0),
    1000,
  );
  [500, 300, 200].forEach((mean, i) => assert.ok(Math.abs((counts[i] as number) - mean) < 70, counts.join()));
});
