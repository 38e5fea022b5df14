/** What an operator is told of a daemon: by a daemon that runs, by one that is well, and by one that is not there. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createKeyFile } from "#provider-server/cli/key-file.ts";
import { statusOf } from "#provider-server/cli/status.ts";
import type { Gauges } from "#provider-server/observe/figures.ts";
import { Metrics } from "#provider-server/observe/metrics.ts";
import { serveMetrics } from "#provider-server/observe/metrics-listener.ts";
import { freePorts } from "#test/support/free-ports.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { testNetwork } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";

const cli = fileURLToPath(new URL("../../../provider-server/cli/main.ts", import.meta.url));

const WELL: Gauges = {
  packets_held: 12,
  packets_held_max: 48_000,
  links_up: 2,
  links_wanted: 2,
  epoch: 5,
  list_epoch: 5,
  list_epochs_behind: 0,
  list_mixes: 6,
  list_layer_least: 2,
  list_providers: 2,
  list_signatures: 3,
  list_avoided: 0,
  listed: 1,
  avoided: 0,
  directory_failing: 0,
  cpu_seconds: 61,
  resident_bytes: 200 * 2 ** 20,
  up_seconds: 3 * 86_400 + 7_260,
};

test("a daemon that is well: one screen, and nothing to do", async (t) => {
  const s = await served(t, WELL);
  const { text, isWell } = await statusOf(s.path, "words");
  assert.equal(isWell, true);
  assert.deepEqual(text.split("\n"), [
    "mix at 127.0.0.1:47201: well",
    "  up 3 d 2 h 1 min, 61 s of processor, 200 MiB of memory",
    "  epoch 5; list of epoch 5: 6 mixes, 2 providers, 3 signatures, 0 avoided",
    "  links up 2 of 2",
    "  last 10 min: 50.0 packets/s in, 0.0 out; held 12",
    "  99 of 100 leave at most 5 ms late",
  ]);
});

test("one is one, and a list without a provider is not well: there is no mail", async (t) => {
  const one = await served(t, { ...WELL, list_mixes: 1, list_providers: 1, list_signatures: 1 });
  const { text } = await statusOf(one.path, "words");
  assert.match(text, / epoch 5; list of epoch 5: 1 mix, 1 provider, 1 signature, 0 avoided\n/);
  const none = await served(t, { ...WELL, list_providers: 0 });
  const told = await statusOf(none.path, "words");
  assert.equal(told.isWell, false);
  assert.match(told.text, /: 6 mixes, 0 providers, /);
  assert.match(told.text, /\n\nStarlingNoProvider: The list in use names no provider.* \(list_providers 0\)\n {2}Do: /);
});

test("what is wrong comes with what to do, for people and for programs", async (t) => {
  const s = await served(t, { ...WELL, links_up: 1, listed: 0 });
  const { text, isWell } = await statusOf(s.path, "words");
  assert.equal(isWell, false);
  assert.match(text, /^mix at 127\.0\.0\.1:47201: not well, 2 findings\n/);
  assert.match(text, /\n\nStarlingNotListed: This node is not in the list in use.*\n {2}Do: After a start wait/);
  assert.match(text, /\n\nStarlingLinksDown: .* \(links_up 1, links_wanted 2\)\n {2}Do: Ask their operators/);
  const json = JSON.parse((await statusOf(s.path, "json")).text) as {
    well: boolean;
    role: string;
    findings: { name: string; what: string; todo: string }[];
    recent: { figures: Record<string, number> };
  };
  assert.deepEqual([json.well, json.role, json.recent.figures["links_up"]], [false, "mix", 1]);
  assert.deepEqual(
    json.findings.map(({ name }) => name),
    ["StarlingNotListed", "StarlingLinksDown"],
  );
});

test("nobody there, somebody else there, and no address to ask at are told apart from health", async (t) => {
  const s = await served(t, WELL);
  const [port] = await freePorts(1);
  const silent = write(s.folder, { ...MIX, metricsListen: `127.0.0.1:${port}` });
  const answer = await statusOf(silent, "words");
  assert.match(answer.text, /^mix at .*: not well, 1 finding\n\nStarlingDown: The daemon does not answer/);
  assert.equal(answer.isWell, false);
  // A provider's configuration that names the mix's port: its figures are not the provider's.
  const other = write(s.folder, { ...PROVIDER, metricsListen: s.address });
  assert.match((await statusOf(other, "words")).text, /StarlingDown/);
  const sentence = /metricsListen: expected 127\.0\.0\.1 or \[::1\] with a port, by which status asks the daemon\.$/;
  for (const metricsListen of [undefined, "127.0.0.1:0"]) {
    const none = write(s.folder, { ...MIX, metricsListen });
    await assert.rejects(statusOf(none, "words"), { code: "CONFIG", message: sentence });
  }
});

test("a mix that runs and finds no authority says so itself, and the exit code is 1", async (t) => {
  const folder = temporaryFolder(t);
  const suite = await loadSuite("xwing", "native");
  writeFileSync(join(folder, "network"), testNetwork({ suite, authorities: 1 }).network.bytes);
  createKeyFile(join(folder, "mix.key"), new SeededRandom("status"));
  const [port] = await freePorts(1);
  const metricsListen = `127.0.0.1:${port}`;
  const path = write(folder, { ...MIX, listen: "127.0.0.1:0", memoryDirectory: "memory", metricsListen });
  const daemon = start(t, "run", path);
  const ready = JSON.parse(await line(daemon)) as { ready: boolean };
  assert.equal(ready.ready, true);
  const asked = start(t, "status", path, "--json");
  const [out, code] = await Promise.all([line(asked), new Promise((resolve) => asked.once("exit", resolve))]);
  const { well, findings, recent } = JSON.parse(out) as {
    well: boolean;
    findings: { name: string }[];
    recent: { figures: Record<string, number> };
  };
  assert.deepEqual([well, code], [false, 1]);
  const names = findings.map(({ name }) => name);
  assert.deepEqual(names.slice(0, 2), ["StarlingNoList", "StarlingNotListed"]);
  const { figures } = recent;
  assert.ok((figures["resident_bytes"] ?? 0) > 2 ** 24);
  assert.ok((figures["memory_directory_free_bytes"] ?? 0) > 0);
  assert.ok(figures["cpu_seconds"] !== undefined && figures["up_seconds"] !== undefined);
});

const MIX = {
  role: "mix",
  networkFile: "network",
  keyFile: "mix.key",
  listen: "127.0.0.1:47201",
  operator: "Example",
};
const PROVIDER = {
  ...MIX,
  role: "provider",
  domain: "mail.example",
  database: "provider.sqlite",
  signUp: { policy: "invite" },
};

/** The figures of a mix that has run for ten minutes, and a configuration that leads to them. */
async function served(t: TestContext, gauges: Gauges) {
  const folder = temporaryFolder(t);
  const clock = new VirtualClock();
  const metrics = new Metrics({ clock, role: "mix" });
  metrics.start(() => gauges);
  metrics.count("packets_in", 30_000);
  for (let i = 0; i < 199; i++) metrics.late(i < 198 ? 4 : 400);
  await clock.runFor(seconds(600));
  metrics.stop();
  const listener = await serveMetrics({ metrics, host: "127.0.0.1", port: 0 });
  t.after(() => listener.close());
  const { address } = listener;
  return { folder, address, path: write(folder, { ...MIX, metricsListen: address }) };
}

let written = 0;

function write(folder: string, config: object): string {
  const path = join(folder, `config-${written++}.json`);
  writeFileSync(path, JSON.stringify(config));
  return path;
}

function start(t: TestContext, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", cli, ...args], {
    env: { ...process.env, npm_lifecycle_event: "" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  t.after(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  return child;
}

/** The first that it prints. */
async function line(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk);
    if (text.includes("\n")) break;
  }
  return text.trim();
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "starling-status-"));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}
