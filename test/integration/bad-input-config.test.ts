/**
 * What an operator may get wrong in a configuration, with the real program: it ends with status 1, no stack, and one sentence
 * that names the file, the key and what was expected. test/provider-server/cli/config.test.ts has every kind of mistake.
 *
 * | role      | unknown key            | bad value             |
 * |-----------|------------------------|-----------------------|
 * | mix       | one too many           | listen without a port |
 * | provider  | inside signUp          | signUp.policy         |
 * | authority | inside a node of admit | admit.0.nodeId   |
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../provider-server/cli/main.ts", import.meta.url));
const MIX = { role: "mix", networkFile: "net", keyFile: "node.key", listen: "127.0.0.1:0", operator: "Example" };
const PROVIDER = { ...MIX, role: "provider", domain: "a.example", database: "p.db", signUp: { policy: "open" } };
const NODE = { nodeId: "00".repeat(32) };
const AUTHORITY = {
  role: "authority",
  networkFile: "net",
  keyFile: "a.key",
  listen: "127.0.0.1:0",
  dataDirectory: "state",
  admit: [NODE],
};

const MISTAKES: readonly (readonly [string, object, string])[] = [
  ["an unknown key of a mix", { ...MIX, colour: 1 }, "colour: there is no such key; expected role, networkFile, "],
  ["a bad value of a mix", { ...MIX, listen: "127.0.0.1" }, "listen: expected host:port."],
  [
    "an unknown key of a provider",
    { ...PROVIDER, signUp: { policy: "open", fee: 3 } },
    "signUp.fee: there is no such key; expected policy, reserved.",
  ],
  [
    "a bad value of a provider",
    { ...PROVIDER, signUp: { policy: "maybe" } },
    'signUp.policy: expected "open", "invite" or "closed".',
  ],
  [
    "an unknown key of an authority",
    { ...AUTHORITY, admit: [{ ...NODE, weight: 2 }] },
    "admit.0.weight: there is no such key; expected nodeId, role, operator, domain.",
  ],
  [
    "a bad value of an authority",
    { ...AUTHORITY, admit: [{ nodeId: "xyz" }] },
    "admit.0.nodeId: expected 64 hexadecimal digits.",
  ],
  ["a key file that is missing", MIX, "node.key: there is no such file. A key file is made by `keygen --out FILE`"],
];

for (const [what, config, sentence] of MISTAKES) {
  test(`${what}: one sentence, and nothing is started or written`, async (t) => {
    const directory = await mkdtemp(join(tmpdir(), "starling-config-"));
    t.after(() => rm(directory, { recursive: true }));
    const path = join(directory, "config.json");
    await writeFile(path, JSON.stringify(config));
    const { status, stdout, stderr } = await run(path);
    assert.deepEqual([status, stdout], [1, ""], stderr);
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
    assert.ok(stderr.includes(sentence), stderr);
    assert.ok(stderr.startsWith(directory), stderr);
    assert.deepEqual(await readdir(directory), ["config.json"]);
  });
}

function run(config: string): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [PROGRAM, "run", config], { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (bytes: Buffer) => (stdout += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (stderr += bytes.toString()));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, stdout, stderr }));
  });
}
