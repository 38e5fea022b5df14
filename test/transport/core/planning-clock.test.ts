import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { WrongClock } from "#test/support/wrong-clock.ts";
import { PlanningClock } from "#transport/core/planning-clock.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";

const HOUR = 3_600_000;

function setUp() {
  const truth = new VirtualClock({ start: milliseconds(10 * HOUR) });
  const wrong = new WrongClock(truth);
  const putBackTo: number[] = [];
  const clock = new PlanningClock({ clock: wrong, onPutBack: (now) => putBackTo.push(now) });
  return { truth, wrong, clock, putBackTo };
}

test("a clock that is put back is told of once, at the next reading", () => {
  const { wrong, clock, putBackTo } = setUp();
  wrong.error = HOUR;
  assert.equal(clock.now(), 11 * HOUR);
  wrong.error = 0;
  assert.equal(clock.now(), 10 * HOUR);
  assert.equal(clock.now(), 10 * HOUR);
  assert.deepEqual(putBackTo, [10 * HOUR]);
  wrong.error = -HOUR;
  clock.now();
  assert.deepEqual(putBackTo, [10 * HOUR, 9 * HOUR]);
});

test("a clock that goes on, is set forward or is corrected by a second is left alone", async () => {
  const { truth, wrong, clock, putBackTo } = setUp();
  for (const error of [0, HOUR, HOUR - 1_000, HOUR - 1_500]) {
    wrong.error = error;
    clock.now();
    await truth.runFor(seconds(1));
  }
  assert.deepEqual(putBackTo, []);
});

test("a clock that is put back second by second is told of as well", () => {
  const { wrong, clock, putBackTo } = setUp();
  for (let step = 0; step < 10; step++) {
    wrong.error = -step * 1_000;
    clock.now();
  }
  assert.ok(putBackTo.length >= 3, `${putBackTo.length} times`);
});
