/** When losses are more than chance: docs/spec/08-directory.md §12.3 */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  accuses,
  baseLoss,
  gain,
  HONEST_LOOP_LOSS,
  poissonTail,
  turningPoint,
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
