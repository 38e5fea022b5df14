/** A bad option of any program that `npm run` names is one line with a hint, not a stack; `--help` is answered. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ArgumentError, readArguments } from "#transport/core/command-line.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const HINT = "`--help` tells what there is.";

/** The program, and an option of it that takes a number or a word, if there is one. */
const PROGRAMS: readonly (readonly [script: string, takesValue?: string])[] = [
  ["build/package.ts"],
  ["build/params.ts", "--users"],
  ["build/provider-package.ts", "--out"],
  ["build/test.ts"],
  ["provider-server/cli/main.ts"],
  ["test/bench/bench.ts"],
  ["test/demo/demo.ts", "--eml"],
  ["test/observer/main.ts", "--only"],
  ["test/sim/main.ts", "--users"],
  ["transport/local/main.ts", "--folder"],
];

function run(script: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", script, ...args],
    { cwd: root, encoding: "utf8", timeout: 60_000 },
  );
  return { status, stdout, stderr };
}

for (const [script, option] of PROGRAMS) {
  test(`${script}: what is not understood is one line, and --help is answered`, () => {
    const bad = [["--no-such-option"], ...(option === undefined ? [] : [[option], [option, "--json"]])];
    for (const args of bad) {
      const { status, stdout, stderr } = run(script, ...args);
      assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
      assert.ok(stderr.trimEnd().endsWith(HINT), stderr);
      assert.deepEqual([status, stdout], [2, ""], args.join(" "));
    }
    const help = run(script, "--help");
    assert.match(help.stdout, /^usage:/i);
    assert.deepEqual([help.status, help.stderr], [0, ""]);
  });
}

test("a number below zero is a value: what it may be is said by the program", () => {
  for (const [args, says] of [
    [["build/params.ts", "--users", "-1"], "--users is a whole number above 0\n"],
    [["test/sim/main.ts", "--boxes", "-1"], "--boxes takes a number of at least 0.\n"],
    [
      ["provider-server/cli/main.ts", "network", "create", "--kind", "live", "--out", "x", "--threshold", "-1"],
      "--threshold is not understood\n",
    ],
  ] as const) {
    const [script, ...rest] = args;
    const { status, stderr } = run(script, ...rest);
    assert.deepEqual([status, stderr], [2, says]);
  }
});

test("each way to be wrong has a sentence of its own", () => {
  const options = { box: { type: "string" }, json: { type: "boolean" } } as const;
  const wrong = (...args: string[]): string => {
    try {
      readArguments({ args, options });
    } catch (error) {
      assert.ok(error instanceof ArgumentError);
      return error.message;
    }
    throw new Error(`${args.join(" ")} was understood`);
  };
  assert.equal(wrong("--bx"), `There is no option --bx. ${HINT}`);
  assert.equal(wrong("-b"), `There is no option -b. ${HINT}`);
  assert.equal(wrong("--box"), `--box takes a value, and none stands behind it. ${HINT}`);
  assert.equal(wrong("--box", "--json"), `--box takes a value, and none stands behind it. ${HINT}`);
  assert.equal(wrong("--json=1"), `--json takes no value. ${HINT}`);
  assert.equal(wrong("stray"), `“stray” is not understood here. ${HINT}`);
  assert.deepEqual(
    { ...readArguments({ args: ["--box", "-1", "--json"], options }).values },
    { box: "-1", json: true },
  );
});
