/**
 * A whole network on this machine, as operators would set it up: key files, a network file that every authority signed,
 * one configuration file and one process for each role; TLS links over 127.0.0.1.
 */

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createKeyFile, type NodeKeys, publicKeys } from "#provider-server/cli/key-file.ts";
import { freePorts } from "#test/support/free-ports.ts";
import { fromHex } from "#transport/core/bytes.ts";
import { DEMO_PARAMETERS, type Parameters } from "#transport/core/parameters.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { milliseconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Network } from "#transport/directory/model.ts";
import { assembleNetwork, encodeNetwork, signNetwork } from "#transport/directory/network.ts";
import { Child, FLAGS } from "./child.ts";
import { type Machine, THIS_MACHINE } from "./machine.ts";
import { makeMemoryFolder } from "./memory-folder.ts";
import type { HopSeen, Observations } from "./observations.ts";

/** Two mixes a layer, each of another operator; two providers, each for one of the readers. */
const MIXES = 6;
const DOMAINS = ["a.example", "b.example"] as const;
const AUTHORITIES = 3;

/** How long before genesis the authorities vote on epoch 0; by then every process has to run and have published its keys. */
const BOOTSTRAP_MILLISECONDS = 6_000;
/** Time for all processes to start, at least: a quiet machine of two cores takes half of it. */
const START_MILLISECONDS_MIN = 9_000;

/** Nodes that missed the vote on epoch 0 all the same are in the next list, to which all change three minutes later. */
const FLOWING_MILLISECONDS_MAX = 240_000;

const SHARED_MEMORY = "/dev/shm";

const script = fileURLToPath(new URL("node-process.ts", import.meta.url));
/** What an operator calls. */
const cli = fileURLToPath(new URL("../../provider-server/cli/main.ts", import.meta.url));

export type Domain = (typeof DOMAINS)[number];

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

export interface NetworkOptions {
  readonly folder: string;
  /** Each process runs on this machine unless given. */
  readonly machineOf?: (name: string) => Machine;
  readonly observations: Observations;
  readonly parameters?: Parameters;
  /** Hears all that the nodes' processes tell. */
  readonly onEvent?: (name: string, event: string, data: unknown) => void;
  /** What a provider's configuration has besides. */
  readonly provider?: (domain: Domain) => object;
  /** Where others shall reach a node that listens at `listens`: a test may stand in between. */
  readonly announce?: (node: { name: string; listens: string; keys: NodeKeys }) => Promise<string>;
}

