/**
 * podman for a test: with images, containers and settings in a folder of the test's own, and in a mount namespace of its own where
 * control groups are version 2, which the containers are kept out of. Whatever it mounted goes when the test ends. As root.
 */

import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

export interface Podman {
  /** Standard output. Throws, with what it said, when it fails. */
  ok(...args: string[]): string;
  /** Whatever comes of it. */
  run(...args: string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string };
  start(...args: string[]): ChildProcess;
}

export async function podman(t: TestContext): Promise<Podman> {
  const folder = mkdtempSync(join(tmpdir(), "starling-podman-"));
  const settings = join(folder, "containers.conf");
  writeFileSync(settings, SETTINGS);
  const holder = spawn("unshare", [
    "--mount",
    "sh",
    "-c",
    "mount -t cgroup2 none /sys/fs/cgroup && echo made && exec cat",
  ]);
  const ended = new Promise((resolve) => holder.once("exit", resolve));
  await new Promise((resolve) => holder.stdout.once("data", resolve));

  const within = ["--target", String(holder.pid), "--mount", "--", "podman"];
  const at = (name: string): string => join(folder, name);
  const before = [...within, "--root", at("root"), "--runroot", at("run"), "--tmpdir", at("tmp")];
  const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", CONTAINERS_CONF: settings };
  const options = { env, encoding: "utf8", maxBuffer: 2 ** 26 } as const;
  t.after(async () => {
    spawnSync("nsenter", [...before, "rm", "--all", "--force", "--time", "0"], options);
    holder.stdin.end();
    await ended;
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });
  return {
    ok: (...args) => execFileSync("nsenter", [...before, ...args], { ...options, stdio: ["ignore", "pipe", "pipe"] }),
    run: (...args) => spawnSync("nsenter", [...before, ...args], options),
    start: (...args) => spawn("nsenter", [...before, ...args], { env, stdio: ["ignore", "pipe", "pipe"] }),
  };
}

/** Locks in files, lest they be those of the machine's own containers. */
const SETTINGS = `[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
`;
