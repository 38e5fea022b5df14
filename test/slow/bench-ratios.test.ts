/**
 * What work costs as a multiple of the part that it cannot do without, both measured in the same minute on the same machine, by CPU
 * time: a slower program fails here on any machine, a slower machine on none. Each bar is a third to a half above what was measured
 * when it was set (docs/benchmarks.md, "Ratios").
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Idle } from "#test/bench/idle/report.ts";
import { linkAlone } from "#test/bench/link-alone.ts";
import type { Report } from "#test/bench/mix/report.ts";
import { slotAlone } from "#test/bench/slot-alone.ts";
import { measureSphinx } from "#test/bench/sphinx.ts";

const BARS = {
  unwrapOverPrimitives: 1.5,
  slotOverEncapsulations: 3.3,
  linkOverChacha: 1.5,
  mixOverUnwrap: 2.5,
  idleOverSlot: 13,
  bytesOverComputed: 1.05,
} as const;

test("a hop costs little more than its primitives, with either suite", async (t) => {
  for (const suite of ["xwing", "x25519"] as const) {
    await holds(t, `${suite}: unwrap over its primitives`, BARS.unwrapOverPrimitives, async () => {
      const { ratio } = await measureSphinx(suite, "native", 24 * 1024, { rounds: 31, repeats: 20 });
      return ratio;
    });
  }
});

test("a slot costs little more than its five encapsulations", async (t) => {
  await holds(t, "seal and wrap over encapsulating", BARS.slotOverEncapsulations, async () => {
    const { slotUs, encapsulationsUs } = await slotAlone();
    return slotUs / encapsulationsUs;
  });
});

test("a packet's frame over a link costs about what a cipher over its bytes does", async (t) => {
  await holds(t, "both ends of a link over ChaCha20, twice", BARS.linkOverChacha, async () => {
    const { frameUs, chachaUs } = await linkAlone();
    return frameUs / chachaUs;
  });
});

test("a packet costs a mix a small multiple of one unwrap", async (t) => {
  await holds(t, "CPU of the mix over one unwrap", BARS.mixOverUnwrap, async () => {
    const options = ["--seconds", "8", "--rate", "1500", "--mean-delay", "500"];
    const { unwrapAlone } = await bench<Report>("mix", options);
    return unwrapAlone.mixAsMultiple;
  });
});

test("a program at rest costs a small multiple of its slots, and its line carries what was computed", async (t) => {
  const { rows } = await bench<{ rows: readonly Idle[] }>("idle", ["--profile", "chat", "--seconds", "30"]);
  const [{ slotMultiple, megabytesPerDay, sends }] = rows as readonly [Idle];
  assert.ok(sends > 20, `${sends} packets`);
  await holds(t, "CPU of the program over its slots", BARS.idleOverSlot, () => slotMultiple);
  for (const [way, { wire, computed }] of Object.entries(megabytesPerDay)) {
    await holds(t, `bytes ${way} over those computed`, BARS.bytesOverComputed, () => wire / computed);
    assert.ok(wire / computed > 1 / BARS.bytesOverComputed, `${way}: a line that carries less shows its user's pauses`);
  }
});

/** The least of a few: whatever else runs makes a ratio larger, nothing makes it smaller. */
async function holds(t: TestContext, what: string, bar: number, ratio: () => Promise<number> | number): Promise<void> {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS && !(least <= bar); attempt++) {
    const value = await ratio();
    // What divides by nothing comes out of JSON as null, and that is below any bar.
    assert.ok(Number.isFinite(value) && value > 0, `${what}: nothing was measured`);
    least = Math.min(least, value);
    t.diagnostic(`${what}: ${least.toFixed(2)}; the bar is ${bar}`);
  }
  assert.ok(least <= bar, `${what}: ${least.toFixed(2)}; the bar is ${bar}`);
}

const ATTEMPTS = 3;
/** Three processes and a network of eleven start here; on a busy machine that alone takes minutes. */
const MINUTES_MAX = 15;

/** The object that a bench prints, whether or not it holds bars of its own: those are for a machine with nothing else to do. */
function bench<T>(name: string, options: readonly string[]): Promise<T> {
  const program = fileURLToPath(new URL("../bench/bench.ts", import.meta.url));
  const args = ["--disable-warning=ExperimentalWarning", program, name, "--json", ...options];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { timeout: MINUTES_MAX * 60_000 }, (error, stdout, stderr) => {
      try {
        resolve(JSON.parse(stdout) as T);
      } catch {
        reject(new Error(`bench ${name}: ${stderr}`, { cause: error }));
      }
    });
  });
}
