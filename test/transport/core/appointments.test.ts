import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { WrongClock } from "#test/support/wrong-clock.ts";
import { Appointments } from "#transport/core/appointments.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";

const HOUR = 3_600_000;

function setUp() {
  const truth = new VirtualClock({ start: milliseconds(10 * HOUR) });
  const clock = new WrongClock(truth);
  const done: string[] = [];
  let times = 0;
  const appointments = new Appointments({
    clock,
    lookInterval: seconds(60),
    tolerance: seconds(5),
    onClockSet: () => {
      times++;
      appointments.at(milliseconds(clock.now() + 1_000), () => done.push("planned anew"));
    },
  });
  return { truth, clock, appointments, done, timesSet: () => times };
}

test("a task is done at its time, however far away, and one that is over at once", async () => {
  const { truth, clock, appointments, done } = setUp();
  const start = clock.now();
  appointments.at(milliseconds(start + HOUR), () => done.push(`after ${clock.now() - start}`));
  appointments.at(milliseconds(start - HOUR), () => done.push("at once"));
  await truth.runFor(milliseconds(HOUR + 1));
  assert.deepEqual(done, ["at once", `after ${HOUR}`]);
});

for (const [way, step] of [
  ["forward", HOUR],
  ["back", -HOUR],
] as const) {
  test(`when the clock is set ${way}, everything is planned anew, once, within a look`, async () => {
    const { truth, clock, appointments, done, timesSet } = setUp();
    for (const minutes of [1, 30, 90])
      appointments.at(milliseconds(clock.now() + minutes * 60_000), () => done.push("old"));
    await truth.runFor(seconds(10));
    clock.error = step;
    await truth.runFor(seconds(120));
    assert.deepEqual(done, ["planned anew"]);
    assert.equal(timesSet(), 1);
  });
}

test("work of another era can be known, and nothing is done after the end", async () => {
  const { truth, clock, appointments, done } = setUp();
  const { era } = appointments;
  appointments.at(milliseconds(clock.now() + 1_000), () => done.push("never"));
  appointments.end();
  assert.notEqual(appointments.era, era);
  appointments.at(milliseconds(clock.now() + 1_000), () => done.push("never"));
  await truth.runFor(seconds(10));
  assert.deepEqual(done, []);
});
