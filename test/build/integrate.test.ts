/** What docs/integrate.md shows is what test/examples holds, which other tests run. */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string): string => readFileSync(`${root}/${path}`, "utf8");
const examples = globSync("test/examples/*.{ts,py}", { cwd: root });
/** Those that say something. */
const lines = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
const code = (path: string): string[] => lines(read(path)).filter((line) => !/^(?:\/\*\*|""")/.test(line));

test("every piece of code in the guide is cut from an example, line by line", () => {
  const pieces = [...read("docs/integrate.md").matchAll(/```(?:ts|python)\n([\s\S]*?)```/g)].map(([, text]) =>
    lines(text ?? ""),
  );
  const sources = examples.map((path) => `\n${lines(read(path)).join("\n")}\n`);
  assert.ok(pieces.length >= 9);
  for (const piece of pieces) {
    const text = `\n${piece.join("\n")}\n`;
    assert.ok(
      sources.some((source) => source.includes(text)),
      `no example has:${text}`,
    );
  }
});

test("every example is run by a test, and every test and file that the guide names is there", () => {
  const tests = globSync("test/**/*.{test,spec}.ts", { cwd: root }).map(read).join("\n");
  for (const path of examples) {
    const name = path.split("/").at(-1) ?? "";
    assert.ok(tests.includes(`examples/${name}`), `no test runs ${path}`);
  }
  for (const [, path] of read("docs/integrate.md").matchAll(/`((?:test|transport)\/[\w./-]+\.(?:ts|py))`/g))
    read(path ?? "");
});

test("an application, its client's part and its service's, is under forty lines", () => {
  const survey = [...code("test/examples/survey.ts"), ...code("test/examples/survey-service.ts")];
  assert.ok(survey.length < 40, `${survey.length} lines`);
  const python = code("test/examples/survey.py");
  assert.ok(python.length < 40, `${python.length} lines in Python`);
});
