/**
 * A whole network on this machine, as operators would set it up: key files, a network file that every authority signed,
 * one configuration file and one process for each role; TLS links over 127.0.0.1.
 */

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { DEMO_PARAMETERS, type Parameters } from "#transport/core/parameters.ts";
import { milliseconds } from "#transport/core/units.ts";
import type { Network } from "#transport/directory/model.ts";
import { Child, FLAGS } from "./child.ts";
import { makeMemoryFolder } from "./memory-folder.ts";
import { AUTHORITY_NAMES, type Domain, type FilesOptions, NetworkFiles, NODE_NAMES } from "./network-files.ts";
import type { HopSeen, Observations } from "./observations.ts";

/** Time for nodes to publish their keys once all programs are loaded, at least: on a quiet machine they begin in a third of it. */
const BEGIN_MILLISECONDS_MIN = 4_000;
/** A node that missed the vote on epoch 0 all the same is in the next list, to which all change three minutes later. */
const FLOWING_MILLISECONDS_MAX = 240_000;

const SHARED_MEMORY = "/dev/shm";

const script = fileURLToPath(new URL("node-process.ts", import.meta.url));
/** What an operator calls. */
const cli = fileURLToPath(new URL("../../provider-server/cli/main.ts", import.meta.url));

export interface DemoNetwork {
  readonly network: Network;
  /** By name: authority-1 to -3, mix-1 to -6, a.example, b.example. */
  readonly processes: ReadonlyMap<string, Child>;
  /** Resolves when a packet has reached every node: each knows the others, and links are up. */
  flowing(): Promise<void>;
  /** A line that opens one account at the provider. */
  invite(domain: Domain): Promise<string>;
  /** Starts a process again with the same configuration, after it was stopped or crashed. */
  restart(name: string): Promise<void>;
  /** The name that a node goes by here. */
  nameOf(nodeId: string): string;
  stop(): Promise<void>;
}

export interface NetworkOptions extends Omit<FilesOptions, "parameters" | "memory"> {
  readonly observations: Observations;
  /** The demo's unless given. */
  readonly parameters?: Parameters;
  /** Hears all that the nodes' processes tell. */
  readonly onEvent?: (name: string, event: string, data: unknown) => void;
}

export async function startNetwork(options: NetworkOptions): Promise<DemoNetwork> {
  const { folder, observations, parameters = DEMO_PARAMETERS, onEvent } = options;
  const logs = join(folder, "logs");
  mkdirSync(logs, { recursive: true });
  // Where keys may be forgotten, if the machine has such a place.
  const memory = makeMemoryFolder(existsSync(SHARED_MEMORY) ? SHARED_MEMORY : folder);
  const files = await NetworkFiles.create({ ...options, parameters, memory });

  const processes = new Map<string, Child>();
  const silent = new Set(NODE_NAMES);
  const flowing = Promise.withResolvers<void>();
  const nameByNodeId = new Map(NODE_NAMES.map((name) => [files.nodeIdOf(name), name]));
  const load = async (name: string): Promise<void> => {
    const logFile = join(logs, `${name}.log`);
    const child = new Child({ name, script, args: [], logFile, machine: files.machineOf(name) });
    child.onEvent((event, data) => {
      onEvent?.(name, event, data);
      if (event !== "hop") return;
      observations.addHop(data as HopSeen);
      silent.delete(name);
      if (silent.size === 0) flowing.resolve();
    });
    processes.set(name, child);
    await child.ready();
  };
  const begin = async (name: string): Promise<void> => {
    await processes.get(name)?.call("begin", { file: files.configPath(name) });
  };
  const stop = async (): Promise<void> => {
    await Promise.all([...processes.values()].map((child) => child.stop()));
    rmSync(memory, { recursive: true, force: true });
  };

  try {
    // When the network begins stands in its file: a machine that is busy takes long to load so many programs, and is waited for.
    const before = Date.now();
    await Promise.all([...AUTHORITY_NAMES, ...NODE_NAMES].map(load));
    const firstVote = Date.now() + Math.max(BEGIN_MILLISECONDS_MIN, Date.now() - before);
    const network = await files.write(milliseconds(firstVote));
    // Nodes announce themselves once: to authorities that are there.
    await Promise.all(AUTHORITY_NAMES.map(begin));
    await Promise.all(NODE_NAMES.map(begin));
    return {
      network,
      processes,
      flowing: () =>
        within(FLOWING_MILLISECONDS_MAX, flowing.promise, () => `No packet reached ${[...silent].join(", ")}.`),
      async invite(domain) {
        const config = files.configPath(domain);
        const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, cli, "invite", config]);
        return stdout.trim();
      },
      async restart(name) {
        await load(name);
        await begin(name);
      },
      nameOf: (nodeId) => nameByNodeId.get(nodeId) ?? nodeId,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function within<T>(limit: number, promise: Promise<T>, sentence: () => string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(sentence())), limit);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
