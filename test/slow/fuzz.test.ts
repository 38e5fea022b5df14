/**
 * A million changed inputs for each decoder that the network reaches, and a tenth as many that fast-check makes up: some hours.
 * Those that depend on the suite of the hops are there twice, the second time "with X-Wing", with packets as long as in live
 * networks. STARLING_FUZZ_CASES asks for another number, STARLING_FUZZ_NAMES for the decoders whose name this regular expression matches,
 * STARLING_SEED for the cases of an earlier run.
 */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Report } from "#test/fuzz/fuzz.ts";
import type { Order, Said } from "#test/fuzz/worker.ts";

const CASES = Number(process.env["STARLING_FUZZ_CASES"] ?? 1_000_000);
const SEED = Number(process.env["STARLING_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const NAMES = new RegExp(process.env["STARLING_FUZZ_NAMES"] ?? "");
/** Decoders know nothing of each other: each processor tries its own. */
const WORKERS = 2;

const file = fileURLToPath(import.meta.resolve("#test/fuzz/worker.ts"));
// Without the flags of this process, which would make a test of it.
const execArgv = ["--disable-warning=ExperimentalWarning"];
const workers = Array.from({ length: WORKERS }, () => fork(file, [], { execArgv }));
after(() => {
  for (const worker of workers) worker.kill();
});
const [names = []] = await Promise.all(
  workers.map(async (worker) => {
    const said = await answer(worker);
    return "names" in said ? said.names : [];
  }),
);

describe(`decoders, seed ${SEED}`, { concurrency: WORKERS }, () => {
  const free = [...workers];
  for (const [index, name] of names.entries()) {
    if (!NAMES.test(name)) continue;
    test(name, async (t) => {
      const worker = free.pop() as ChildProcess;
      const order = { index, cases: CASES, madeUp: CASES / 10, seed: SEED };
      const report = await tried(worker, order).finally(() => free.push(worker));
      const { cases, madeUp, accepted, slowestMs } = report;
      t.diagnostic(`${cases} changed inputs, ${accepted} taken, ${madeUp} made up; slowest ${slowestMs.toFixed(1)} ms`);
    });
  }
});

async function tried(worker: ChildProcess, order: Order): Promise<Report> {
  worker.send(order);
  const said = await answer(worker);
  if ("report" in said) return said.report;
  throw new Error("error" in said ? said.error : "the worker began anew");
}

/** The next message. Rejects when the process ends instead. */
async function answer(worker: ChildProcess): Promise<Said> {
  const gone = new AbortController();
  const ended = once(worker, "exit", { signal: gone.signal }).then(([code]) => {
    throw new Error(`the worker ended with ${code}`);
  });
  ended.catch(() => undefined);
  const [said] = (await Promise.race([once(worker, "message"), ended])) as [Said];
  gone.abort();
  return said;
}
