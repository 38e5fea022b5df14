/**
 * A machine that runs the daemon's image by the command of the unit for containers (build/units), in folders of the test's own
 * instead of those that the unit names. As root.
 */

import { type ChildProcess, spawnSync } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { IMAGE_USER } from "../../build/provider-image.ts";
import { configure } from "./packed-network.ts";
import { podman } from "./podman.ts";

export const UNIT = fileURLToPath(new URL("../../build/units/starling-container@.service", import.meta.url));
export const IMAGE = "localhost/starling-provider:current";
/** Control groups may be of a kind that containers do not know, and limits not to be raised above this process's. */
const OF_THE_TEST = "--cgroups disabled --ulimit nofile=8192 --ulimit nproc=4096".split(" ");
const HEALTH = ["--health-cmd", '["starling-provider","status","/etc/starling/mix.json"]'];
/** Each look starts a process that takes a second; figures are a minute old at most. */
const LOOKS_MAX = 200;

export type ContainerMachine = Awaited<ReturnType<typeof containerMachine>>;

/** `folder` is for what the unit has on a disk; `archive` holds the image. */
export async function containerMachine(t: TestContext, { folder, archive }: { folder: string; archive: string }) {
  const at = {
    "/etc/starling": join(folder, "etc"),
    "/var/lib/starling": join(folder, "state"),
    "/run/starling": inMemory(t),
  };
  for (const path of Object.values(at)) own(path);
  const containers = await podman(t);
  const [, loaded = ""] = /^Loaded image: (\S+)$/m.exec(containers.ok("load", "--quiet", "--input", archive)) ?? [];
  containers.ok("tag", loaded, IMAGE);

  const [, line = ""] = /^ExecStart=\S*podman (run (?:.*\\\n)*.*)$/m.exec(readFileSync(UNIT, "utf8")) ?? [];
  const here = Object.entries(at).reduce((text, [path, there]) => text.replaceAll(`-v ${path}`, `-v ${there}`), line);
  const words = here.replaceAll("\\\n", "").split(/ +/);
  const network = ["--network", "host", ...OF_THE_TEST];
  const pidOf = (name: string): number =>
    Number(containers.ok("inspect", "--format", "{{.State.Pid}}", `starling-${name}`));

  return {
    podman: containers,
    configuration: at["/etc/starling"],
    run: (...args: string[]): string =>
      containers.ok("run", "--rm", ...network, "-v", `${at["/etc/starling"]}:/etc/starling`, IMAGE, ...args),
    configure(name: string, rest: Readonly<Record<string, unknown>>): void {
      configure(at["/etc/starling"], name, rest);
      chownSync(join(at["/etc/starling"], `${name}.json`), IMAGE_USER, IMAGE_USER);
    },
    /** As the unit would; `change` makes other options of its. */
    start(within: TestContext, name: string, change = (options: string[]): string[] => options) {
      for (const path of ["/var/lib/starling", "/run/starling"] as const) own(join(at[path], name));
      const split = words.indexOf(IMAGE);
      const options = [...change(words.slice(0, split)), ...OF_THE_TEST, ...HEALTH];
      const args = [...options, ...words.slice(split)].map((word) => word.replaceAll("%i", name));
      return follow(within, name, containers.start(...args));
    },
    async status(name: string, enough: RegExp): Promise<string> {
      for (let looks = 0; ; looks++) {
        const { stdout } = containers.run("exec", `starling-${name}`, "starling-provider", "status", `${name}.json`);
        if (enough.test(stdout) || looks === LOOKS_MAX) return stdout;
      }
    },
    pidOf,
    keyFiles: (name: string): string[] => readdirSync(join(at["/run/starling"], name)).toSorted(),
    /** What the daemon's own process has started. */
    children(name: string): { pid: number; state: string }[] {
      const { stdout } = spawnSync("ps", ["-o", "pid=,stat=", "--ppid", String(pidOf(name))], { encoding: "utf8" });
      const lines = stdout
        .trim()
        .split("\n")
        .filter((each) => each !== "");
      return lines.map((each) => each.trim().split(/ +/)).map(([pid, state = ""]) => ({ pid: Number(pid), state }));
    },
  };
}

/** Makes a folder that only the image's user may look into. */
function own(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chownSync(path, IMAGE_USER, IMAGE_USER);
}

/** A daemon in a container, by what it says. */
function follow(t: TestContext, name: string, child: ChildProcess) {
  let text = "";
  const looks = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      for (const look of looks) look();
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  t.after(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  return {
    get text(): string {
      return text;
    },
    says: (pattern: RegExp) =>
      new Promise<string>((resolve, reject) => {
        const look = (): void => {
          if (pattern.test(text)) resolve(text);
          else if (child.exitCode !== null) reject(new Error(`${name} ended with ${child.exitCode}: ${text}`));
        };
        looks.add(look);
        child.once("close", look);
        look();
      }),
    ended,
    /** Exit code, after this signal. */
    ends(signal: NodeJS.Signals): Promise<number | null> {
      child.kill(signal);
      return ended;
    },
  };
}

function inMemory(t: TestContext): string {
  const folder = mkdtempSync("/dev/shm/starling-image-");
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}
