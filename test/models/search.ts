/** Searches every run of a model with SPIN (Debian's): all states kept exactly, none hashed away. See docs/models.md. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** States of the largest of the small models take a fifth of it. */
const MEGABYTES_MAX = 1000;
/** Steps of one run; every model's longest is far below. */
const DEPTH = 100_000;
const MINUTES_MAX = 10;

/**
 * With the variants of `flags` (-D), resolves when no run breaks an assertion; with `fails`, when one breaks that assertion.
 * Rejects otherwise, and when the search was cut short.
 */
export async function search(
  model: string,
  o: { flags?: readonly string[]; fails?: RegExp; depth?: number; megabytes?: number },
): Promise<void> {
  const cwd = await mkdtemp(join(tmpdir(), "starling-model-"));
  const options = { cwd, timeout: MINUTES_MAX * 60_000 };
  const source = fileURLToPath(new URL(`${model}.pml`, import.meta.url));
  try {
    await run("spin", ["-a", ...(o.flags ?? []).map((flag) => `-D${flag}`), source], options);
    const memory = `-DMEMLIM=${o.megabytes ?? MEGABYTES_MAX}`;
    await run("gcc", ["-O1", "-w", "-DSAFETY", "-DNOREDUCE", "-DCOLLAPSE", memory, "-o", "pan", "pan.c"], options);
    const { stdout } = await run("./pan", [`-m${o.depth ?? DEPTH}`, "-w20"], options);
    if (o.fails !== undefined) {
      const broken = /assertion violated (.*) \(at depth/.exec(stdout)?.[1];
      assert.match(broken?.replaceAll(" ", "") ?? "no assertion failed", o.fails, stdout);
      return;
    }
    assert.match(stdout, /errors: 0/, stdout);
    const isWhole = !/Search not completed|max search depth too small|memory limit/.test(stdout);
    assert.ok(isWhole, `The model was not searched to the end:\n${stdout}`);
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}
