/** docs/attacks.md names a test for each attack: those files exist, and no attack's test is missing from the page. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../", import.meta.url);
const page = readFileSync(new URL("docs/attacks.md", root), "utf8");

/** What the last cell of each row of a table, and the lines without one, name as tests. */
function namedTests(): string[] {
  const cells = page
    .split("\n")
    .map((line) =>
      line.startsWith("|") ? (line.split("|").at(-2) ?? "") : line.startsWith("The browser's link") ? line : "",
    );
  return cells.flatMap((cell) => [...cell.matchAll(/`([a-z0-9/-]+)`/g)].map((match) => match[1] as string));
}

const fileOf = (name: string): string =>
  name.startsWith("test/") ? `${name}.test.ts` : `test/attacks/${name}.test.ts`;

test("every test that the page of attacks names is a file", () => {
  const names = namedTests();
  assert.ok(names.length > 40, `${names.length} were read`);
  for (const name of names) assert.ok(existsSync(new URL(fileOf(name), root)), name);
});

test("every test of an attack is named on the page", () => {
  const named = new Set(namedTests().map(fileOf));
  const files = readdirSync(new URL("test/attacks/", root)).filter((name) => name.endsWith(".test.ts"));
  const missing = files.filter((name) => !named.has(`test/attacks/${name}`) && name !== "attacks-page.test.ts");
  assert.deepEqual(missing, []);
});
