/**
 * When a client says that its line keeps breaking: of whom it is said and how soon, of which honest lines it is not, and what is no end of a
 * line. `test/attacks/unsteady-line.test.ts` does it with a network.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { LineHealth } from "#transport/client/line-health.ts";
import {
  LINE_ENDS_APART,
  LINE_ENDS_STEADY,
  LINE_ENDS_STEADY_SLOW,
  LINE_ENDS_UNSTEADY,
  LINE_ENDS_UNSTEADY_SLOW,
  LINE_WINDOW,
  LINE_WINDOW_SLOW,
} from "#transport/client/limits.ts";
import { exponential, type RandomSource, uniform } from "#transport/core/random.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { WrongClock } from "#test/support/wrong-clock.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const AWAY = 2_000;

for (const every of [MINUTE, 10 * MINUTE - AWAY]) {
  test(`a line that is cut ${every === MINUTE ? "every minute" : "every ten minutes"} is called unsteady at the sixth time, and no sooner`, async () => {
    const { clock, health, breaks } = setUp();
    for (let n = 1; n <= LINE_ENDS_UNSTEADY; n++) {
      assert.equal(health.isUnsteady, false, `${n}`);
      await clock.runFor(milliseconds(every));
      await breaks();
    }
    assert.equal(health.isUnsteady, true);
  });
}

test("it is steady again an hour after the last but two of its ends, and says so once", async () => {
  const { clock, health, breaks, steady } = setUp();
  const ends: number[] = [];
  for (let n = 0; n < LINE_ENDS_UNSTEADY_SLOW - 1; n++) {
    await clock.runFor(seconds(120));
    ends.push(clock.now());
    await breaks();
  }
  const over = (ends.at(-LINE_ENDS_STEADY) as number) + LINE_WINDOW;
  await clock.runUntil(milliseconds(over - 1));
  assert.deepEqual([health.isUnsteady, steady], [true, []]);
  await clock.runUntil(milliseconds(over));
  assert.deepEqual([health.isUnsteady, steady], [false, [over]]);
  await clock.runFor(milliseconds(DAY));
  assert.equal(steady.length, 1);
});

for (const [often, timesAnHour] of [
  ["three", 3],
  ["five", 5],
] as const) {
  test(`a line that is cut ${often} times an hour is called unsteady at the eighteenth time, until eight of six hours are left`, async () => {
    const { clock, health, breaks, steady } = setUp();
    const ends: number[] = [];
    for (let n = 1; n <= LINE_ENDS_UNSTEADY_SLOW; n++) {
      assert.equal(health.isUnsteady, false, `${n}`);
      await clock.runFor(milliseconds(HOUR / timesAnHour - AWAY));
      ends.push(clock.now());
      await breaks();
    }
    assert.equal(health.isUnsteady, true);
    const over = (ends.at(-LINE_ENDS_STEADY_SLOW) as number) + LINE_WINDOW_SLOW;
    await clock.runUntil(milliseconds(over - 1));
    assert.deepEqual([health.isUnsteady, steady], [true, []]);
    await clock.runUntil(milliseconds(over));
    assert.deepEqual([health.isUnsteady, steady], [false, [over]]);
  });
}

/** Hours until it is said of a line that breaks by chance, so many times a day; at most two years. */
async function hoursUntilSaid(random: RandomSource, timesADay: number): Promise<number> {
  const { clock, health, breaks } = setUp();
  const from = clock.now();
  while (!health.isUnsteady && clock.now() - from < 730 * DAY) {
    clock.runAtOnceUntil(milliseconds(clock.now() + exponential(random, milliseconds(DAY / timesADay))));
    await breaks();
  }
  return (clock.now() - from) / HOUR;
}

test("of an honest line that breaks by chance six times a day nothing is said in two years; at one an hour, once in three weeks", async () => {
  const random = new SeededRandom("honest lines");
  assert.ok((await hoursUntilSaid(random, 1)) >= 730 * 24);
  assert.ok((await hoursUntilSaid(random, 6)) >= 730 * 24);
  const said = await Promise.all(Array.from({ length: 40 }, () => hoursUntilSaid(random, 24)));
  const mean = said.reduce((sum, hours) => sum + hours, 0) / said.length / 24;
  assert.ok(mean > 10 && mean < 30, `${mean} days`);
});

