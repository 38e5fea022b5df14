import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { milliseconds, perSecond } from "#transport/core/units.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { ProfileSchedule } from "#transport/traffic/profile-schedule.ts";
import { type Pace, Ticker, type TickLaw } from "#transport/traffic/ticker.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { WrongClock } from "#test/support/wrong-clock.ts";

const DAY = 24 * 3600 * 1000;
const steady = (rate: number): Pace => ({ at: () => ({ rate: perSecond(rate), until: undefined }) });

async function ticks(o: {
  law: TickLaw;
  pace: Pace;
  until: number;
  start?: number;
  seed?: string;
  spread?: number;
}): Promise<number[]> {
  const clock = new VirtualClock({ start: milliseconds(o.start ?? 0) });
  const times: number[] = [];
  const random = new SeededRandom(o.seed ?? "ticks");
  const { law, pace, spread = 1 } = o;
  const ticker = new Ticker({ clock, random, law, pace, spread, tick: () => times.push(clock.now()) });
  ticker.start();
  await clock.runUntil(milliseconds(o.until));
  ticker.stop();
  return times;
}

test("both laws keep the rate", async () => {
  for (const law of ["poisson", "slot"] as const) {
    const { length } = await ticks({ law, pace: steady(2), until: 1_000_000 });
    assert.ok(Math.abs(length - 2000) < 150, `${law}: ${length}`);
  }
});

test("a slot clock ticks once in every slot, and slots are the same for everybody", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ minLength: 1 }), fc.integer({ min: 0, max: 9_999 }), async (seed, start) => {
      const times = await ticks({ law: "slot", pace: steady(1), start, until: 60_000, seed });
      const slots = times.map((time) => Math.floor((time - 1e-6) / 1000));
      const first = Math.floor(start / 1000) + 1;
      assert.deepEqual(
        slots.slice(0, 59 - first),
        Array.from({ length: 59 - first }, (_, i) => first + i),
      );
    }),
    { numRuns: 20 },
  );
});

test("a slot clock with a spread ticks in the first part of each slot, anywhere in it", async () => {
  const times = await ticks({
    law: "slot",
    pace: steady(1),
    spread: 1 / 4,
    start: 1_800_000_000_123,
    until: 1_800_002_000_000,
  });
  const places = times.map((time) => time % 1000);
  assert.equal(times.length, 1999);
  assert.ok(Math.max(...places) <= 250);
  const mean = places.reduce((sum, place) => sum + place, 0) / places.length;
  assert.ok(Math.abs(mean - 125) < 8, `mean ${mean}`);
});

test("the next tick is drawn before anything is done at this one", async () => {
  const clock = new VirtualClock();
  const order: string[] = [];
  const ticker = new Ticker({
    clock,
    random: new SeededRandom("order"),
    law: "poisson",
    pace: steady(1),
    planned: () => order.push("planned"),
    tick: () => order.push("tick"),
  });
  ticker.start();
  await clock.runUntil(milliseconds(10_000));
  ticker.stop();
  assert.deepEqual(order.slice(0, 5), ["planned", "planned", "tick", "planned", "tick"]);
});

test("a clock that slept, or was set ahead, goes on from now instead of catching up", async () => {
  for (const law of ["poisson", "slot"] as const) {
    const count = await ticksAfterSetting({ law, error: 8 * 3_600_000 });
    assert.ok(count > 2 && count < 30, `${law}: ${count} ticks in ten seconds`);
  }
});

test("a clock that was put back goes on from now instead of being silent until then", async () => {
  for (const law of ["poisson", "slot"] as const) {
    const count = await ticksAfterSetting({ law, error: -8 * 3_600_000 });
    assert.ok(count > 2 && count < 30, `${law}: ${count} ticks in ten seconds`);
  }
});

/** Ticks of the ten seconds after the clock was set wrong, at one a second. */
async function ticksAfterSetting(o: { law: TickLaw; error: number }): Promise<number> {
  const clock = new VirtualClock({ start: milliseconds(1_000_000_000) });
  const wrong = new WrongClock(clock);
  let count = 0;
  const ticker = new Ticker({
    clock: wrong,
    random: new SeededRandom("sleep"),
    law: o.law,
    pace: steady(1),
    tick: () => count++,
  });
  ticker.start();
  await clock.runFor(milliseconds(5_000));
  const before = count;
  wrong.error = o.error;
  await clock.runFor(milliseconds(10_000));
  ticker.stop();
  return count - before;
}

test("a profile chosen today rules from midnight on, and not a packet earlier", async () => {
  const choice = { profile: "mail", nextProfile: undefined } as const;
  const schedule = new ProfileSchedule({ parameters: LIVE_PARAMETERS, choice });
  const noon = DAY * 100 + DAY / 2;
  schedule.choose("chat", milliseconds(noon));
  const midnight = DAY * 101;
  const { mail, chat } = LIVE_PARAMETERS.profiles;
  const times = await ticks({
    law: "poisson",
    pace: schedule.pace("sendRate"),
    start: noon,
    until: midnight + 3_600_000,
  });
  const before = times.filter((time) => time < midnight).length;
  const after = times.length - before;
  assert.ok(Math.abs(before - (DAY / 2000) * mail.sendRate) < 200, `${before} before midnight`);
  assert.ok(Math.abs(after - 3600 * chat.sendRate) < 250, `${after} in the hour after`);
});

test("a wait that reaches into another pace is drawn anew there: the first packet after midnight is as near as any", async () => {
  const midnight = 3_600_000;
  const pace: Pace = {
    at: (time) =>
      time < midnight
        ? { rate: perSecond(1 / 3_600), until: milliseconds(midnight) }
        : { rate: perSecond(1), until: undefined },
  };
  const seeds = Array.from({ length: 200 }, (_, n) => `seed ${n}`);
  const waits = await Promise.all(
    seeds.map(async (seed) => {
      const times = await ticks({ law: "poisson", pace, start: midnight - 5_000, until: midnight + 20_000, seed });
      return (times.find((time) => time >= midnight) ?? Infinity) - midnight;
    }),
  );
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
  assert.ok(Math.abs(mean - 1000) < 250, `mean ${mean}`);
});

test("the last choice of a day counts, and taking it back changes nothing", () => {
  const schedule = new ProfileSchedule({
    parameters: LIVE_PARAMETERS,
    choice: { profile: "mail", nextProfile: undefined },
  });
  schedule.choose("chat", milliseconds(10));
  assert.deepEqual(schedule.choose("mail", milliseconds(20)), { profile: "mail", nextProfile: undefined });
  schedule.choose("chat", milliseconds(30));
  assert.equal(schedule.nameAt(milliseconds(DAY - 1)), "mail");
  assert.equal(schedule.nameAt(milliseconds(DAY)), "chat");
});
