/** A provider with as many boxes as it keeps holds them on its disk, not in its memory. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { BOXES_MAX } from "#provider-server/boxes/limits.ts";
import { COLLECT_DELAY_MAX } from "#transport/box/limits.ts";
import { milliseconds } from "#transport/core/units.ts";
import { boxScene, LOST_AFTER, secret } from "./box-scene.ts";

test("fifty thousand boxes take no memory each, and one is remembered no longer than its answers are under way", async () => {
  const { boxes, clock, reader, rows } = boxScene();
  const before = heapBytes();
  for (let n = 0; n < BOXES_MAX; n++) boxes.open(secret(n));
  assert.equal(rows("boxes"), BOXES_MAX);
  assert.deepEqual(boxes.open(secret(BOXES_MAX)), { until: undefined }, "there is no room for one more");
  assert.equal(boxes.remembered, 0);
  const growth = heapBytes() - before;
  assert.ok(growth < BOXES_MAX * 20, `${growth} bytes stay`);

  const readers = 500;
  for (let n = 0; n < readers; n++) reader(owner(n));
  assert.equal(boxes.remembered, readers);
  await clock.runFor(milliseconds(COLLECT_DELAY_MAX + LOST_AFTER));
  reader(owner(0));
  assert.equal(boxes.remembered, readers, "an answer may have been given so long after its request");
  await clock.runFor(milliseconds(1));
  reader(owner(0));
  assert.equal(boxes.remembered, 1);
});

test("who makes up secrets is remembered nowhere", () => {
  const { boxes, reader, take, rows } = boxScene();
  for (let n = 0; n < 2000; n++) assert.deepEqual(take(reader({ secret: secret(n), device: n }), 1), ["unknown"]);
  assert.deepEqual([boxes.remembered, rows("boxes"), rows("box_readers"), rows("mailboxes")], [0, 0, 0, 0]);
});

const owner = (n: number) => ({ secret: secret(n), device: n });

function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}
