import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { packagesOf } from "../../build/package-closure.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("the daemon's packages are what it imports and what those need, and none of the desktop's", () => {
  const found = packagesOf(root, ["transport", "provider-server"]);
  for (const name of [
    "sodium-native",
    "require-addon",
    "ws",
    "zod",
    "@noble/ciphers",
    "@noble/curves",
    "@noble/hashes",
  ]) {
    assert.ok(found.includes(`node_modules/${name}`), name);
  }
  for (const path of found) {
    assert.doesNotMatch(path, /electron|react|openpgp|libsql|typescript|postal-mime|playwright/);
    assert.ok(existsSync(join(root, path, "package.json")), path);
  }
});

test("what the desktop imports besides is found too", () => {
  const found = packagesOf(root, ["main"]);
  for (const name of ["libsql", "openpgp", "postal-mime"]) assert.ok(found.includes(`node_modules/${name}`), name);
});
