/**
 * Machines inside this one: a network namespace, an address, a disk and a clock for each process, so that a cable can be
 * pulled, a disk filled or slowed and a clock set wrong without touching anything else. Needs root on Linux; nothing outside
 * the namespaces can reach them or be reached.
 */

import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Machine } from "#test/demo/machine.ts";

const clockPreload = fileURLToPath(new URL("wrong-clock.ts", import.meta.url));

/** Room for a provider's database and a reader's store of this test, several times over. */
const DISK_BYTES = 256 * 2 ** 20;
/** As a worn memory card: a transaction of SQLite takes a second or more. */
const SLOW_WRITES_PER_SECOND = 4;

export class Machines {
  readonly #folder: string;
  readonly #prefix: string;
  readonly #switch: string;
  readonly #all: TestMachine[] = [];

  /** `folder` holds disks and clocks; what is mounted there is unmounted by `remove`. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#prefix = `sc${process.pid}`;
    this.#switch = `${this.#prefix}-switch`;
    ip("netns", "add", this.#switch);
    for (const bridge of ["mainland", "island"]) {
      ip("-n", this.#switch, "link", "add", bridge, "type", "bridge");
      ip("-n", this.#switch, "link", "set", bridge, "up");
    }
  }

  add(name: string): TestMachine {
    const number = this.#all.length + 1;
    const machine = new TestMachine({
      name,
      namespace: `${this.#prefix}-${number}`,
      cable: `cable${number}`,
      address: `10.77.0.${number}`,
      switch: this.#switch,
      folder: join(this.#folder, `${name}.machine`),
    });
    this.#all.push(machine);
    return machine;
  }

  /** After every process on them has ended. */
  remove(): void {
    for (const machine of this.#all) machine.remove();
    ip("netns", "del", this.#switch);
  }
}

interface MachineOptions {
  readonly name: string;
  readonly namespace: string;
  readonly cable: string;
  readonly address: string;
  readonly switch: string;
  readonly folder: string;
}

export class TestMachine implements Machine {
  readonly name: string;
  readonly address: string;
  readonly disk: string;
  readonly command: readonly string[];
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly #options: MachineOptions;
  readonly #clockFile: string;
  readonly #image: string;
  readonly #groups: string;
  readonly #device: string;

  constructor(options: MachineOptions) {
    const { namespace, cable, folder } = options;
    this.#options = options;
    this.name = options.name;
    this.address = options.address;
    mkdirSync(folder, { recursive: true });
    ip("netns", "add", namespace);
    ip("-n", options.switch, "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", namespace);
    ip("-n", options.switch, "link", "set", cable, "master", "mainland", "up");
    ip("-n", namespace, "addr", "add", `${options.address}/24`, "dev", "eth0");
    ip("-n", namespace, "link", "set", "eth0", "up");
    ip("-n", namespace, "link", "set", "lo", "up");

    this.#image = join(folder, "disk.img");
    this.disk = join(folder, "disk");
    writeFileSync(this.#image, "");
    truncateSync(this.#image, DISK_BYTES);
    run("mkfs.ext4", "-q", "-m", "0", this.#image);
    mkdirSync(this.disk);
    run("mount", "-o", "loop", this.#image, this.disk);
    const loop = run("findmnt", "-n", "-o", "SOURCE", this.disk).trim();
    this.#device = readFileSync(`/sys/block/${loop.slice("/dev/".length)}/dev`, "utf8").trim();
    this.#groups = makeGroup(namespace);

    this.#clockFile = join(folder, "clock");
    writeFileSync(this.#clockFile, "0");
    // The shell enters its group before it becomes the program: the process keeps its number, so that kill -9 hits it.
    const enter = `echo $$ > ${join(this.#groups, "cgroup.procs")} && exec ip netns exec ${namespace} "$@"`;
    this.command = ["sh", "-c", enter, "sh"];
    this.flags = ["--import", clockPreload];
    this.env = { STARLING_TEST_CLOCK: this.#clockFile };
  }

  /** Nothing passes its cable any more; it notices nothing but silence. */
  cut(): void {
    ip("-n", this.#options.switch, "link", "set", this.#options.cable, "master", "island");
  }

  join(): void {
    ip("-n", this.#options.switch, "link", "set", this.#options.cable, "master", "mainland");
  }

  /** Milliseconds that its clock is ahead of the true time. */
  setClock(error: number): void {
    writeFileSync(this.#clockFile, String(error));
  }

  fillDisk(): void {
    const ballast = join(this.disk, "ballast");
    for (let unit = 2 ** 20; unit >= 4096; unit /= 16) {
      const { bavail, bsize } = statfsSync(this.disk);
      const bytes = Math.floor((bavail * bsize) / unit) * unit;
      if (bytes > 0) run("fallocate", "-o", String(sizeOf(ballast)), "-l", String(bytes), ballast);
    }
  }

  freeDisk(): void {
    rmSync(join(this.disk, "ballast"), { force: true });
  }

  slowDisk(): void {
    this.#limitWrites(SLOW_WRITES_PER_SECOND);
  }

  quickDisk(): void {
    this.#limitWrites(undefined);
  }

  remove(): void {
    run("umount", this.disk);
    unlinkSync(this.#image);
    ip("netns", "del", this.#options.namespace);
    run("rmdir", this.#groups);
  }

  #limitWrites(perSecond: number | undefined): void {
    if (isUnified()) {
      writeFileSync(join(this.#groups, "io.max"), `${this.#device} wiops=${perSecond ?? "max"}`);
    } else {
      writeFileSync(join(this.#groups, "blkio.throttle.write_iops_device"), `${this.#device} ${perSecond ?? 0}`);
    }
  }
}

const GROUPS = "/sys/fs/cgroup";
/** One hierarchy of control groups (version 2) or several. */
const isUnified = (): boolean => existsSync(join(GROUPS, "cgroup.controllers"));

function makeGroup(name: string): string {
  const parent = isUnified() ? GROUPS : join(GROUPS, "blkio");
  if (isUnified()) writeFileSync(join(parent, "cgroup.subtree_control"), "+io");
  const group = join(parent, name);
  mkdirSync(group);
  return group;
}

const sizeOf = (file: string): number => (existsSync(file) ? Number(run("stat", "-c", "%s", file)) : 0);

const ip = (...args: string[]): string => run("ip", ...args);

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
