import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readConfig } from "#provider-server/cli/config.ts";
import { createKeyFile, publicKeys, readKeyFile } from "#provider-server/cli/key-file.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";

const MIX = { role: "mix", networkFile: "net", keyFile: "node.key", listen: "127.0.0.1:0", operator: "Example" };
const PROVIDER = {
  ...MIX,
  role: "provider",
  domain: "a.example",
  database: "provider.db",
  signUp: { policy: "open" },
};
const AUTHORITY = {
  role: "authority",
  networkFile: "net",
  keyFile: "a.key",
  listen: "[::1]:47000",
  dataDirectory: "state",
  admit: [{ nodeId: "00".repeat(32), role: "provider", domain: "a.example" }],
};

test("a configuration of each role is read, with paths relative to the file", (t) => {
  const directory = temporaryDirectory(t);
  for (const config of [MIX, PROVIDER, AUTHORITY]) {
    const read = readConfig(write(directory, config));
    assert.equal(read.role, config.role);
    assert.equal(read.networkFile, join(directory, "net"));
  }
});

test("whatever is wrong is said in one sentence with file, key and what was expected", (t) => {
  const directory = temporaryDirectory(t);
  const table: [unknown, string][] = [
    [{ ...MIX, role: "mixer" }, 'role: expected "mix", "provider" or "authority".'],
    [[], "the file: expected an object."],
    [{ ...MIX, listen: "127.0.0.1" }, "listen: expected host:port."],
    [{ ...MIX, listen: 4 }, "listen: expected host:port."],
    [{ ...MIX, address: "mix.example:0" }, "address: expected host:port."],
    [{ ...MIX, operator: undefined }, "operator: expected a name of up to 64 letters, digits, spaces, dots, hyphens."],
    [{ ...MIX, networkFile: "" }, "networkFile: expected the path of the network file."],
    [{ ...MIX, replayTagsMax: 0.5 }, "replayTagsMax: expected a whole number from 1 to 268435456."],
    [{ ...PROVIDER, domain: "A.example" }, "domain: expected a domain in lower case, such as mail.example."],
    [{ ...PROVIDER, signUp: { policy: "never" } }, 'signUp.policy: expected "open", "invite" or "closed".'],
    [{ ...PROVIDER, signUp: "open" }, "signUp: expected an object."],
    [
      { ...PROVIDER, signUp: { policy: "open", observer: 1 } },
      "signUp.observer: there is no such key; expected policy, reserved.",
    ],
    [{ ...AUTHORITY, admit: [{ nodeId: "xyz" }] }, "admit.0.nodeId: expected 64 hexadecimal digits."],
    [{ ...AUTHORITY, admit: {} }, "admit: expected a list of nodes."],
  ];
  for (const [config, sentence] of table) {
    const path = write(directory, config);
    assert.throws(() => readConfig(path), { code: "CONFIG", message: `${path}: ${sentence}` });
  }
});

test("an address at which nobody reaches the node is not told to others", (t) => {
  const directory = temporaryDirectory(t);
  const listening = "expected host:port at which others reach this node: listen names every address of this machine.";
  for (const listen of ["0.0.0.0:47200", "[::]:47200", "[0:0:0:0:0:0:0:0]:47200", "0.0.0.0:0"])
    for (const role of [MIX, PROVIDER]) {
      const path = write(directory, { ...role, listen });
      assert.throws(() => readConfig(path), { code: "CONFIG", message: `${path}: address: ${listening}` });
    }
  for (const address of ["0.0.0.0:47200", "[::]:47200"]) {
    const path = write(directory, { ...MIX, address });
    assert.throws(() => readConfig(path), {
      code: "CONFIG",
      message: `${path}: address: expected host:port at which others reach this node.`,
    });
  }
  readConfig(write(directory, { ...MIX, listen: "0.0.0.0:47200", address: "mix.example:47200" }));
  readConfig(write(directory, { ...AUTHORITY, listen: "0.0.0.0:47000" }));
});

test("there is no key for an observer, in any role", (t) => {
  const directory = temporaryDirectory(t);
  for (const config of [MIX, PROVIDER, AUTHORITY]) {
    const path = write(directory, { ...config, observer: "x" });
    assert.throws(() => readConfig(path), /observer: there is no such key; expected role, networkFile/);
  }
});

test("a file that is missing or no JSON is said to be that", (t) => {
  const directory = temporaryDirectory(t);
  const missing = join(directory, "missing.json");
  assert.throws(() => readConfig(missing), {
    message: `${missing}: there is no such file. Nothing was changed. Name the configuration of a daemon (docs/operating.md §4).`,
  });
  const broken = join(directory, "broken.json");
  writeFileSync(broken, "{");
  assert.throws(() => readConfig(broken), { message: `${broken}: expected JSON (line 1 column 2).` });
  writeFileSync(broken, '{\n  "role": "mix",\n  "secret": x\n}');
  assert.throws(() => readConfig(broken), { message: `${broken}: expected JSON.` });
});

test("a key file gives back the keys it was made with, is private and is never overwritten", async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, "node.key");
  const suite = await loadSuite("x25519", "native");
  const made = createKeyFile(path, new SeededRandom("keys"));
  assert.deepEqual(readKeyFile(path), made);
  assert.deepEqual(publicKeys(readKeyFile(path), suite), publicKeys(made, suite));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.throws(() => createKeyFile(path, new SeededRandom("others")), { code: "KEY_FILE" });
  assert.deepEqual(readKeyFile(path), made);
});

test("a key file that others can read, or that was changed, is refused", (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, "node.key");
  createKeyFile(path, new SeededRandom("keys"));
  chmodSync(path, 0o644);
  assert.throws(() => readKeyFile(path), /chmod 600/);
  chmodSync(path, 0o600);
  writeFileSync(path, readFileSync(path).subarray(1));
  assert.throws(() => readKeyFile(path), { code: "KEY_FILE" });
  assert.throws(() => readKeyFile(join(directory, "none")), { code: "KEY_FILE" });
});

function write(directory: string, config: unknown): string {
  const path = join(directory, "config.json");
  writeFileSync(path, JSON.stringify(config));
  return path;
}

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "starling-config-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}
