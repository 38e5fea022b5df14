/** Counting on the lines into providers at small size: what it finds, what it does not, and that it would find planted faults. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { asReckoned, guessesNoBetter } from "./bars.ts";
import { HABITS } from "./disclosure.ts";
import { CLOCKS, underClock } from "./experiments.ts";
import { type BurstExperiment, type BurstResult, runBursts } from "./provider-bursts.ts";
import { runWeeks, type WeeksExperiment, type WeeksResult } from "./provider-weeks.ts";

const bursts = (varied: Partial<BurstExperiment>): BurstResult =>
  runBursts({
    seed: "small",
    parameters: LIVE_PARAMETERS,
    users: 100,
    providers: 10,
    mixesPerLayer: 2,
    cover: "on",
    packets: 100,
    trials: 200,
    ...varied,
  });

for (const clock of CLOCKS) {
  const parameters = underClock(clock);

  test(`without cover counting finds the provider of a mail of 25 packets among 1,000 people (${clock} clock)`, () => {
    const { right, point } = bursts({ parameters, users: 1_000, cover: "off", packets: 25 });
    assert.ok(right > 0.95 && point.tpr > 0.9, `${right}, ${point.tpr}`);
  });

  test(`with cover it finds that of a short mail as often as by guessing (${clock} clock)`, () => {
    const { right, interval } = bursts({ parameters, users: 1_000, packets: 5, trials: 400 });
    assert.ok(interval.low < 0.15 && right < 0.2, `${right}`);
  });

  test(`what cover leaves of a longer mail in a small network is as reckoned (${clock} clock)`, () => {
    const small = bursts({ parameters });
    const large = bursts({ parameters, users: 10_000 });
    assert.deepEqual(asReckoned("small", [small]), []);
    assert.deepEqual(asReckoned("large", [large]), []);
    assert.ok(small.right > 0.3, "among 100 people a hundred packets are seen");
    assert.ok(large.right < 0.2, "among 10,000 hardly");
  });
}

test("a Poisson clock gives counting more: a sender's times are a pattern of its own", () => {
  const [slot, poisson] = CLOCKS.map((clock) => bursts({ parameters: underClock(clock), trials: 400 }).right);
  assert.ok((poisson as number) > (slot as number) + 0.05, `${slot} and ${poisson}`);
});

test("a sender whose clock is wrong gives counting no more", () => {
  const [right, wrong] = [0, 3_600_000].map((clockError) => bursts({ clockError, trials: 400 }));
  assert.ok((wrong as BurstResult).interval.low < (right as BurstResult).interval.high, JSON.stringify([right, wrong]));
});

const weeks = (varied: Partial<WeeksExperiment>): WeeksResult[] =>
  runWeeks({
    seed: "small",
    parameters: LIVE_PARAMETERS,
    habits: HABITS,
    users: 1_000,
    providers: 4,
    mixesPerLayer: 2,
    packets: [5, 100],
    weeks: [8],
    trials: 100,
    ...varied,
  });

test("over weeks five packets a day stay hidden, even from who is told the hours; a hundred a day do not", () => {
  for (const { packets, interval, oracle, basis } of weeks({})) {
    const name = `${packets} packets, ${oracle}, ${basis}`;
    if (packets === 5) assert.ok(interval.low < 0.3, name);
    if (packets === 100 && basis === "idle clients") assert.ok(interval.low > 0.35, name);
  }
});

test("drops that go where mail goes give a person away within weeks, though nothing is told of their mail", () => {
  const results = weeks({ fault: "drops follow mail", packets: [5] }).filter(({ oracle }) => oracle === "none");
  assert.equal(results.length, 2);
  for (const { right, basis } of results) assert.ok(right > 0.9, `${basis}: ${right}`);
});

const of = (right: number, packets = 25): BurstResult => ({
  packets,
  trials: 1000,
  right,
  interval: { low: right - 0.03, high: right + 0.03 },
  reckoned: 0.5,
  point: { fpr: 1e-2, threshold: 0, tpr: 0, interval: { low: 0, high: 1 } },
});

test("guesses that grew since the last release are named, and what is not as reckoned", () => {
  assert.deepEqual(guessesNoBetter([of(0.5)], "here", [of(0.55)]), []);
  assert.equal(guessesNoBetter([of(0.5)], "here", [of(0.6)]).length, 1);
  assert.equal(guessesNoBetter([of(0.5, 5)], "here", [of(0.5)]).length, 1);
  assert.deepEqual(asReckoned("here", [of(0.55)]), []);
  assert.equal(asReckoned("here", [of(0.7)]).length, 1);
  assert.equal(asReckoned("here", [of(0.3)]).length, 1, "nor less");
});
