/** The table of docs/spec/04-traffic.md §7, sampled. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { TimeLaws } from "#transport/client/time-laws.ts";
import { LIVE_PARAMETERS as parameters } from "#transport/core/parameters.ts";
import type { Milliseconds } from "#transport/core/units.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";

const SAMPLES = 4_000;
const profile = parameters.profiles.chat;
const laws = new TimeLaws({ random: new SeededRandom("laws"), profile: () => profile, parameters });
const J = 3 * Math.max(parameters.profiles.mail.meanDelay, parameters.profiles.chat.meanDelay);
const P = 1000 / profile.pollRate;
const [F, G, M] = [3 * J + 4 * P, 5 * J + 8 * P, 20 * J * 2 ** 2];

const DAY = 24 * 3_600_000;

const withBoxes = { ...parameters, boxReplies: 2 };
const boxLaws = new TimeLaws({ random: new SeededRandom("laws"), profile: () => profile, parameters: withBoxes });
const { sendRate, dropShare } = parameters.profiles.mail;
/** Of a box: 2J for its two ways, and the mail profile's mean time between two drop slots for two answers. */
const B = 20 * (2 * J + 1000 / (sendRate * dropShare) / 2) * 2 ** 2;

const AT_BOX = { place: {} };

const LAWS: readonly [string, () => Milliseconds, { floor: number; mean: number }][] = [
  ["a receipt waits Exp(J)", () => laws.receiptWait(), { floor: 0, mean: J }],
  ["asking have waits F + Exp(F)", () => laws.askWait(), { floor: F, mean: F }],
  ["repeating a fragment waits Exp(J)", () => laws.repeatWait(), { floor: 0, mean: J }],
  ["the third reminder waits M/2 + Exp(M/2)", () => laws.remindWait(2, {}), { floor: M / 2, mean: M / 2 }],
  ["that of mail to a box waits longer", () => boxLaws.remindWait(2, AT_BOX), { floor: B / 2, mean: B / 2 }],
  ["the last reminder waits 3 days and Exp(3 h)", () => laws.remindWait(4, AT_BOX), { floor: 3 * DAY, mean: DAY / 8 }],
  ["an answer is waited for G + Exp(G/4)", () => laws.answerWait(), { floor: G, mean: G / 4 }],
];

for (const [name, draw, { floor, mean }] of LAWS) {
  test(name, () => {
    const waits = Array.from({ length: SAMPLES }, () => (draw() - floor) / mean);
    assert.ok(Math.min(...waits) >= 0);
    // An exponential's mean and deviation are equal; its median is ln 2.
    const average = waits.reduce((sum, wait) => sum + wait, 0) / SAMPLES;
    const deviation = Math.sqrt(waits.reduce((sum, wait) => sum + (wait - average) ** 2, 0) / SAMPLES);
    const belowMedian = waits.filter((wait) => wait < Math.LN2).length / SAMPLES;
    assert.ok(Math.abs(average - 1) < 0.07, `mean ${average}`);
    assert.ok(Math.abs(deviation - 1) < 0.12, `deviation ${deviation}`);
    assert.ok(Math.abs(belowMedian - 0.5) < 0.04, `${belowMedian} below the median`);
  });
}
