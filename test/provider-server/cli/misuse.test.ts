/** What an operator does wrong, and what a machine does to the program: one sentence, and nothing lost. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { FileAuthorityStore } from "#provider-server/authority/authority-store.ts";
import { readConfig } from "#provider-server/cli/config.ts";
import { startConfigured } from "#provider-server/cli/start.ts";
import { ProviderDatabase } from "#provider-server/database/database.ts";
import { freePorts } from "#test/support/free-ports.ts";
import { testDescriptor } from "#test/support/test-network.ts";
import { toHex } from "#transport/core/bytes.ts";
import { AUTHORITY, type Ended, MIX, operator, PROGRAM, PROVIDER } from "./operator.ts";

test("a daemon that cannot start ends, also when its figures were served already", async (t) => {
  const s = await operator(t);
  const [port] = await freePorts(1);
  const services = [{ name: "survey", module: "none.ts" }];
  s.write("provider.json", { ...PROVIDER, metricsListen: `127.0.0.1:${port}`, services });
  refused(await s.run("run", "provider.json"), /^services: survey: .*none\.ts does not start/);
});

test("an authority whose address is taken ends, also when it has providers' domains to ask about", async (t) => {
  const s = await operator(t);
  const provider = testDescriptor(s.suite, { name: "a", role: "provider", publishedAt: 1_700_000_000_000 });
  new FileAuthorityStore(join(s.folder, "state")).putDescriptor(toHex(provider.nodeId), provider.bytes);
  const taken = createServer().listen(0, "127.0.0.1");
  t.after(() => taken.close());
  await once(taken, "listening");
  const listen = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
  s.write("authority.json", {
    ...AUTHORITY,
    listen,
    admit: [{ nodeId: toHex(provider.nodeId) }],
    dns: { servers: ["127.0.0.1:9"] },
  });
  const sentence = `^listen: expected an address of this machine that is free, and ${listen} is not \\(EADDRINUSE\\)\\.$`;
  refused(await s.run("run", "authority.json"), new RegExp(sentence));
});

test("of several addresses the one that is taken is named", async (t) => {
  const s = await operator(t);
  const taken = createServer().listen(0, "127.0.0.1");
  t.after(() => taken.close());
  await once(taken, "listening");
  const listen = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
  const webListen = { listen, url: "ws://127.0.0.1:1/starling", origins: ["https://app.example"] };
  for (const [key, taking] of Object.entries({
    listen: { listen },
    metricsListen: { metricsListen: listen },
    "webListen.listen": { webListen },
  })) {
    const config = readConfig(s.write("provider.json", { ...PROVIDER, unwrapThreads: 0, ...taking }));
    const message = `${key}: expected an address of this machine that is free, and ${listen} is not (EADDRINUSE).`;
    await assert.rejects(startConfigured(config), { code: "CONFIG", message });
  }
});

test("no command replaces a file, above all no key", async (t) => {
  const s = await operator(t);
  const before = readFileSync(join(s.folder, "authority.key"));
  for (const taken of ["authority.key", "network"]) {
    const sentence = new RegExp(`^${taken}: expected a path where no file is yet\\. Nothing was replaced\\.$`);
    refused(await s.run("network", "sign", "--in", "unsigned", "--key", "authority.key", "--out", taken), sentence);
  }
  assert.deepEqual(readFileSync(join(s.folder, "authority.key")), before);
});

test("keys that a full disk did not take leave no file, and are not shown", async (t) => {
  const s = await operator(t);
  refused(
    await s.runUnder("ulimit -f 0", "keygen", "--out", "new.key"),
    /^new\.key: the disk is full or failing \(EFBIG\)\. No file was left\. Make room and call it again\.$/,
  );
  assert.equal(existsSync(join(s.folder, "new.key")), false);
});

test("an invite that the disk does not take is not printed, and the reason is said in one sentence", async (t) => {
  const s = await operator(t);
  s.write("provider.json", PROVIDER);
  new ProviderDatabase(join(s.folder, "provider.sqlite")).close();
  const sentence = /^The database .*provider\.sqlite takes nothing .*\. Nothing was changed\. .*call this again\.$/;
  refused(await s.runUnder("ulimit -f 0", "invite", "provider.json"), sentence);
  refused(await s.runUnder("ulimit -f 0", "restored", "provider.json"), sentence);
});

test("a daemon whose log cannot be written goes on", async (t) => {
  const s = await operator(t);
  s.write("mix.json", { ...MIX, unwrapThreads: 0 });
  const full = openSync("/dev/full", "w");
  const daemon = spawn(process.execPath, [...PROGRAM, "run", "mix.json"], {
    cwd: s.folder,
    stdio: ["ignore", "pipe", full],
  });
  closeSync(full);
  t.after(() => daemon.kill("SIGKILL"));
  const ended = once(daemon, "exit");
  assert.ok(daemon.stdout);
  const [ready] = await Promise.race([once(daemon.stdout, "data"), ended]);
  assert.match(String(ready), /"ready":true/);
  // It has said that no authority answers, and more: asked to end, it does so by itself.
  daemon.kill("SIGTERM");
  assert.deepEqual(await ended, [0, null]);
});

test("keys are made or shown, not both; and a key file that is not there or not ours to read is said to be that", async (t) => {
  const s = await operator(t);
  const both = await s.run("keygen", "--out", "new.key", "--show", "mix.key");
  assert.match(
    both.err,
    /^--out makes keys, --show prints those of a file: one of them is needed\. `--help` tells what there is\.\n$/,
  );
  assert.deepEqual([both.code, both.out], [2, ""]);
  refused(await s.run("keygen", "--show", "none.key"), /^none\.key: there is no such file\. .*keygen --out/);
});

/** The last line of what it said; a log may come before. */
function refused(ended: Ended, sentence: RegExp, code = 1): void {
  assert.match(ended.err.trimEnd().split("\n").at(-1) ?? "", sentence);
  assert.equal(ended.code, code, ended.err);
  assert.equal(ended.out, "");
}
