/** Spec: docs/spec/17-boxes.md §3.2 */

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { BoxProgress } from "#transport/client/boxes/box-progress.ts";

test("what was dealt with ahead of the cursor is a bit, and the cursor passes it once nothing is missing before it", () => {
  const progress = new BoxProgress();
  progress.took(2);
  progress.took(4);
  assert.deepEqual([progress.cursor, progress.taken], [0, 0b1010n]);
  progress.took(1);
  assert.deepEqual([progress.cursor, progress.taken], [2, 0b10n]);
  progress.took(3);
  assert.deepEqual([progress.cursor, progress.taken], [4, 0n]);
});

test("the cursor passes what is gone, and what was dealt with behind it", () => {
  const progress = new BoxProgress();
  progress.took(7);
  progress.nextIs(7);
  assert.deepEqual([progress.cursor, progress.taken], [7, 0n]);
  progress.nextIs(3);
  assert.equal(progress.cursor, 7, "an answer that came late takes nothing back");
  progress.took(9);
  progress.nextIs(2 ** 40);
  assert.deepEqual([progress.cursor, progress.taken], [2 ** 40 - 1, 0n]);
});

test("an entry that no bit tells of is given again", () => {
  const progress = new BoxProgress({ cursor: 10, taken: 0n });
  progress.took(75);
  progress.took(10);
  assert.deepEqual([progress.cursor, progress.taken], [10, 0n]);
  progress.took(74);
  assert.equal(progress.taken, 1n << 63n);
});

test("whatever the order, cursor and bits say what was dealt with, and nothing else", () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 60 })), { maxLength: 80 });
  fc.assert(
    fc.property(steps, (all) => {
      const progress = new BoxProgress();
      const done = new Set<number>();
      for (const [isEntry, number] of all) {
        if (isEntry) {
          done.add(number);
          progress.took(number);
        } else {
          for (let gone = 1; gone < number; gone++) done.add(gone);
          progress.nextIs(number);
        }
        const says = (n: number): boolean =>
          n <= progress.cursor || ((progress.taken >> BigInt(n - progress.cursor - 1)) & 1n) === 1n;
        for (let n = 1; n <= 60; n++) assert.equal(says(n), done.has(n), `${n}`);
      }
    }),
  );
});
