/** The harness finds what it is for: decoders with a planted fault each are named, with the line that brings the fault about again. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { MADE_UP_SHARE } from "./fault.ts";
import { fuzz, type Target } from "./fuzz.ts";
import { plantedTargets } from "./planted.ts";
import { Workers } from "./workers.ts";

const OPTIONS = { cases: 2_000, madeUp: 200, seed: 7 };
const ENDLESS_SECONDS = 2;

for (const name of ["a good one", "a good one that takes its time"]) {
  test(`${name} passes`, async () => {
    const { accepted } = await fuzz(named(name), OPTIONS);
    assert.ok(accepted > 0);
  });
}

const FOUND: Readonly<Record<string, RegExp>> = {
  "one that crashes": /: TypeError: .*; changed input \d+ of seed 7\n/,
  "one that crashes (later)": /: RangeError: of its own; changed input \d+ of seed 7\n/,
  "one that only what is made up crashes": /: RangeError: of its own; made up input \d+ of seed 7\n/,
  "one that takes what was changed": /: took what was changed; changed input \d+ of seed 7\n/,
  "one that takes 1 GiB": /: 107\d{7} bytes of memory for one input, of at most 16\d{6}; changed input \d+ of seed 7\n/,
  "one that takes 100 MiB of the heap": /: [12]\d{8} bytes of memory for one input, .*; changed input \d+ of seed 7\n/,
  "one that is slow": /: \d+(\.\d+)? ms for one input; changed input \d+ of seed 7\n/,
  "one that leaks": /: \d+ bytes stay after 2000 inputs; changed input 1999 of seed 7\n/,
  "one that refuses everything": /: nearly every input was refused at once; changed input 1999 of seed 7\n/,
};

for (const [name, expected] of Object.entries(FOUND)) {
  test(`${name} is found, and found again by the line that is said`, async () => {
    const fault = await faultOf(fuzz(named(name), OPTIONS));
    assert.match(fault, expected);
    assert.ok(fault.includes(`${name}: `));
    const again = await faultOf(fuzz(...ordered(fault)));
    assert.match(again, expected);
    assert.deepEqual(inputs(again), inputs(fault));
  });
}

test("one that takes 1 GiB and gives it back is found, by the size that the process never had before", async () => {
  const fault = await faultOf(fuzz(named("one that takes 1 GiB and gives it back"), OPTIONS));
  assert.match(fault, /: \d{9,10} bytes of memory for one input, .*; changed input \d+ of seed 7\n/);
  const [, { cases }] = ordered(fault);
  assert.ok(cases <= OPTIONS.cases);
});

describe("in processes of their own", () => {
  let workers: Workers;
  before(async () => {
    workers = await Workers.start({ file: "#test/fuzz/planted-worker.ts", count: 2 });
  });
  after(() => workers.stop());
  const tried = (name: string, options = OPTIONS) => {
    const index = workers.names.indexOf(name);
    assert.notEqual(index, -1);
    return workers.tried({ index, ...options, endlessSeconds: ENDLESS_SECONDS });
  };

  const endless = / ms for one input, and no end; changed input \d+ of seed 7\n/;
  const ending: Readonly<Record<string, RegExp>> = {
    "one that hangs": endless,
    "one that hangs (later)": endless,
    "one that waits for nothing": endless,
    "one that takes so much that the system ends it":
      /: the worker ended with SIGKILL: ; changed input 1999 of seed 7\n/,
  };
  for (const [name, expected] of Object.entries(ending)) {
    test(`${name} is found, and found again by the line that is said`, async () => {
      const fault = await faultOf(tried(name));
      assert.match(fault, expected);
      assert.ok(fault.includes(`${name}: `));
      const [, options] = ordered(fault);
      assert.deepEqual(inputs(await faultOf(tried(name, options))), inputs(fault));
    });
  }

  test("who lost its process gets another, and a good one passes there", async () => {
    const reports = await Promise.all([1, 2, 3].map(() => tried("a good one")));
    assert.ok(reports.every(({ accepted }) => accepted > 0));
  });
});

function named(name: string): Target {
  const target = plantedTargets().find((one) => one.name === name);
  assert.ok(target !== undefined);
  return target;
}

async function faultOf(run: Promise<unknown>): Promise<string> {
  const error: unknown = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Error, "nothing was found");
  return error.message;
}

const LINE = /^STARLING_FUZZ_NAMES="(.+)" STARLING_SEED=(\d+) STARLING_FUZZ_CASES=(\d+) npm run test:slow -- fuzz$/m;

/** What the slow run makes of the line that a fault says. */
function ordered(fault: string): [Target, typeof OPTIONS] {
  const [, pattern = "", seed, cases] = LINE.exec(fault) ?? [];
  const targets = plantedTargets().filter(({ name }) => new RegExp(pattern).test(name));
  assert.equal(targets.length, 1, fault);
  const order = { seed: Number(seed), cases: Number(cases), madeUp: Math.ceil(Number(cases) / MADE_UP_SHARE) };
  return [targets[0] as Target, order];
}

const inputs = (fault: string): string[] => fault.match(/(?<=^input: ).+$/gm) ?? [];
