import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { makeMemoryFolder } from "./memory-folder.ts";

test("folders of demos that were killed go at the next start, those of running ones and of others stay", (t) => {
  const parent = mkdtempSync(join(tmpdir(), "starling-memory-"));
  t.after(() => rmSync(parent, { recursive: true }));
  const { pid: dead } = spawnSync(process.execPath, ["--version"]);
  const left = join(parent, `starling-demo-${dead}-abcdef`, "mix-1");
  mkdirSync(left, { recursive: true });
  writeFileSync(join(left, "7.epoch"), "");
  const running = basename(makeMemoryFolder(parent));
  mkdirSync(join(parent, "starling-0011223344556677"));
  const own = basename(makeMemoryFolder(parent));
  assert.deepEqual(readdirSync(parent).toSorted(), [own, running, "starling-0011223344556677"].toSorted());
});