test("a bad minute is one or two ends: a line that comes and goes twelve times while somebody walks through a house, each evening for a year", async () => {
  const { clock, health, breaks } = setUp();
  const random = new SeededRandom("walks");
  for (let day = 0; day < 365; day++) {
    clock.runAtOnceUntil(milliseconds(clock.now() + DAY));
    for (let n = 0; n < 12; n++) {
      clock.runAtOnceUntil(milliseconds(clock.now() + 8_000 * uniform(random)));
      await breaks(1_000);
    }
    assert.equal(health.isUnsteady, false);
  }
});

test("a train with a tunnel every eight minutes has an unsteady line, and that is what is said", async () => {
  const { clock, health, breaks } = setUp();
  for (let n = 0; n < 7; n++) {
    await clock.runFor(milliseconds(8 * MINUTE));
    await breaks(60_000);
  }
  assert.equal(health.isUnsteady, true);
});

test("a link that ends after a sleep, or a clock that was set, does not count, whether timers run first or the end is heard first", async () => {
  for (const jump of [HOUR, 5 * MINUTE, -HOUR, -5 * MINUTE, -40 * DAY]) {
    for (const first of ["timers", "end"]) {
      const { clock, machine, health, breaks } = setUp();
      for (let n = 0; n < 30; n++) {
        await clock.runFor(seconds(200));
        machine.error += jump;
        await clock.runFor(seconds(first === "timers" ? 31 : 0));
        await breaks();
      }
      assert.equal(health.isUnsteady, false, `${jump}, ${first} first`);
      for (let n = 0; n < LINE_ENDS_UNSTEADY; n++) {
        await clock.runFor(seconds(200));
        await breaks();
      }
      assert.equal(health.isUnsteady, true, "the same computer awake");
    }
  }
});

test("a busy computer whose timers are seconds late is not taken for one that slept, and a clock set right by a second neither", async () => {
  const { clock, machine, health, breaks } = setUp();
  for (let n = 0; n < LINE_ENDS_UNSTEADY; n++) {
    await clock.runFor(seconds(100));
    machine.error += n % 2 === 0 ? 5_000 : -5_000;
    await clock.runFor(seconds(100));
    await breaks();
  }
  assert.equal(health.isUnsteady, true);
});

test("what the program ends itself does not count, leaves no timer, and what was before is forgotten", async () => {
  const { clock, health, breaks } = setUp();
  for (let n = 0; n < LINE_ENDS_UNSTEADY; n++) {
    await clock.runFor(seconds(100));
    await breaks();
  }
  assert.equal(health.isUnsteady, true);
  health.stop();
  assert.equal(health.isUnsteady, false);
  await clock.runFor(seconds(1));
  assert.equal(clock.pending, 0);
  for (let n = 0; n < 20; n++) {
    health.began();
    await clock.runFor(seconds(100));
    health.stop();
  }
  health.began();
  await breaks();
  assert.equal(health.isUnsteady, false);
});

test("ends closer together than half a minute are one", async () => {
  const { clock, health, breaks } = setUp();
  for (let n = 0; n < 2 * LINE_ENDS_UNSTEADY - 2; n++) {
    await clock.runFor(milliseconds(LINE_ENDS_APART / 2));
    await breaks(0);
  }
  assert.equal(health.isUnsteady, false);
  await clock.runFor(milliseconds(LINE_ENDS_APART));
  await breaks(0);
  assert.equal(health.isUnsteady, true);
});

function setUp() {
  const clock = new VirtualClock({ start: milliseconds(1000 * DAY) });
  const machine = new WrongClock(clock);
  const steady: number[] = [];
  const health = new LineHealth({ clock: machine, onSteady: () => steady.push(clock.now()) });
  health.began();
  /** The line ends, and is there again after a while. */
  const breaks = async (away = AWAY): Promise<void> => {
    health.ended();
    await clock.runFor(milliseconds(away));
    health.began();
  };
  return { clock, machine, health, steady, breaks };
}
