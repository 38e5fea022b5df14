/**
 * A whole network in one process: the authorities, mixes, providers and clients of production on links in memory and a
 * virtual clock. Everything follows from the seed.
 */

import { Admission } from "#provider-server/authority/admission.ts";
import { Authority } from "#provider-server/authority/authority.ts";
import type { Peers } from "#provider-server/authority/messages.ts";
import { ProviderDatabase } from "#provider-server/database/database.ts";
import { MixNode } from "#provider-server/mix/mix-node.ts";
import type { NodeDependencies, NodeLimits } from "#provider-server/node/dependencies.ts";
import { ProviderNode } from "#provider-server/node/provider-node.ts";
import { Log } from "#provider-server/observe/log.ts";
import type { Observer as NodeObserver } from "#provider-server/observe/observer.ts";
import { MemoryAuthorityStore } from "#test/support/memory-authorities.ts";
import { MemoryPeriodStore } from "#test/support/memory-period-store.ts";
import { rememberSignatures } from "#test/support/remembered-signatures.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { seededNodeStreams } from "#test/support/small-network.ts";
import { seedOf, signedConsensus, type TestNetwork, testNetwork } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { WrongClock } from "#test/support/wrong-clock.ts";
import type { Clock } from "#transport/core/clock.ts";
import { DEMO_PARAMETERS, type Parameters } from "#transport/core/parameters.ts";
import { type Epoch, type Milliseconds, milliseconds, perSecond, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import type { ConsensusFields } from "#transport/directory/consensus.ts";
import { nodeIdOf } from "#transport/directory/descriptor.ts";
import { DirectoryClient } from "#transport/directory/directory-client.ts";
import type { Network } from "#transport/directory/model.ts";
import { linkKeyOf } from "#transport/link/link-key.ts";
import type { Link } from "#transport/link/link.ts";
import { serveAuthority } from "./authority-link.ts";
import { addressOf, NetworkInMemory } from "./network-in-memory.ts";
import { type ClientOptions, SimClient } from "./sim-client.ts";

/** The demo's machinery with small x25519 packets and a quick pace, so that a minute of it costs a second. */
export const SIM_PARAMETERS: Parameters = {
  ...DEMO_PARAMETERS,
  suite: "x25519",
  packetBytes: 4096,
  profiles: {
    mail: {
      ...DEMO_PARAMETERS.profiles.mail,
      sendRate: perSecond(4),
      pollRate: perSecond(8),
      meanDelay: milliseconds(500),
    },
    chat: {
      ...DEMO_PARAMETERS.profiles.chat,
      sendRate: perSecond(6),
      pollRate: perSecond(12),
      meanDelay: milliseconds(200),
    },
  },
  nodeLoopRate: perSecond(1 / 10),
  minimumPool: 0.5,
};

export const GENESIS: Milliseconds = milliseconds(1_800_000_000_000);
const MIXES = 6;
const PROVIDERS = ["a", "b"];

export interface WorldOptions {
  readonly seed: string;
  readonly parameters?: Parameters;
  readonly observer?: NodeObserver;
  /** What a node says of who runs it; everybody runs one unless given. */
  readonly operatorOf?: (name: string) => string;
  /** Six unless given, named mix0, mix1, … */
  readonly mixes?: number;
  /** Names; a and b unless given. */
  readonly providers?: readonly string[];
  /** That of the parameters, by native code, unless given. */
  readonly suite?: Suite;
  readonly genesis?: Milliseconds;
  /** What the first agreement takes: 8 s unless given. */
  readonly bootstrap?: Milliseconds;
  /** Steps of the virtual clock after which a run counts as endless. */
  readonly taskLimit?: number;
  /** For planted faults: the clock of a node, made of the one that it should have. */
  readonly nodeClock?: (name: string, clock: Clock) => Clock;
  readonly nodeLimits?: Partial<NodeLimits>;
  /** For adversaries: what a node is made of, and the links that others open to it. */
  readonly nodeDependencies?: (name: string, dependencies: NodeDependencies) => NodeDependencies;
  readonly nodeLink?: (name: string, link: Link) => Link;
  /** For planted faults: where a node keeps its epoch keys. */
  readonly periodStore?: (name: string) => MemoryPeriodStore;
}

export class World {
  readonly clock: VirtualClock;
  readonly parameters: Parameters;
  readonly net: NetworkInMemory;
  readonly suite: Suite;
  readonly network: Network;
  readonly log: string[] = [];
  readonly providerKeys = new Map<string, Uint8Array>();
  /** Told when a node's process is gone, before anything new runs in its place. */
  onNodeGone: ((name: string) => void) | undefined;
  readonly #options: WorldOptions;
  readonly #test: TestNetwork;
  readonly #nodes = new Map<string, MixNode | ProviderNode>();
  readonly #periodStores = new Map<string, MemoryPeriodStore>();
  readonly #databases = new Map<string, ProviderDatabase>();
  /** How often each node was started. */
  readonly #runs = new Map<string, number>();
  readonly #authorities = new Map<number, Authority>();
  readonly #authorityStores = new Map<number, MemoryAuthorityStore>();
  readonly #clocks = new Map<string, WrongClock>();
  readonly #clients = new Set<SimClient>();

  static async create(options: WorldOptions): Promise<World> {
    const world = await World.build(options);
    await world.clock.runUntil(milliseconds(world.network.genesis + 3_000));
    return world;
  }

  /** Everything is there and nothing has run. */
  static async build(options: WorldOptions): Promise<World> {
    const { suite } = options.parameters ?? SIM_PARAMETERS;
    return new World(options, options.suite ?? rememberSignatures(await loadSuite(suite, "native")));
  }

  private constructor(options: WorldOptions, suite: Suite) {
    const { parameters = SIM_PARAMETERS, genesis = GENESIS, bootstrap = seconds(8), seed, taskLimit } = options;
    this.#options = options;
    this.suite = suite;
    this.parameters = parameters;
    // Nodes publish before the first vote: time for it, and for a second attempt.
    const start = milliseconds(genesis - 2.5 * bootstrap);
    this.clock = new VirtualClock({ start, ...(taskLimit === undefined ? {} : { taskLimit }) });
    this.net = new NetworkInMemory({ clock: this.clock, seed });
    this.#test = testNetwork({ suite, genesis, bootstrap, parameters, name: seed });
    this.network = this.#test.network;
    this.startAuthorities();
    for (const name of this.nodeNames) this.startNode(name);
  }

  get mixNames(): string[] {
    return Array.from({ length: this.#options.mixes ?? MIXES }, (_, i) => `mix${i}`);
  }

  get providerNames(): readonly string[] {
    return this.#options.providers ?? PROVIDERS;
  }

  get authorityNames(): string[] {
    return this.network.authorities.map((_, self) => `authority${self}`);
  }

  get nodeNames(): string[] {
    return [...this.mixNames, ...this.providerNames];
  }

  startNode(name: string): void {
    const honest = this.#nodeDependencies(name);
    const dependencies = this.#options.nodeDependencies?.(name, honest) ?? honest;
    const node = this.providerNames.includes(name)
      ? new ProviderNode({
          ...dependencies,
          domain: `${name}.example`,
          database: this.#database(name),
          signUp: { policy: "open" },
        })
      : new MixNode(dependencies);
    this.#nodes.set(name, node);
    const key = dependencies.identity.linkKey;
    if (node instanceof ProviderNode) this.providerKeys.set(name, key);
    const met = (link: Link): Link => this.#options.nodeLink?.(name, link) ?? link;
    this.net.listen({ name, address: addressOf(name), key, accept: (link) => node.accept(met(link)) });
    node.start();
  }

  /** As kill -9 does, from outside: everybody's links to it are gone, what it held is lost; its disk stays. */
  async killNode(name: string): Promise<void> {
    this.net.darken(addressOf(name));
    await this.#nodes.get(name)?.stop();
    this.#nodes.delete(name);
    this.onNodeGone?.(name);
  }

  /** Each with its disk as it is. */
  startAuthorities(): void {
    for (const self of this.network.authorities.keys()) this.startAuthority(self);
  }

  killAuthorities(): void {
    for (const self of this.#authorities.keys()) this.killAuthority(self);
  }

  killAuthority(self: number): void {
    this.net.darken((this.network.authorities[self] as Network["authorities"][number]).address);
    this.#authorities.get(self)?.stop();
    this.#authorities.delete(self);
  }

  /** The epoch of the newest list of each authority that runs; undefined of one that has none. */
  authorityEpochs(): Map<string, Epoch | undefined> {
    return new Map([...this.#authorities].map(([self, authority]) => [`authority${self}`, authority.newest?.epoch]));
  }

  /** Signed by a majority of the authorities, whatever it says. */
  signedConsensus(fields: ConsensusFields): Uint8Array {
    return signedConsensus(this.#test, this.suite, fields);
  }

  /** The clock of a node's or a client's machine; it may be set wrong at any time. */
  clockOf(name: string): WrongClock {
    const clock = this.#clocks.get(name) ?? new WrongClock(this.clock);
    this.#clocks.set(name, clock);
    return clock;
  }

  /** A client's thread is one machine for each run of its program; the error of its clock outlives them. */
  wrongly(name: string, machine: Clock): Clock {
    const shown = this.clockOf(name);
    return {
      now: () => milliseconds(machine.now() + shown.error),
      at: (time, task) => machine.at(milliseconds(time - shown.error), task),
    };
  }

  database(name: string): ProviderDatabase {
    return this.#database(name);
  }

  provider(name: string): ProviderNode {
    return this.#nodes.get(name) as ProviderNode;
  }

  /** undefined while it is down. */
  node(name: string): MixNode | undefined {
    const node = this.#nodes.get(name);
    return node instanceof ProviderNode ? node.mix : node;
  }

  mixes(): MixNode[] {
    return [...this.#nodes.values()].filter((node) => node instanceof MixNode);
  }

  /** By which its provider knows a client's machine. */
  deviceKey(name: string): Uint8Array {
    return this.suite.ed25519.publicKey(seedOf(`${this.#options.seed}/${name}/device`));
  }

  client(options: ClientOptions): SimClient {
    const client = new SimClient(this, this.#options.seed, options);
    this.#clients.add(client);
    return client;
  }

  /** Starts, signs up under its name and waits for it. */
  async join(options: ClientOptions): Promise<SimClient> {
    const client = this.client(options);
    await this.clock.runUntilSettled(client.start(), seconds(10));
    await client.signUp();
    return client;
  }

  clientStore(name: string): SimClient["store"] | undefined {
    return [...this.#clients].find((client) => client.name === name)?.store;
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) await this.clock.runUntilSettled(client.stop(), seconds(120));
    this.killAuthorities();
    for (const node of this.#nodes.values()) await node.stop();
    for (const database of this.#databases.values()) database.close();
  }

  #nodeDependencies(name: string): NodeDependencies {
    const { suite, network } = this;
    const clock = this.#options.nodeClock?.(name, this.clockOf(name)) ?? this.clockOf(name);
    const seed = `${this.#options.seed}/${name}`;
    const linkKey = linkKeyOf(suite, seedOf(`${seed}/link`));
    const dialer = this.net.dialer({ name, key: linkKey });
    const run = this.#runs.get(name) ?? 0;
    this.#runs.set(name, run + 1);
    // A new process draws new randomness: the same again would give it the same keys for other epochs.
    const streams = seededNodeStreams(run === 0 ? seed : `${seed}/${run}`);
    const periodStore = this.#periodStores.get(name) ?? this.#options.periodStore?.(name) ?? new MemoryPeriodStore();
    this.#periodStores.set(name, periodStore);
    return {
      clock,
      streams,
      suite,
      network,
      dialer,
      directory: new DirectoryClient({ dialer, network, suite, clock, random: streams.schedule }),
      identity: { identitySeed: this.#identitySeed(name), linkKey },
      address: addressOf(name),
      operator: this.#options.operatorOf?.(name) ?? `operator of ${name}`,
      periodStore,
      log: new Log({ clock, sink: (line) => this.log.push(`${name}: ${line}`) }),
      observer: this.#options.observer,
      limits: this.#options.nodeLimits ?? {},
    };
  }

  #identitySeed(name: string): Uint8Array {
    return seedOf(`${this.#options.seed}/${name}/identity`);
  }

  #database(name: string): ProviderDatabase {
    const known = this.#databases.get(name) ?? new ProviderDatabase(":memory:");
    this.#databases.set(name, known);
    return known;
  }

  startAuthority(self: number): void {
    const { suite, network } = this;
    const clock = this.clockOf(`authority${self}`);
    const linkSeed = this.#test.linkSeeds[self] as Uint8Array;
    const linkKey = linkKeyOf(suite, linkSeed);
    const dialer = this.net.dialer({ name: `authority${self}`, key: linkKey });
    const random = new SeededRandom(`${this.#options.seed}/authority${self}`);
    const client = new DirectoryClient({ dialer, network, suite, clock, random });
    const at = (position: number) => network.authorities[position] as Network["authorities"][number];
    const peers: Peers = {
      ask: (position, frame) => client.ask(at(position), frame),
      fetch: async (position, epoch, attempt) => (await client.fetchFrom(at(position), epoch, attempt)).consensus,
    };
    const store = this.#authorityStores.get(self) ?? new MemoryAuthorityStore();
    this.#authorityStores.set(self, store);
    const authority = new Authority({
      network,
      self,
      identitySeed: this.#test.identitySeeds[self] as Uint8Array,
      suite,
      clock,
      store,
      admission: new Admission(
        this.nodeNames.map((name) => ({
          nodeId: nodeIdOf(suite, suite.hybrid.publicKey(this.#identitySeed(name))),
          ...(this.providerNames.includes(name) ? { domain: `${name}.example` } : {}),
        })),
      ),
      peers,
      log: new Log({ clock, sink: (line) => this.log.push(`authority${self}: ${line}`) }),
    });
    this.#authorities.set(self, authority);
    const name = `authority${self}`;
    this.net.listen({
      name,
      address: at(self).address,
      key: linkKey,
      accept: (link) => serveAuthority(link, authority, network),
    });
    authority.start();
  }
}
