/**
 * Somebody records all packets and seizes the node later, running, with all its memory: an epoch's key that is over is not in
 * it any more, neither as it was made nor in the forms that it was expanded to.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const child = fileURLToPath(new URL("./support/key-child.ts", import.meta.url));

for (const suite of ["xwing", "x25519"] as const) {
  test(`after its epoch no part of a key of ${suite} is in the node's memory or folder`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "starling-seized-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", child, folder, suite]);
    const { before, after } = JSON.parse(stdout) as Record<"before" | "after", Record<string, number>>;
    // The search finds what is there: without it, finding nothing later would say nothing.
    assert.ok(
      Object.values(before).some((count) => count > 0),
      stdout,
    );
    for (const [secret, count] of Object.entries(after)) assert.equal(count, 0, `${secret}: ${stdout}`);
    assert.deepEqual(readdirSync(folder), []);
  });
}
