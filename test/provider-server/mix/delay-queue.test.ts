import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { DelayQueue } from "#provider-server/mix/delay-queue.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";

test("nothing leaves before it is due", () => {
  const queue = new DelayQueue();
  queue.push(milliseconds(10), 2);
  queue.push(milliseconds(5), 1);
  assert.equal(queue.popDue(milliseconds(4.999)), undefined);
  assert.equal(queue.nextDue, 5);
  assert.equal(queue.popDue(milliseconds(5)), 1);
  assert.equal(queue.popDue(milliseconds(5)), undefined);
  assert.equal(queue.popDue(milliseconds(11)), 2);
  assert.equal(queue.nextDue, undefined);
});

test("it holds and gives what a sorted array would, in any order of pushes and pops", () => {
  const step = fc.oneof(
    fc.record({ push: fc.integer({ min: 0, max: 50 }) }),
    fc.record({ popAt: fc.integer({ min: 0, max: 60 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const queue = new DelayQueue();
      let model: Milliseconds[] = [];
      for (const each of steps) {
        if ("push" in each) {
          const due = milliseconds(each.push);
          queue.push(due, due);
          model = [...model, due].toSorted((a, b) => a - b);
        } else {
          const expected = model[0] !== undefined && model[0] <= each.popAt ? model.shift() : undefined;
          assert.equal(queue.popDue(milliseconds(each.popAt)), expected);
        }
        assert.equal(queue.size, model.length);
        assert.equal(queue.nextDue, model[0]);
      }
    }),
  );
});

test("ten thousand packets come out in order", () => {
  const queue = new DelayQueue();
  for (let i = 0; i < 10_000; i++) queue.push(milliseconds((i * 7919) % 10_000), (i * 7919) % 10_000);
  for (let i = 0; i < 10_000; i++) assert.equal(queue.popDue(milliseconds(1e6)), i);
});

test("draining empties it", () => {
  const queue = new DelayQueue();
  queue.push(milliseconds(2), 2);
  queue.push(milliseconds(1), 1);
  assert.deepEqual(
    queue.drain().toSorted((a, b) => a - b),
    [1, 2],
  );
  assert.equal(queue.size, 0);
});