export async function startNetwork(options: NetworkOptions): Promise<DemoNetwork> {
  const { folder, observations, parameters = DEMO_PARAMETERS, onEvent, announce, machineOf, provider } = options;
  const random = new SystemRandom();
  const suite = await loadSuite(parameters.suite, "native");
  const path = (...names: string[]): string => join(folder, ...names);
  mkdirSync(path("logs"), { recursive: true });
  // Where keys may be forgotten, if the machine has such a place.
  const memory = makeMemoryFolder(existsSync(SHARED_MEMORY) ? SHARED_MEMORY : folder);

  const authorityNames = Array.from({ length: AUTHORITIES }, (_, i) => `authority-${i + 1}`);
  const mixNames = Array.from({ length: MIXES }, (_, i) => `mix-${i + 1}`);
  const nodeNames = [...mixNames, ...DOMAINS];
  const names = [...authorityNames, ...nodeNames];
  const keys = new Map(names.map((name) => [name, createKeyFile(path(`${name}.key`), random)] as const));
  const publicOf = (name: string) => publicKeys(get(keys, name), suite);
  // Addresses that others must know before the process runs; nodes announce theirs themselves, but keep them over a restart.
  const ports = await freePorts(names.length);
  const machines = new Map(names.map((name) => [name, machineOf?.(name) ?? THIS_MACHINE] as const));
  const addressOf = (name: string): string => `${get(machines, name).address}:${ports[names.indexOf(name)]}`;
  const diskOf = (name: string): string => get(machines, name).disk ?? folder;

  const body = encodeNetwork({
    name: "Demo on this machine",
    kind: "demo",
    authorities: authorityNames.map((name) => ({
      name,
      identityKey: fromHex(publicOf(name).identityKey),
      linkKey: fromHex(publicOf(name).linkKey),
      address: addressOf(name),
    })),
    threshold: 2,
    genesis: milliseconds(Date.now() + (await startTime(names.length)) + BOOTSTRAP_MILLISECONDS),
    bootstrap: milliseconds(BOOTSTRAP_MILLISECONDS),
    parameters,
  });
  const signatures = authorityNames.map((name) =>
    signNetwork({ body, identitySeed: get(keys, name).identitySeed, suite }),
  );
  const network = assembleNetwork({ body, signatures, suite });
  writeFileSync(path("network"), network.bytes);

  for (const name of names) {
    const listens = addressOf(name);
    const common = { networkFile: "network", keyFile: `${name}.key`, listen: listens };
    const isNode = nodeNames.includes(name);
    const address = (isNode && (await announce?.({ name, listens, keys: get(keys, name) }))) || listens;
    const node = { ...common, address, operator: `Operator of ${name}`, memoryDirectory: memoryOf(name) };
    writeFileSync(path(`${name}.json`), JSON.stringify(configOf(name, common, node), undefined, 2));
  }

  /** A mix keeps nothing but its keys and tags: on a machine with a disk of its own, they are what the disk may fail. */
  function memoryOf(name: string): string {
    const { disk } = get(machines, name);
    return disk !== undefined && mixNames.includes(name) ? join(disk, "memory") : join(memory, name);
  }

  function configOf(name: string, common: object, node: object): object {
    if (authorityNames.includes(name)) {
      const admit = nodeNames.map((admitted) => ({
        nodeId: publicOf(admitted).nodeId,
        ...(isDomain(admitted) ? { domain: admitted } : {}),
      }));
      return { role: "authority", ...common, dataDirectory: join(diskOf(name), `${name}.data`), admit };
    }
    if (!isDomain(name)) return { role: "mix", ...node };
    return {
      role: "provider",
      ...node,
      domain: name,
      database: join(diskOf(name), `${name}.sqlite`),
      signUp: { policy: "invite" },
      ...provider?.(name),
    };
  }

  const processes = new Map<string, Child>();
  const silent = new Set(nodeNames);
  const flowing = Promise.withResolvers<void>();
  const nameByNodeId = new Map(nodeNames.map((name) => [publicOf(name).nodeId, name]));
  const start = (name: string): Child => {
    const machine = get(machines, name);
    const logFile = path("logs", `${name}.log`);
    const child = new Child({ name, script, args: [path(`${name}.json`)], logFile, machine });
    child.onEvent((event, data) => {
      onEvent?.(name, event, data);
      if (event !== "hop") return;
      observations.addHop(data as HopSeen);
      silent.delete(name);
      if (silent.size === 0) flowing.resolve();
    });
    processes.set(name, child);
    return child;
  };
  const stop = async (): Promise<void> => {
    await Promise.all([...processes.values()].map((child) => child.stop()));
    rmSync(memory, { recursive: true, force: true });
  };

  try {
    // Nodes announce themselves once: to authorities that are there.
    await Promise.all(authorityNames.map((name) => start(name).ready()));
    await Promise.all(nodeNames.map((name) => start(name).ready()));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    network,
    processes,
    flowing: () =>
      within(FLOWING_MILLISECONDS_MAX, flowing.promise, () => `No packet reached ${[...silent].join(", ")}.`),
    async invite(domain) {
      const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, cli, "invite", path(`${domain}.json`)]);
      return stdout.trim();
    },
    async restart(name) {
      await start(name).ready();
    },
    nameOf: (nodeId) => nameByNodeId.get(nodeId) ?? nodeId,
    stop,
  };
}

const isDomain = (name: string): name is Domain => (DOMAINS as readonly string[]).includes(name);

/** How long this machine, as busy as it is now, takes to start so many processes: from the time that one takes. */
async function startTime(processes: number): Promise<number> {
  const before = Date.now();
  // Prints its usage and ends with a failure; all its modules are loaded by then.
  await promisify(execFile)(process.execPath, [...FLAGS, cli]).catch(() => {});
  return Math.max(START_MILLISECONDS_MIN, (Date.now() - before) * processes);
}

async function within<T>(limit: number, promise: Promise<T>, sentence: () => string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(sentence())), limit);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function get<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`there is no ${String(key)} in the demo`);
  return value;
}
