import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { SystemClock } from "#transport/core/system-clock.ts";
import { milliseconds } from "#transport/core/units.ts";

const HOUR = 3_600_000;

/** Node's timers under the test's hand, and a wall clock that can be set apart from them. */
function machine(): { step: (by: number) => void; pass: (time: number) => void; end: () => void } {
  mock.timers.enable({ apis: ["setTimeout"] });
  let wall = Date.UTC(2026, 0, 1);
  const now = mock.method(Date, "now", () => wall);
  return {
    step: (by) => {
      wall += by;
    },
    pass: (time) => {
      for (let passed = 0; passed < time; passed += 1_000) {
        wall += 1_000;
        mock.timers.tick(1_000);
      }
    },
    end: () => {
      now.mock.restore();
      mock.timers.reset();
    },
  };
}

for (const [what, step, latest] of [
  ["nothing happens to the clock", 0, HOUR],
  ["the clock is put forward past the time, or the machine slept", HOUR, 60_000],
  ["the clock is put back", -HOUR, HOUR],
] as const) {
  test(`a task runs in time when ${what}`, () => {
    const { step: set, pass, end } = machine();
    try {
      let runs = 0;
      new SystemClock().at(milliseconds(Date.now() + HOUR), () => runs++);
      pass(30_000);
      set(step);
      pass(latest - 32_000);
      if (step <= 0) assert.equal(runs, 0, "not before");
      pass(2_000);
      assert.equal(runs, 1);
      pass(2 * HOUR);
      assert.equal(runs, 1, "once");
    } finally {
      end();
    }
  });
}

test("a task that was cancelled on its way does not run", () => {
  const { pass, end } = machine();
  try {
    let runs = 0;
    const cancel = new SystemClock().at(milliseconds(Date.now() + HOUR), () => runs++);
    pass(120_000);
    cancel();
    pass(2 * HOUR);
    assert.equal(runs, 0);
  } finally {
    end();
  }
});
