/** Each invariant of the simulator sees the fault that is planted for it, and the line that it prints shows it again. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { INVARIANTS } from "./invariants.ts";
import { commandLine, DEFAULT_OPTIONS, parseOptions, type SimOptions } from "./options.ts";
import { simulatePair } from "./pair.ts";
import { PLANTS } from "./plants.ts";
import type { SimReport } from "./report.ts";
import { simulate } from "./simulation.ts";

const SMALL: SimOptions = { ...DEFAULT_OPTIONS, users: 6, hours: 0.05, pool: 1, mails: 600 };
const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

const run = async (options: SimOptions): Promise<SimReport> =>
  options.pair ? simulatePair(options) : (await simulate(options)).report;

test("a sound network breaks no invariant, and every one of them was looked at", async () => {
  const { invariants, messages } = await run({ ...SMALL, pair: true, tokens: true });
  assert.deepEqual(invariants.violations, []);
  for (const name of INVARIANTS) assert.ok((invariants.checks[name] ?? 0) > 0, name);
  assert.ok(messages.written > 3 && messages.read === messages.written);
});

test("there is a planted fault for each invariant", () => {
  assert.deepEqual(new Set(Object.values(PLANTS).map(({ breaks }) => breaks)), new Set(INVARIANTS));
});

for (const [plant, { breaks, needs }] of Object.entries(PLANTS)) {
  test(`"${breaks}" sees a ${plant.replaceAll("-", " ")}`, async () => {
    const quick = breaks === "delivered or reported" ? { grace: 300 } : {};
    const report = await run({ ...SMALL, ...quick, ...needs, plant, pair: breaks === "trace equality" });
    assert.equal(report.invariants.violations[0]?.invariant, breaks);
  });
}

test("what a client with a wrong clock asks is dropped by the first mix, and that is seen as its cause", async () => {
  const { invariants } = await run({ ...SMALL, hours: 0.2, faults: "clock=u3:5025@60+400" });
  assert.deepEqual(invariants.violations, []);
  assert.ok(
    (invariants.replyBlocks?.["lost: dropped: UNWRAP_FAILED"] ?? 0) > 0,
    JSON.stringify(invariants.replyBlocks),
  );
});

test("the one line that a failure prints fails again in the same way", () => {
  const options: SimOptions = {
    ...SMALL,
    seed: "storm 7",
    plant: "forgetful-mix",
    faults: "loss=0.02,delay=mix1:300@5+60",
  };
  const first = sim(words(commandLine(options)));
  assert.equal(first.status, 1);
  assert.equal(first.lines.length, 2, first.lines.join("\n"));
  const line = first.lines[1] as string;
  assert.equal(line, commandLine(options));
  assert.deepEqual(sim(words(line)), first);
});

test("every option comes back from the line that names it", () => {
  const options: SimOptions = {
    ...DEFAULT_OPTIONS,
    users: 17,
    hours: 0.3,
    seed: "a b.c",
    profile: "chat",
    clock: "poisson",
    suite: "xwing",
    mails: 3,
    mixes: 4,
    providers: 3,
    pool: 0,
    grace: 60,
    faults: "crash=mix1.mix2@3+4,partition=mix1|mixes@1+2",
    sample: 9,
    pair: true,
    tokens: true,
    mode: "sampled",
  };
  assert.deepEqual(parseOptions(words(commandLine(options))), options);
});

function sim(args: readonly string[]): { status: number | null; lines: string[] } {
  const { status, stderr } = spawnSync(process.execPath, ["--no-warnings", MAIN, ...args], { encoding: "utf8" });
  return { status, lines: stderr.trim().split("\n") };
}

/** What a shell makes of the line, after the command itself. */
function words(line: string): string[] {
  const prefix = "npm run sim -- ";
  assert.ok(line.startsWith(prefix));
  const { stdout } = spawnSync("sh", ["-c", `printf '%s\\n' ${line.slice(prefix.length)}`], { encoding: "utf8" });
  return stdout.trimEnd().split("\n");
}
