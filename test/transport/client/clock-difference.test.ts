import assert from "node:assert/strict";
import { test } from "node:test";
import { ClockDifference } from "#transport/client/clock-difference.ts";
import { milliseconds } from "#transport/core/units.ts";

/** A question that takes `there` milliseconds to the provider and `back` from it, and what is told then. */
function asked(o: { difference: number; there: number; back: number; again?: number }): boolean {
  let now = 1_000_000;
  const it = new ClockDifference({ now: () => milliseconds(now) });
  it.asked();
  now += o.there;
  if (o.again !== undefined) it.asked();
  const time = milliseconds(now - o.difference);
  now += o.back;
  it.answered(time);
  return it.isTold;
}

test("a clock that is ahead or behind by more than a second is told, one that is nearly right is not", () => {
  for (const difference of [1_100, -1_100, 60_000, -60_000]) {
    assert.equal(asked({ difference, there: 0, back: 0 }), true, `${difference}`);
  }
  for (const difference of [0, 900, -900]) assert.equal(asked({ difference, there: 30, back: 30 }), false);
});

test("a slow line, whichever way is slow, never makes a right clock wrong", () => {
  for (const [there, back] of [
    [20_000, 0],
    [0, 20_000],
    [300, 90_000],
  ] as const) {
    assert.equal(asked({ difference: 0, there, back }), false, `${there} there, ${back} back`);
  }
  assert.equal(
    asked({ difference: 5_000, there: 20_000, back: 20_000 }),
    false,
    "what the way may explain is not told",
  );
  assert.equal(asked({ difference: 30_000, there: 2_000, back: 20_000 }), true);
});

test("an answer to the first of two questions is not taken for one to the second", () => {
  assert.equal(asked({ difference: 0, there: 10_000, back: 0, again: 1 }), false);
});

test("an answer that nobody asked for, or that comes on another link, tells nothing", () => {
  let now = 1_000_000;
  const it = new ClockDifference({ now: () => milliseconds(now) });
  it.answered(milliseconds(0));
  assert.equal(it.isTold, false);
  it.asked();
  it.lost();
  it.answered(milliseconds(0));
  assert.equal(it.isTold, false);
  it.asked();
  now -= 10_000; // the clock was put back
  it.answered(milliseconds(now - 5_000));
  assert.equal(it.isTold, false);
});

test("it ends when the clock is right again", () => {
  let now = 1_000_000;
  const it = new ClockDifference({ now: () => milliseconds(now) });
  it.asked();
  it.answered(milliseconds(now - 5_000));
  assert.equal(it.isTold, true);
  now -= 5_000;
  it.asked();
  it.answered(milliseconds(now + 20));
  assert.equal(it.isTold, false);
});
