/** When losses are more than chance: docs/spec/08-directory.md §12.3 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ACCUSED_BY_CHANCE_MAX } from "#provider-server/authority/limits.ts";
import {
  accusedByChance,
  accuses,
  baseLoss,
  gain,
  HONEST_LOOP_LOSS,
  poissonTail,
  turningPoint,
  voice,
} from "#provider-server/authority/loss-test.ts";

test("the tail of the Poisson law is that of tables, and no shorter than the binomial's", () => {
  // P(X ≥ 3) for mean 1 is 1 − 2.5 e⁻¹; P(X ≥ 10) for mean 4 from tables.
  assert.ok(Math.abs(poissonTail(3, 1) - (1 - 2.5 * Math.exp(-1))) < 1e-12);
  assert.ok(Math.abs(poissonTail(10, 4) - 0.008_132_243) < 1e-8);
  assert.equal(poissonTail(4, 4), 1);
  for (const [n, p] of [
    [50, 0.04],
    [450, 0.04],
    [30, 0.2],
  ] as const) {
    for (let k = Math.ceil(n * p) + 1; k < n * p + 12; k++) assert.ok(poissonTail(k, n * p) >= binomialTail(k, n, p));
  }
});

function binomialTail(k: number, n: number, p: number): number {
  let term = (1 - p) ** n;
  let less = 0;
  for (let i = 0; i < k; i++) {
    less += term;
    term *= ((n - i) / (i + 1)) * (p / (1 - p));
  }
  return 1 - less;
}

test("a witness accuses where a tenth more loss explains what it saw better than none", () => {
  assert.ok(Math.abs(HONEST_LOOP_LOSS - 0.039_404) < 1e-6);
  assert.ok(Math.abs(turningPoint(HONEST_LOOP_LOSS) - 0.0786) < 1e-4);
  assert.equal(accuses({ lost: 35, sent: 450, base: HONEST_LOOP_LOSS }), false);
  assert.equal(accuses({ lost: 36, sent: 450, base: HONEST_LOOP_LOSS }), true);
  assert.equal(accuses({ lost: 0, sent: 0.1, base: HONEST_LOOP_LOSS }), false);
  assert.equal(baseLoss({ lost: 0, sent: 400 }), HONEST_LOOP_LOSS);
  assert.equal(baseLoss({ lost: 80, sent: 400 }), 0.2);
  assert.equal(baseLoss({ lost: 400, sent: 400 }), 0.9);
  assert.equal(gain(3, 5), 0);
});

test("with few loops one that is lost accuses, but not where chance does that more often than twice in five", () => {
  // 11.5 % are lost where each link loses 3 %: one or more of four loops in 37 of a hundred, of six in 50.
  for (const [sent, lost, base] of [
    [12, 1, HONEST_LOOP_LOSS],
    [13, 2, HONEST_LOOP_LOSS],
    [26, 3, HONEST_LOOP_LOSS],
    [4, 1, 0.115],
    [6, 2, 0.115],
  ] as const) {
    assert.equal(accuses({ lost, sent, base }), true, `${lost} of ${sent}`);
    assert.equal(accuses({ lost: lost - 1, sent, base }), false, `${lost - 1} of ${sent}`);
  }
});

test("of an honest target operators say −1 on the average, however many loops they sent and whatever is lost elsewhere", () => {
  for (const base of [HONEST_LOOP_LOSS, 0.115, 0.4, 0.9]) {
    for (const sent of [0.01, 0.4, 1, 3, 9, 10.3, 12, 12.7, 25, 60, 225, 450]) {
      const mean = sent * base;
      let average = 0;
      for (let lost = 0; lost < mean + 12 * Math.sqrt(mean) + 20; lost++) {
        const chance = poissonTail(lost, mean) - poissonTail(lost + 1, mean);
        // Below its mean the tail is one by definition: what chance those counts have is of no matter, none of them accuses.
        average += chance * voice({ lost, sent, base });
      }
      assert.ok(Math.abs(average + 1) < 1e-9, `${sent} at ${base}: ${average}`);
      assert.ok(accusedByChance({ sent, base }) <= ACCUSED_BY_CHANCE_MAX);
    }
  }
  assert.equal(voice({ lost: 12, sent: 12, base: HONEST_LOOP_LOSS }), 1);
  // Nobody's voice weighs more than so much against the others.
  assert.ok(voice({ lost: 0, sent: 12, base: HONEST_LOOP_LOSS }) > -2.34);
});
