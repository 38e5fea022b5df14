/** Each rule of build/layer-rules.ts is planted a breach and must see it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "../../build/layers.ts";

const breaches: readonly { readonly rule: string; readonly path: string; readonly text: string }[] = [
  { rule: "core imports nothing of ours", path: "transport/core/a.ts", text: 'import "../crypto/suite.ts";' },
  {
    rule: "a library folder sees only those before it",
    path: "transport/sphinx/a.ts",
    text: 'export * from "../client/b.ts";',
  },
  {
    rule: "a type import counts",
    path: "transport/fragment/a.ts",
    text: 'import type { A } from "#transport/link/a.ts";',
  },
  { rule: "a type named in place counts", path: "transport/fragment/a.ts", text: 'type A = import("../link/a.ts").A;' },
  { rule: "a dynamic import counts", path: "renderer/a.tsx", text: 'const a = await import("#main/services.ts");' },
  {
    rule: "a worker's address counts",
    path: "main/a.ts",
    text: 'new Worker(new URL("../app/a.ts", import.meta.url));',
  },
  { rule: "require counts", path: "app/a.cjs", text: 'const a = require("../renderer/a.ts");' },
  { rule: ".mjs counts", path: "build/a.mjs", text: 'import "../test/support/a.ts";' },
  {
    rule: "the program sees the library's public side only",
    path: "main/a.ts",
    text: 'import "#transport/sphinx/a.ts";',
  },
  {
    rule: "the window sees the contract only",
    path: "renderer/a.tsx",
    text: 'import { a } from "../main/store/a.ts";',
  },
  { rule: "the contract imports nothing of ours", path: "main/contract/a.ts", text: 'import "#transport";' },
  {
    rule: "the server does not know the program",
    path: "provider-server/a.ts",
    text: 'import "#main/contract/contract.ts";',
  },
  { rule: "the shell sees hosts, ports and the contract only", path: "app/a.ts", text: 'import "#main/store/a.ts";' },
  { rule: "nobody imports tests", path: "provider-server/a.ts", text: 'import "#test/support/a.ts";' },
  { rule: "a module's name is not computed", path: "main/a.ts", text: "await import(name);" },
  {
    rule: "node:crypto stays in its files",
    path: "transport/link/a.ts",
    text: 'import { randomBytes } from "node:crypto";',
  },
  {
    rule: "what browsers load imports no Node",
    path: "transport/client/a.ts",
    text: 'import { join } from "node:path";',
  },
  { rule: "built-ins are named with node:", path: "main/pgp/a.ts", text: 'import "crypto";' },
  { rule: "noble stays in the portable suite", path: "main/a.ts", text: 'import "@noble/hashes/blake2.js";' },
  {
    rule: "sodium stays in the native suite",
    path: "provider-server/a.ts",
    text: 'import sodium from "sodium-native";',
  },
  { rule: "electron stays in the shell", path: "main/host/a.ts", text: 'import { app } from "electron";' },
  { rule: "libsql stays in the store", path: "main/pipeline/a.ts", text: 'import Database from "libsql";' },
  { rule: "openpgp stays in its folder", path: "main/mime/a.ts", text: 'import * as pgp from "openpgp";' },
  { rule: "mail is parsed in one place", path: "main/files.ts", text: 'import PostalMime from "postal-mime";' },
  { rule: "OpenPGP has a thread of its own", path: "main/pipeline/a.ts", text: 'import { a } from "../pgp/open.ts";' },
  { rule: "so has parsing", path: "main/files.ts", text: 'const { a } = await import("./mime/parse.ts");' },
  { rule: "so has composing", path: "main/account/a.ts", text: 'export { a } from "../mime/compose.ts";' },
  { rule: "no way around the worker", path: "main/a.ts", text: 'import { type A, b } from "./mail-work/tasks.ts";' },
  { rule: "the database has a thread too", path: "main/a.ts", text: 'import { D } from "./store/database.ts";' },
  { rule: "react stays in the window", path: "app/a.ts", text: 'import { useState } from "react";' },
  { rule: "sockets are opened in few places", path: "main/pipeline/a.ts", text: 'import { connect } from "node:net";' },
  { rule: "the program starts no others", path: "main/host/a.ts", text: 'import { spawn } from "node:child_process";' },
  { rule: "the window has no Node", path: "renderer/a.ts", text: 'import { readFile } from "node:fs/promises";' },
  { rule: "secrets are wiped in one place", path: "main/keys/a.ts", text: "key.fill(0);" },
  { rule: "colours in styles stand in the tokens", path: "renderer/styles/a.css", text: "a { color: #FA0 }" },
  { rule: "colours in scripts stand in the tokens", path: "renderer/a.tsx", text: 'const red = "rgb(255 0 0)";' },
  { rule: "no machine's path", path: "docs/a.md", text: ["see ", "work", "notes"].join("/") },
  {
    rule: "no registry's address",
    path: "package-lock.json",
    text: ['"resolved": "https', '//example.com/a.tgz"'].join(":"),
  },
  { rule: "a file that cannot be parsed is not passed over", path: "main/a.ts", text: "import {" },
];

for (const { rule, path, text } of breaches) {
  test(`a planted breach is seen: ${rule}`, () => {
    const found = check({ path, text });
    assert.equal(found.length, 1, found.join("\n") || "nothing was found");
    assert.ok(found[0]?.startsWith(`${path}: `));
  });
}

const allowed: readonly { readonly path: string; readonly text: string }[] = [
  { path: "transport/sphinx/a.ts", text: 'import "../core/bytes.ts"; import "#transport/crypto/suite.ts";' },
  { path: "transport/client/a.ts", text: 'import "../directory/a.ts"; import "../link/b.ts";' },
  { path: "provider-server/mix/a.ts", text: 'import "#transport/sphinx/a.ts"; import "../observe/observer.ts";' },
  {
    path: "main/a.ts",
    text: 'import { A } from "#transport"; import type { B } from "./pgp/b.ts"; import "#main/contract/contract.ts";',
  },
  {
    path: "renderer/a.tsx",
    text: 'import "#main/contract/contract.ts"; import { useState } from "react"; const a = <a href="#top" />;',
  },
  {
    path: "test/a.ts",
    text: 'import "node:crypto"; import "#transport/sphinx/a.ts"; await import(name); key.fill(0);',
  },
  { path: "main/a.ts", text: 'const zeros = new Array(4).fill(0); // import "../app/a.ts"' },
  { path: "renderer/styles/tokens.css", text: ":root { --ink: #112233 }" },
];

for (const { path, text } of allowed) {
  test(`what is allowed passes: ${path}: ${text}`, () => assert.deepEqual(check({ path, text }), []));
}
