/**
 * A million changed inputs for each decoder that the network reaches, and a tenth as many that fast-check makes up: some hours.
 * Those that depend on the suite of the hops are there twice, the second time "with X-Wing", with packets as long as in live
 * networks. STARLING_FUZZ_CASES asks for another number, STARLING_FUZZ_NAMES for the decoders whose name this regular expression
 * matches, STARLING_SEED for the cases of an earlier run. A failure says the line that reproduces it.
 */

import { after, describe, test } from "node:test";
import { MADE_UP_SHARE } from "#test/fuzz/fault.ts";
import { Workers } from "#test/fuzz/workers.ts";

const CASES = Number(process.env["STARLING_FUZZ_CASES"] ?? 1_000_000);
const SEED = Number(process.env["STARLING_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const NAMES = new RegExp(process.env["STARLING_FUZZ_NAMES"] ?? "");
/** Decoders know nothing of each other: each processor tries its own. */
const WORKERS = 2;

const workers = await Workers.start({ file: "#test/fuzz/worker.ts", count: WORKERS });
after(() => workers.stop());

describe(`decoders, seed ${SEED}`, { concurrency: WORKERS }, () => {
  for (const [index, name] of workers.names.entries()) {
    if (!NAMES.test(name)) continue;
    test(name, async (t) => {
      const order = { index, cases: CASES, madeUp: Math.ceil(CASES / MADE_UP_SHARE), seed: SEED };
      const { cases, madeUp, accepted, slowestMs } = await workers.tried(order);
      t.diagnostic(`${cases} changed inputs, ${accepted} taken, ${madeUp} made up; slowest ${slowestMs.toFixed(1)} ms`);
    });
  }
});
