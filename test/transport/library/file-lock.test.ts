/** A lock that has to write would keep a program from starting on a full disk, just when it must be started again. */

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { lockFile } from "#transport/library/file-lock.ts";

test("a lock is had once, writes nothing and leaves nothing beside its file", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "starling-file-lock-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "in-use");
  for (let n = 0; n < 2; n++) {
    const lock = lockFile(path);
    assert.ok(lock);
    assert.deepEqual(readdirSync(folder), ["in-use"]);
    assert.equal(lockFile(path), undefined);
    lock.release();
    lock.release();
    assert.equal(statSync(path).size, 0);
  }
});
