/**
 * The Debian package of the daemon: built twice to the same bytes, listed, unpacked into a folder of its own, its user and
 * folders made there, its unit looked at by systemd, and a mix run from it as an operator would. As root, with Debian's systemd.
 */

import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { freePorts } from "#test/support/free-ports.ts";
import { configure, makePackedNetwork } from "#test/support/packed-network.ts";

const builder = fileURLToPath(new URL("../../build/provider-package.ts", import.meta.url));

test("the package of the daemon is what it says, and a mix runs from it alone", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "starling-deb-"));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  const [file, again] = ["one", "two"].map((out) => build(join(folder, out)));

  await t.test("the same sources make the same bytes", () => {
    assert.equal(digestOf(file as string), digestOf(again as string));
  });

  await t.test("it holds the daemon and nothing else, everything root's and nobody else's to write", () => {
    const lines = command("dpkg-deb", ["--contents", file as string])
      .trim()
      .split("\n");
    for (const line of lines) assert.match(line, /^[d-]rw[x-]r-[x-]r-[x-] root\/root /);
    const paths = lines.map((line) => line.slice(line.indexOf(" ./") + 2));
    for (const path of WANTED) assert.ok(paths.includes(path), path);
    const outside = paths.filter((path) => path.startsWith("/usr/lib/starling/") && !OWN.test(path));
    assert.deepEqual(outside, []);
    const prebuilds = paths.filter((path) => /\/prebuilds\/[^/]+\/$/.test(path));
    assert.deepEqual([...new Set(prebuilds.map((path) => path.split("/").at(-2)))], [`linux-${process.arch}`]);
    const control = command("dpkg-deb", ["--field", file as string]);
    assert.match(
      control,
      /^Package: starling-provider\nVersion: \d+\.\d+\.\d+(~\d{12})?\nArchitecture: (amd64|arm64)\n/,
    );
    assert.doesNotMatch(control, /@[A-Z]+@/);
  });

  const root = join(folder, "root");
  mkdirSync(join(root, "etc"), { recursive: true });
  command("dpkg-deb", ["-x", file as string, root]);

  await t.test("its scripts are shell, and its user and folder are made as the unit wants them", () => {
    const scripts = join(folder, "scripts");
    command("dpkg-deb", ["--control", file as string, scripts]);
    for (const name of ["postinst", "prerm", "postrm"]) command("sh", ["-n", join(scripts, name)]);
    command("systemd-sysusers", [`--root=${root}`, "starling.conf"]);
    command("systemd-tmpfiles", [`--root=${root}`, "--create", "starling.conf"]);
    const user = /^starling:x:(\d+):\d+:Starling:\/etc\/starling:\/usr\/sbin\/nologin$/m;
    const [, uid] = user.exec(readFileSync(join(root, "etc/passwd"), "utf8")) ?? [];
    const { mode, uid: owner } = statSync(join(root, "etc/starling"));
    assert.deepEqual([mode & 0o777, String(owner)], [0o700, uid]);
  });

  await t.test("systemd understands the unit, finds what it names, and calls its hardening good", () => {
    const text = readFileSync(join(root, "usr/lib/systemd/system/starling@.service"), "utf8");
    assert.doesNotMatch(text, /\/opt\//);
    for (const [path] of text.matchAll(/\/usr\/(?:lib|share)\/[^\s]+/g)) assert.ok(statSync(join(root, path)), path);
    const unit = join(folder, "starling@mix.service");
    writeFileSync(unit, text.replaceAll("/usr/lib/starling", join(root, "usr/lib/starling")));
    const verified = spawnSync("systemd-analyze", ["verify", unit], { encoding: "utf8" });
    assert.deepEqual([verified.status, verified.stderr], [0, ""]);
    // Of 100, and less is better: it is 19, most of it for listening on the network.
    command("systemd-analyze", ["security", "--offline=true", "--threshold=20", unit]);
  });

  await t.test("from there keys, a network and a mix are made, the mix runs, and its state is asked", async () => {
    const s = operator(folder, root);
    makePackedNetwork({ run: s.run, secondsAhead: 86_400, address: "127.0.0.1:9", nodes: ["mix"] });
    const [port] = await freePorts(1);
    configure(s.folder, "mix", { ...MIX, metricsListen: `127.0.0.1:${port}` });
    const ready = await s.daemon(t, "run", "mix.json");
    assert.equal(ready["role"], "mix");
    const asked = spawnSync(s.program, ["status", "mix.json"], s.options);
    assert.equal(asked.status, 1);
    assert.match(asked.stdout, /^mix at 127\.0\.0\.1:0: not well, .*\n {2}up 0 min/);
    assert.match(asked.stdout, /\nStarlingNoList: /);
  });
});

const WANTED = [
  "/usr/bin/starling-provider",
  "/usr/lib/starling/bin/node",
  "/usr/lib/starling/package.json",
  "/usr/lib/starling/provider-server/cli/main.ts",
  "/usr/lib/starling/transport/index.ts",
  "/usr/lib/starling/node_modules/sodium-native/package.json",
  "/usr/lib/systemd/system/starling@.service",
  "/usr/lib/sysusers.d/starling.conf",
  "/usr/lib/tmpfiles.d/starling.conf",
  "/usr/share/doc/starling-provider/operating.md",
  "/usr/share/doc/starling-provider/alerts.yml",
  "/usr/share/doc/starling-provider/dashboard.json",
  "/usr/share/doc/starling-provider/copyright",
  "/usr/share/doc/starling-provider/LICENSE.node",
];
const OWN =
  /^\/usr\/lib\/starling\/(?:$|bin\/(?:node)?$|package\.json$|node_modules\/|(?:transport|provider-server)\/(?:.*\/|.*\.ts)?$)/;

const MIX = {
  role: "mix",
  listen: "127.0.0.1:0",
  operator: "Example",
  memoryDirectory: "memory",
};

function build(out: string): string {
  const args = ["--disable-warning=ExperimentalWarning", builder, "--fast", "--out", out];
  // Of one time: somebody may commit meanwhile.
  const env = { ...process.env, SOURCE_DATE_EPOCH: "1800000000" };
  const made = execFileSync(process.execPath, args, { encoding: "utf8", env }).trim();
  assert.deepEqual(
    readdirSync(out).map((name) => join(out, name)),
    [made],
  );
  return made;
}

const digestOf = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");

/** Standard output; throws with what it said when it fails. */
function command(name: string, args: readonly string[]): string {
  return execFileSync(name, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 2 ** 26 });
}

/** Somebody with the package and nothing else: no Node.js on the path, no folder of the project above. */
function operator(parent: string, root: string) {
  const folder = join(parent, "operator");
  mkdirSync(folder);
  const program = join(root, "usr/bin/starling-provider");
  const options = { cwd: folder, env: { PATH: "/usr/bin:/bin" }, encoding: "utf8" } as const;
  const run = (...args: string[]): string => execFileSync(program, args, options);
  const daemon = async (t: TestContext, ...args: string[]): Promise<Record<string, unknown>> => {
    const child = spawn(program, args, { cwd: folder, env: options.env, stdio: ["ignore", "pipe", "ignore"] });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    t.after(async () => {
      child.kill("SIGTERM");
      await ended;
    });
    let text = "";
    for await (const chunk of child.stdout) {
      text += String(chunk);
      if (text.includes("\n")) break;
    }
    return JSON.parse(text) as Record<string, unknown>;
  };
  return { folder, program, options, run, daemon };
}
