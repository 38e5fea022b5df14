/** Every package has a reason, a user and a licence that the project can live with. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type LockedPackages, missingPackages } from "../../build/complete-lock.ts";
import { repositoryFiles } from "../../build/layers.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, "utf8");
const manifest = JSON.parse(read("package.json")) as Record<string, Record<string, string>>;
const groups = ["dependencies", "optionalDependencies", "devDependencies"];
const named = groups.flatMap((group) => Object.entries(manifest[group] ?? {}));

test("every dependency has a section in docs/dependencies.md, and every section a dependency", () => {
  const sections = [...read("docs/dependencies.md").matchAll(/^### (.+)$/gm)].map(([, name]) => name ?? "");
  assert.deepEqual(sections.toSorted(), named.map(([name]) => name).toSorted());
});

test("every version is pinned exactly", () => {
  for (const [name, version] of named) assert.match(version, /^\d+\.\d+\.\d+$/, name);
});

test("the lock file names the packages of every platform, so that npm ci takes it", () => {
  const { packages } = JSON.parse(read("package-lock.json")) as { packages: LockedPackages };
  assert.deepEqual(Object.keys(missingPackages(packages)), [], "run node build/complete-lock.ts");
});

test("no licence in the lock file is a strong copyleft one", () => {
  const { packages } = JSON.parse(read("package-lock.json")) as { packages: Record<string, { license?: string }> };
  const bad = Object.entries(packages).filter(([, { license }]) => /(?<!L)GPL|SSPL|BUSL/.test(license ?? ""));
  assert.deepEqual(
    // Offered under either of two: taken under the permissive one.
    bad.filter(([, { license }]) => !license?.includes("MIT OR")),
    [],
  );
});

test("every shipped dependency is imported somewhere", () => {
  const sources = repositoryFiles(root).filter(({ path }) => /\.(?:tsx?|css|html)$/.test(path));
  const unused = Object.keys(manifest["dependencies"] ?? {}).filter(
    (name) => !sources.some(({ text }) => new RegExp(`["']${name}[/"']`).test(text)),
  );
  assert.deepEqual(unused, []);
});

test("no shipped file imports a package that only development has", () => {
  const shipped = /^(?:transport|provider-server|main|renderer|app)\//;
  const sources = repositoryFiles(root).filter(({ path }) => shipped.test(path) && /\.tsx?$/.test(path));
  const development = Object.keys(manifest["devDependencies"] ?? {}).filter((name) => name !== "electron");
  for (const { path, text } of sources) {
    if (path.endsWith(".config.ts")) continue;
    for (const name of development) assert.doesNotMatch(text, new RegExp(`from ["']${name}[/"']`), path);
  }
});
