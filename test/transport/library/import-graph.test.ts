/** What a browser loads when it loads the library: every module that transport/browser.ts leads to. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { posix } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseSync } from "vite";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const BROWSER = "transport/browser.ts";

interface Graph {
  readonly files: ReadonlySet<string>;
  readonly packages: ReadonlySet<string>;
}

/** Follows every import that loads something; types load nothing. */
function graphOf(
  entry: string,
  textOf: (path: string) => string = (path) => readFileSync(posix.join(root, path), "utf8"),
): Graph {
  const files = new Set<string>();
  const packages = new Set<string>();
  const follow = (path: string): void => {
    if (files.has(path)) return;
    files.add(path);
    for (const specifier of loadedBy(path, textOf(path))) {
      if (specifier.startsWith(".")) follow(posix.join(posix.dirname(path), specifier));
      else if (specifier.startsWith("#")) follow(specifier.slice(1));
      else packages.add(specifier);
    }
  };
  follow(entry);
  return { files, packages };
}

function loadedBy(path: string, text: string): string[] {
  const { module } = parseSync(path, text);
  const names = [
    ...module.staticImports
      .filter(({ entries }) => entries.length === 0 || entries.some(({ isType }) => !isType))
      .map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest, isType }) => (moduleRequest === null || isType ? [] : [moduleRequest.value])),
    ),
  ];
  const dynamic = module.dynamicImports.map(({ moduleRequest }) =>
    text.slice(moduleRequest.start, moduleRequest.end).replaceAll(/^["'`]|["'`]$/g, ""),
  );
  return [...names, ...dynamic];
}

const isForeign = (specifier: string): boolean => isBuiltin(specifier) || !specifier.startsWith("@noble/");

test("the library for browsers loads no Node module, and no package but @noble", () => {
  const { files, packages } = graphOf(BROWSER);
  assert.ok(files.has("transport/client/session.ts") && files.has("transport/crypto/portable.ts"));
  assert.deepEqual([...packages].filter(isForeign), []);
  assert.ok(packages.size >= 5, "it has cryptography");
  for (const path of [
    "transport/crypto/native.ts",
    "transport/link/tls-dialer.ts",
    "transport/library/disk-records.ts",
  ]) {
    assert.ok(!files.has(path), path);
  }
});

test("nothing that it loads takes Node's globals for granted", () => {
  for (const path of graphOf(BROWSER).files) {
    const text = readFileSync(posix.join(root, path), "utf8").replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    const found = /(?<![\w."#])(?:process\.|require\(|__dirname|setImmediate|Buffer\.)/.exec(text);
    const isGuarded = path === "transport/core/bytes.ts" && text.includes('"Buffer" in globalThis');
    assert.ok(found === null || isGuarded, `${path}: ${found?.[0]}`);
  }
});

test("packages that it loads load no Node module either", () => {
  const require = createRequire(posix.join(root, "package.json"));
  const seen = new Set<string>();
  const follow = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const specifier of loadedBy(file, readFileSync(file, "utf8"))) {
      assert.ok(!isBuiltin(specifier), `${file} imports ${specifier}`);
      follow(
        specifier.startsWith(".") ? posix.join(posix.dirname(file), specifier) : createRequire(file).resolve(specifier),
      );
    }
  };
  for (const specifier of graphOf(BROWSER).packages) follow(require.resolve(specifier));
  assert.ok(seen.size > 10 && [...seen].every((file) => existsSync(file)));
});

test("the walk sees a planted import, however it is written, and overlooks a type", () => {
  for (const [line, expected] of [
    ['import { createHash } from "node:crypto";', ["node:crypto"]],
    ['import "sodium-native";', ["sodium-native"]],
    ['export { a } from "libsql";', ["libsql"]],
    ['export * from "libsql";', ["libsql"]],
    ['const later = await import("node:fs");', ["node:fs"]],
    ['import type { Socket } from "node:net";', []],
    ['import { type Socket } from "node:net";', []],
  ] as const) {
    const planted = (path: string): string => (path === BROWSER ? line : "");
    assert.deepEqual([...graphOf(BROWSER, planted).packages], expected, line);
  }
});
