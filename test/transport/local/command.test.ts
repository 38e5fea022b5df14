/** Starting a local client: its folder, and what is said when it cannot start. docs/spec/16-local-client.md §1 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { SystemRandom } from "#transport/core/system-random.ts";
import { Folder } from "#transport/local/folder.ts";
import { StartError } from "#transport/local/start-error.ts";

const command = fileURLToPath(import.meta.resolve("#transport/local/main.ts"));
const random = new SystemRandom();

function place(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "starling-local-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Its exit code and what it says on standard error. */
async function run(...args: string[]): Promise<{ code: unknown; said: string }> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", command, ...args]);
  let said = "";
  child.stderr.on("data", (text: Buffer) => (said += text.toString()));
  const [code] = (await once(child, "close")) as [unknown];
  return { code, said };
}

test("a folder is made for its owner alone, with a key that stays", (t) => {
  const path = join(place(t), "new", "client");
  const folder = new Folder(path);
  assert.equal(statSync(path).mode & 0o777, 0o700);
  const key = folder.key(random);
  assert.equal(key.length, 32);
  assert.equal(statSync(join(path, "key")).mode & 0o777, 0o600);
  assert.deepEqual(new Folder(path).key(random), key);
  assert.equal(folder.invite(), undefined);
  folder.saveInvite("starling:1:x");
  assert.equal(folder.invite(), "starling:1:x");
  assert.equal(statSync(join(path, "invite")).mode & 0o777, 0o600);
});

test("a folder or key that others may open is refused, with the command that mends it", (t) => {
  const path = place(t);
  chmodSync(path, 0o755);
  assert.throws(() => new Folder(path), { name: "StartError", message: /chmod 700/ });
  chmodSync(path, 0o700);
  const folder = new Folder(path);
  folder.key(random);
  chmodSync(join(path, "key"), 0o640);
  assert.throws(() => folder.key(random), { name: "StartError", message: /chmod 600/ });
});

test("one process has a folder at a time; when it is killed, the next may", async (t) => {
  const path = place(t);
  const folder = new Folder(path);
  const lock = folder.lock();
  assert.throws(() => new Folder(path).lock(), {
    name: "StartError",
    message: /runs in this folder already, and goes on/,
  });
  lock.release();
  const script = `import { Folder } from ${JSON.stringify(import.meta.resolve("#transport/local/folder.ts"))};
    new Folder(${JSON.stringify(path)}).lock();
    // Whoever forgets a lock holds it all the same.
    gc();
    await new Promise(setImmediate);
    gc();
    console.log("locked");
    setInterval(() => undefined, 1000);`;
  const holder = spawn(process.execPath, [
    "--disable-warning=ExperimentalWarning",
    "--expose-gc",
    "--input-type=module",
    "-e",
    script,
  ]);
  t.after(() => holder.kill("SIGKILL"));
  await once(holder.stdout, "data");
  assert.throws(() => folder.lock(), StartError);
  holder.kill("SIGKILL");
  await once(holder, "exit");
  folder.lock().release();
  assert.equal(statSync(join(path, "in-use")).size, 0);
});

test("no new key is made beside a store that another one opens, and a damaged one is said to be", (t) => {
  const path = place(t);
  const folder = new Folder(path);
  writeFileSync(folder.store, "a store", { mode: 0o600 });
  assert.throws(() => folder.key(random), { name: "StartError", message: /Put it back from your copy/ });
  assert.equal(existsSync(join(path, "key")), false);
  writeFileSync(join(path, "key"), "short", { mode: 0o600 });
  assert.throws(() => folder.key(random), { name: "StartError", message: /damaged: a key has 32 bytes, this 5/ });
  assert.equal(readFileSync(folder.store, "utf8"), "a store");
});

test("a path that no socket can have is refused before anything is made of it", (t) => {
  assert.throws(() => new Folder(join(place(t), "x".repeat(120))), StartError);
});

test("the command says what is missing, what is wrong, and what to do; it leaves no socket behind", async (t) => {
  const path = place(t);
  const cases: [args: string[], code: number, says: RegExp][] = [
    [[], 2, /^--folder is missing\. `--help` tells what there is\.\n$/],
    [["--folder", path, "--invte", "x"], 2, /^There is no option --invte\. `--help` tells what there is\.\n$/],
    [["--folder", path], 1, /holds no account yet: name an invite/],
    [["--folder", path, "--invite", "starling:1:abc"], 1, /Not started, and nothing was sent: .*copy it whole/],
  ];
  for (const [args, code, says] of cases) {
    const outcome = await run(...args);
    assert.match(outcome.said, says);
    assert.doesNotMatch(outcome.said, /^\s+at /m);
    assert.equal(outcome.code, code);
  }
  assert.equal(existsSync(join(path, "socket")), false);
  assert.equal(existsSync(join(path, "invite")), false, "only an invite that let it in is kept");
});

test("a store that its key does not open is refused and not changed", async (t) => {
  const path = place(t);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "key"), random.bytes(32), { mode: 0o600 });
  writeFileSync(join(path, "store"), random.bytes(500), { mode: 0o600 });
  writeFileSync(join(path, "invite"), "starling:1:x\n", { mode: 0o600 });
  const before = readFileSync(join(path, "store"));
  const { code, said } = await run("--folder", path);
  assert.match(said, /The store cannot be opened; nothing was sent, and nothing in it changed\. .*key is another/);
  assert.equal(code, 1);
  assert.deepEqual(readFileSync(join(path, "store")), before);
});
