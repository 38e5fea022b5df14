/** A provider that is killed between what it wrote and what it would have answered. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { Moment } from "./box-child.ts";
import { alice, boxOf, boxScene, LIFETIME, phone } from "./box-scene.ts";

const CHILD = fileURLToPath(new URL("./box-child.ts", import.meta.url));

function killedAt(t: TestContext, moment: Moment) {
  const directory = mkdtempSync(join(tmpdir(), "starling-boxes-"));
  const path = join(directory, "provider.db");
  const { signal } = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", CHILD, path, moment]);
  assert.equal(signal, "SIGKILL");
  const scene = boxScene({ path });
  t.after(() => {
    scene.database.close();
    rmSync(directory, { recursive: true });
  });
  return scene;
}

test("killed before it could say that a box is open: who asks again gets the same box", (t) => {
  const { boxes, clock } = killedAt(t, "opened");
  assert.equal(boxes.count, 1);
  assert.deepEqual(boxes.open(alice.secret), { until: clock.now() + LIFETIME });
  assert.equal(boxes.count, 1);
});

test("killed before the commit: `have` does not say that the entry is there, and its sender sends it again", async (t) => {
  const { have, deliver, commit, reader, take } = killedAt(t, "arrived");
  assert.deepEqual(have(boxOf(1), 1), [false]);
  deliver(boxOf(1), 1);
  await commit();
  assert.deepEqual(take(reader(alice), 2), [[1, 1], { next: 1 }]);
});

test("killed at the moment of the commit: what was promised is there, with its number", async (t) => {
  const { have, deliver, commit, reader, take, drops } = killedAt(t, "stored");
  assert.deepEqual(have(boxOf(1), 1, 2), [true, true]);
  for (const n of [2, 3]) deliver(boxOf(1), n);
  await commit();
  assert.deepEqual(drops, ["DUPLICATE"]);
  assert.deepEqual(take(reader(alice), 4), [[1, 1], [2, 2], [3, 3], { next: 1 }]);
});

test("killed with an answer made that had not left: the entry is given again", (t) => {
  const { reader, take } = killedAt(t, "given");
  assert.deepEqual(take(reader(alice), 3), [[1, 1], [2, 2], { next: 1 }]);
  assert.deepEqual(take(reader(phone), 1), [[1, 1]]);
});

test("killed after cursors moved: they are where they were, and what they have passed is there and counts as had", (t) => {
  const { reader, take, have, rows, database } = killedAt(t, "passed");
  assert.equal(rows("entries"), 2);
  const cursors = database.prepare("SELECT cursor FROM box_readers").all();
  assert.deepEqual(
    cursors.map(({ cursor }) => cursor),
    [1, 1],
  );
  assert.deepEqual(take(reader(alice, 1), 2), [[2, 2], { next: 2 }]);
  assert.deepEqual(have(boxOf(1), 1, 2), [true, true]);
});
