/**
 * `npm test`: every check and test at small size. `npm run test:slow`: the long ones. `npm run check`: only what needs no
 * running. `npm test -- unit e2e` runs the named parts. The last line adds up all runners: `N passed, N failed`.
 */

import { spawn } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ArgumentError, asksForHelp } from "#transport/core/command-line.ts";
import { installDebianPackages } from "./debian-packages.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = (name: string): string => join(root, "node_modules", ".bin", name);

interface Part {
  readonly name: string;
  readonly kind: "static" | "small" | "slow";
  run(): Promise<Outcome>;
}

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  /** Shown when something failed, and of slow runs. */
  readonly detail: string;
}

/** Nothing here may hang a machine: the whole is meant to end within half an hour. */
const LAST_WORDS_SECONDS = 20;
const PART_MINUTES_MAX = { static: 3, small: 15, slow: 360 } as const;

/** What knows no time but its own, or bears a busy machine, as networks of processes do, runs side by side; browsers run alone. */
const SIDE_BY_SIDE = 2;
/** Who has run its share of the files takes the next: halves would leave one process waiting for the other. */
const SHARES_EACH = 4;

const PARTS: readonly Part[] = [
  staticCheck("types", bin("tsc"), ["-p", "."]),
  staticCheck("types of the window", bin("tsc"), ["-p", "renderer"]),
  staticCheck("lint", bin("oxlint"), ["-c", ".oxlintrc.json", "--type-aware", "--deny-warnings", "."]),
  staticCheck("format", bin("biome"), ["format", "."]),
  staticCheck("layers", process.execPath, ["build/layers.ts"]),
  nodeTests(
    "unit",
    "small",
    "test/{transport,provider-server,main,app,build,support,schema}/**/*.test.ts",
    SIDE_BY_SIDE,
  ),
  nodeTests("properties", "small", "test/{property,fuzz,models}/**/*.test.ts", SIDE_BY_SIDE),
  nodeTests("attacks", "small", "test/attacks/**/*.test.ts", SIDE_BY_SIDE),
  nodeTests("compliance", "small", "test/compliance/**/*.test.ts"),
  nodeTests("simulation", "small", "test/{sim,observer}/**/*.test.ts", SIDE_BY_SIDE),
  nodeTests("interoperation", "small", "test/interop/**/*.test.ts"),
  nodeTests("stand-in", "small", "test/electron-stand-in/**/*.test.ts"),
  nodeTests("integration", "small", "test/{integration,demo}/**/*.test.ts", SIDE_BY_SIDE),
  windowTests(),
  browserTests(),
  // Each by itself: they take up to some hours, and one that hangs must not take the others along.
  ...globSync("test/slow/*.test.ts", { cwd: root })
    .toSorted()
    .map((file) => nodeTests(basename(file, ".test.ts"), "slow", file)),
];

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => arg.startsWith("-") && !["--slow", "--static"].includes(arg));
  if (unknown !== undefined) {
    const usage = `Usage: npm test [-- PART ...]; parts: ${PARTS.map(({ name }) => name).join(", ")}.`;
    if (!asksForHelp(args)) console.error(new ArgumentError(`There is no option ${unknown}.`).message);
    else console.log(usage);
    return asksForHelp(args) ? 0 : 2;
  }
  const kinds = args.includes("--slow") ? ["slow"] : args.includes("--static") ? ["static"] : ["static", "small"];
  const names = args.filter((arg) => !arg.startsWith("--"));
  const chosen = PARTS.filter(({ name, kind }) => (names.length > 0 ? names.includes(name) : kinds.includes(kind)));
  if (chosen.length === 0) {
    console.error(`There is no such part; there are: ${PARTS.map(({ name }) => name).join(", ")}.`);
    return 1;
  }
  if (chosen.some(({ kind }) => kind !== "static")) {
    const refusal = installDebianPackages(chosen.some(({ kind }) => kind === "slow") ? "slow" : "small");
    if (refusal !== undefined) {
      console.error(refusal);
      return 1;
    }
  }

  let passed = 0;
  let failed = 0;
  for (const part of chosen) {
    const startedAt = Date.now();
    // One after another: some measure time, and two at once would disturb each other.
    const outcome = await part.run();
    passed += outcome.passed;
    failed += outcome.failed;
    // What a slow run measured is worth keeping, whether or not it holds.
    if (outcome.failed > 0 || part.kind === "slow") console.log(`\n${outcome.detail.trim()}\n`);
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
    console.log(`${part.name}: ${outcome.passed} passed, ${outcome.failed} failed (${seconds} s)`);
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** A check that either holds or does not counts as one. */
function staticCheck(name: string, command: string, args: readonly string[]): Part {
  return {
    name,
    kind: "static",
    async run() {
      const { code, output } = await execute(command, args, { minutes: PART_MINUTES_MAX.static });
      return code === 0 ? { passed: 1, failed: 0, detail: "" } : { passed: 0, failed: 1, detail: output };
    },
  };
}

/** Tests without a browser, in one process for each part, or side by side in as many as asked, a share of the files in each. */
function nodeTests(name: string, kind: "small" | "slow", pattern: string, processes = 1): Part {
  return {
    name,
    kind,
    async run() {
      const files = globSync(pattern, { cwd: root }).toSorted();
      if (files.length === 0) return { passed: 0, failed: 1, detail: `No test file matches ${pattern}.` };
      const count = processes === 1 ? 1 : Math.min(files.length, processes * SHARES_EACH);
      const shares = Array.from({ length: count }, (_, share) => files.filter((_file, i) => i % count === share));
      const outcomes: Outcome[] = [];
      const worker = async (): Promise<void> => {
        for (let share = shares.pop(); share !== undefined; share = shares.pop())
          outcomes.push(await runFiles(share, PART_MINUTES_MAX[kind]));
      };
      await Promise.all(Array.from({ length: processes }, worker));
      return sum(outcomes);
    },
  };
}

async function runFiles(files: readonly string[], minutes: number): Promise<Outcome> {
  const flags = ["--test", "--test-isolation=none", "--test-reporter=spec", "--disable-warning=ExperimentalWarning"];
  const { code, output } = await execute(process.execPath, [...flags, ...files], { minutes });
  const count = (word: string): number => Number(new RegExp(`^ℹ ${word} (\\d+)$`, "m").exec(output)?.[1] ?? 0);
  // A test that did not run proves nothing, whatever it is called.
  const failed = count("fail") + count("cancelled") + count("skipped") + count("todo");
  const failures = output.slice(Math.max(0, output.lastIndexOf("✖ failing tests:")));
  return settle({ passed: count("pass"), failed, detail: failed > 0 ? failures : output.slice(-20_000) }, code);
}

function sum(outcomes: readonly Outcome[]): Outcome {
  const failures = outcomes.filter(({ failed }) => failed > 0);
  return {
    passed: outcomes.reduce((total, { passed }) => total + passed, 0),
    failed: outcomes.reduce((total, { failed }) => total + failed, 0),
    detail: (failures.length > 0 ? failures : outcomes).map(({ detail }) => detail.trim()).join("\n\n"),
  };
}

/** React components, in happy-dom. */
function windowTests(): Part {
  return {
    name: "window",
    kind: "small",
    run: () =>
      withReport(async (report) => {
        const args = [
          "run",
          "-c",
          "build/vitest.config.ts",
          "--reporter=default",
          "--reporter=json",
          `--outputFile=${report}`,
        ];
        const { code, output } = await execute(bin("vitest"), args, { minutes: PART_MINUTES_MAX.small });
        const total = readJson(report) as { numPassedTests: number; numTotalTests: number } | undefined;
        const passed = total?.numPassedTests ?? 0;
        return settle({ passed, failed: (total?.numTotalTests ?? 0) - passed, detail: output }, code);
      }),
  };
}

/** Both hosts, driven through Chromium. */
function browserTests(): Part {
  return {
    name: "e2e",
    kind: "small",
    run: () =>
      withReport(async (report) => {
        const { code, output } = await execute(
          bin("playwright"),
          ["test", "-c", "test/e2e/playwright.config.ts", "--reporter=list,json"],
          { minutes: PART_MINUTES_MAX.small, env: { PLAYWRIGHT_JSON_OUTPUT_FILE: report } },
        );
        const stats = (readJson(report) as { stats: Record<string, number> } | undefined)?.stats;
        const failed = (stats?.["unexpected"] ?? 0) + (stats?.["flaky"] ?? 0) + (stats?.["skipped"] ?? 0);
        return settle({ passed: stats?.["expected"] ?? 0, failed, detail: output }, code);
      }),
  };
}

/** A runner that ended badly, or ran nothing, failed at least once. */
function settle(outcome: Outcome, code: number): Outcome {
  const bad = outcome.failed === 0 && (code !== 0 || outcome.passed === 0);
  return bad ? { ...outcome, failed: 1 } : outcome;
}

async function withReport(run: (file: string) => Promise<Outcome>): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "starling-test-"));
  try {
    return await run(join(folder, "report.json"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

interface Execution {
  readonly minutes: number;
  readonly env?: Readonly<Record<string, string>>;
}

function execute(
  command: string,
  args: readonly string[],
  { minutes, env }: Execution,
): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const collect = (chunk: string): void => {
      output += chunk;
    };
    child.stdout.setEncoding("utf8").on("data", collect);
    child.stderr.setEncoding("utf8").on("data", collect);
    const timer = setTimeout(() => {
      output += `\nStopped: it took more than ${minutes} minutes.\n`;
      // A runner that is asked to end says first what has failed so far, and why.
      child.kill("SIGTERM");
      setTimeout(() => child.kill("SIGKILL"), LAST_WORDS_SECONDS * 1000).unref();
    }, minutes * 60_000);
    const end = (code: number): void => {
      clearTimeout(timer);
      resolve({ code, output });
    };
    child.on("error", (error) => {
      output += `${command} could not be started: ${error.message}\n`;
      end(1);
    });
    child.on("close", (code) => end(code ?? 1));
  });
}
