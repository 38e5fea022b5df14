/**
 * The files of a whole network, as its operators would write them: keys, a network file that every authority signed, one
 * configuration for each role.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createKeyFile, type NodeKeys, publicKeys } from "#provider-server/cli/key-file.ts";
import { freePorts } from "#test/support/free-ports.ts";
import { fromHex } from "#transport/core/bytes.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import type { Network } from "#transport/directory/model.ts";
import { assembleNetwork, encodeNetwork, signNetwork } from "#transport/directory/network.ts";
import { type Machine, THIS_MACHINE } from "./machine.ts";

const AUTHORITIES = 3;
/** Two mixes a layer, each of another operator; two providers, each for one of the readers. */
const MIXES = 6;
const DOMAINS = ["a.example", "b.example"] as const;

/** How long before genesis the authorities vote on epoch 0; by then every node has to have published its keys. */
const BOOTSTRAP_MILLISECONDS = 6_000;

export type Domain = (typeof DOMAINS)[number];

export const AUTHORITY_NAMES: readonly string[] = Array.from({ length: AUTHORITIES }, (_, i) => `authority-${i + 1}`);
const MIX_NAMES: readonly string[] = Array.from({ length: MIXES }, (_, i) => `mix-${i + 1}`);
export const NODE_NAMES: readonly string[] = [...MIX_NAMES, ...DOMAINS];
const NAMES = [...AUTHORITY_NAMES, ...NODE_NAMES];

export interface FilesOptions {
  readonly folder: string;
  /** For what a loss of power must take, unless the process is on a machine with a disk of its own. */
  readonly memory: string;
  readonly parameters: Parameters;
  /** Each process runs on this machine unless given. */
  readonly machineOf?: ((name: string) => Machine) | undefined;
  /** What a provider's configuration has besides. */
  readonly provider?: ((domain: Domain) => object) | undefined;
  /** Where others shall reach a node that listens at `listens`: a test may stand in between. */
  readonly announce?: ((node: { name: string; listens: string; keys: NodeKeys }) => Promise<string>) | undefined;
}

export class NetworkFiles {
  readonly #options: FilesOptions;
  readonly #suite: Suite;
  readonly #keys: ReadonlyMap<string, NodeKeys>;
  readonly #machines: ReadonlyMap<string, Machine>;
  /** Addresses that others must know before the process runs; nodes announce theirs themselves, but keep them over a restart. */
  readonly #ports: readonly number[];

  /** Writes the key files. */
  static async create(options: FilesOptions): Promise<NetworkFiles> {
    const suite = await loadSuite(options.parameters.suite, "native");
    return new NetworkFiles(options, { suite, ports: await freePorts(NAMES.length) });
  }

  private constructor(options: FilesOptions, { suite, ports }: { suite: Suite; ports: readonly number[] }) {
    const random = new SystemRandom();
    this.#options = options;
    this.#suite = suite;
    this.#ports = ports;
    this.#keys = new Map(NAMES.map((name) => [name, createKeyFile(this.#path(`${name}.key`), random)] as const));
    this.#machines = new Map(NAMES.map((name) => [name, options.machineOf?.(name) ?? THIS_MACHINE] as const));
  }

  /** Writes all others, for a network whose authorities vote for the first time at `firstVote`. */
  async write(firstVote: Milliseconds): Promise<Network> {
    const network = this.#writeNetwork(firstVote);
    for (const name of NAMES) {
      const config = await this.#configOf(name);
      writeFileSync(this.configPath(name), JSON.stringify(config, undefined, 2));
    }
    return network;
  }

  /** Of what a process reads. */
  configPath(name: string): string {
    return this.#path(`${name}.json`);
  }

  machineOf(name: string): Machine {
    return get(this.#machines, name);
  }

  nodeIdOf(name: string): string {
    return this.#publicOf(name).nodeId;
  }

  #writeNetwork(firstVote: Milliseconds): Network {
    const body = encodeNetwork({
      name: "Demo on this machine",
      kind: "demo",
      authorities: AUTHORITY_NAMES.map((name) => ({
        name,
        identityKey: fromHex(this.#publicOf(name).identityKey),
        linkKey: fromHex(this.#publicOf(name).linkKey),
        address: this.#addressOf(name),
      })),
      threshold: 2,
      genesis: milliseconds(firstVote + BOOTSTRAP_MILLISECONDS),
      bootstrap: milliseconds(BOOTSTRAP_MILLISECONDS),
      parameters: this.#options.parameters,
    });
    const suite = this.#suite;
    const signatures = AUTHORITY_NAMES.map((name) =>
      signNetwork({ body, identitySeed: get(this.#keys, name).identitySeed, suite }),
    );
    const network = assembleNetwork({ body, signatures, suite });
    writeFileSync(this.#path("network"), network.bytes);
    return network;
  }

  async #configOf(name: string): Promise<object> {
    const listens = this.#addressOf(name);
    const common = { networkFile: "network", keyFile: `${name}.key`, listen: listens };
    if (AUTHORITY_NAMES.includes(name)) {
      const admit = NODE_NAMES.map((admitted) => {
        const nodeId = this.nodeIdOf(admitted);
        return isDomain(admitted) ? { nodeId, domain: admitted } : { nodeId };
      });
      return { role: "authority", ...common, dataDirectory: join(this.#diskOf(name), `${name}.data`), admit };
    }
    const address = (await this.#options.announce?.({ name, listens, keys: get(this.#keys, name) })) ?? listens;
    const node = { ...common, address, operator: `Operator of ${name}`, memoryDirectory: this.#memoryOf(name) };
    if (!isDomain(name)) return { role: "mix", ...node };
    return {
      role: "provider",
      ...node,
      domain: name,
      database: join(this.#diskOf(name), `${name}.sqlite`),
      signUp: { policy: "invite" },
      ...this.#options.provider?.(name),
    };
  }

  /** A mix keeps nothing but its keys and tags: on a machine with a disk of its own, they are what the disk may fail. */
  #memoryOf(name: string): string {
    const { disk } = this.machineOf(name);
    return disk !== undefined && MIX_NAMES.includes(name) ? join(disk, "memory") : join(this.#options.memory, name);
  }

  #diskOf(name: string): string {
    return this.machineOf(name).disk ?? this.#options.folder;
  }

  #addressOf(name: string): string {
    return `${this.machineOf(name).address}:${this.#ports[NAMES.indexOf(name)]}`;
  }

  #publicOf(name: string) {
    return publicKeys(get(this.#keys, name), this.#suite);
  }

  #path(name: string): string {
    return join(this.#options.folder, name);
  }
}

const isDomain = (name: string): name is Domain => (DOMAINS as readonly string[]).includes(name);

function get<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`there is no ${String(key)} in the demo`);
  return value;
}
