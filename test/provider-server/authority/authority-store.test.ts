/** What an authority's disk keeps of a write that failed: nothing. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FileAuthorityStore } from "#provider-server/authority/authority-store.ts";
import { epochNumber } from "#transport/core/units.ts";

test("a write that failed leaves no part of it, nor does one that a crash cut short", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "starling-authority-store-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const votes = join(folder, "votes");
  mkdirSync(votes);
  // As a crash leaves it: up to 16 MB, each epoch anew, and under a name that no later write has.
  writeFileSync(join(votes, "3.new"), new Uint8Array(1000));
  const store = new FileAuthorityStore(folder);
  assert.deepEqual(readdirSync(votes), []);
  // What a rename cannot replace stands for a disk that gives up half-way.
  mkdirSync(join(votes, "5"));
  assert.throws(() => store.putVote(epochNumber(5), new Uint8Array(1000)));
  assert.deepEqual(readdirSync(votes), ["5"]);
  store.putVote(epochNumber(6), Uint8Array.of(1));
  assert.deepEqual(store.vote(epochNumber(6)), Uint8Array.of(1));
});
