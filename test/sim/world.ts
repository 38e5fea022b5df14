/**
 * A whole network in one process: the authorities, mixes, providers and clients of production on links in memory and a
 * virtual clock. Everything follows from the seed.
 */

import { Admission } from "#provider-server/authority/admission.ts";
import { Authority, type Peers } from "#provider-server/authority/authority.ts";
import { ProviderDatabase } from "#provider-server/database/database.ts";
import { MixNode } from "#provider-server/mix/mix-node.ts";
import type { NodeDependencies } from "#provider-server/node/dependencies.ts";
import { ProviderNode } from "#provider-server/node/provider-node.ts";
import { Log } from "#provider-server/observe/log.ts";
import type { Observer as NodeObserver } from "#provider-server/observe/observer.ts";
import { MemoryAuthorityStore } from "#test/support/memory-authorities.ts";
import { MemoryClientStore } from "#test/support/memory-client-store.ts";
import { MemoryEpochStore } from "#test/support/memory-epoch-store.ts";
import { SeededRandom, seededStreams } from "#test/support/seeded-random.ts";
import { seededNodeStreams } from "#test/support/small-network.ts";
import { seedOf, signedConsensus, type TestNetwork, testNetwork } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { WrongClock } from "#test/support/wrong-clock.ts";
import { TransportClient } from "#transport/client/client.ts";
import type { ClientObserver, SignedUp, TransportClientOptions } from "#transport/client/types.ts";
import { equalBytes } from "#transport/core/bytes.ts";
import { DEMO_PARAMETERS, type Parameters } from "#transport/core/parameters.ts";
import type { RandomStreams } from "#transport/core/random.ts";
import { type Milliseconds, milliseconds, perSecond, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import type { ConsensusFields } from "#transport/directory/consensus.ts";
import { DirectoryClient } from "#transport/directory/directory-client.ts";
import type { Network } from "#transport/directory/model.ts";
import { decodeFrame, encodeFrame } from "#transport/link/frame.ts";
import type { Link } from "#transport/link/link.ts";
import { costly, MachineClock } from "./machine.ts";
import { NetworkInMemory } from "./network-in-memory.ts";
import { Observer } from "./observer.ts";

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
};

export const GENESIS: Milliseconds = milliseconds(1_800_000_000_000);
const MIXES = 6;
const NO_PACKETS = { packetBytes: 0, payloadBytes: 0 };

export interface WorldOptions {
  readonly seed: string;
  readonly parameters?: Parameters;
  readonly observer?: NodeObserver;
  /** What a node says of who runs it; everybody runs one unless given. */
  readonly operatorOf?: (name: string) => string;
}

export interface ClientOptions {
  readonly name: string;
  readonly provider: "a" | "b";
  readonly observer?: ClientObserver;
  /** For planted faults. */
  readonly make?: (options: TransportClientOptions) => TransportClient;
  readonly streams?: RandomStreams;
}

export class World {
  readonly clock = new VirtualClock({ start: milliseconds(GENESIS - 20_000) });
  readonly net: NetworkInMemory;
  readonly suite: Suite;
  readonly network: Network;
  readonly log: string[] = [];
  readonly providerKeys = new Map<string, Uint8Array>();
  readonly #options: WorldOptions;
  readonly #test: TestNetwork;
  readonly #nodes = new Map<string, MixNode | ProviderNode>();
  readonly #epochStores = new Map<string, MemoryEpochStore>();
  readonly #databases = new Map<string, ProviderDatabase>();
  readonly #authorities = new Map<number, Authority>();
  readonly #authorityStores = new Map<number, MemoryAuthorityStore>();
  readonly #clocks = new Map<string, WrongClock>();
  readonly #clients = new Set<SimClient>();

  static async create(options: WorldOptions): Promise<World> {
    const { suite } = options.parameters ?? SIM_PARAMETERS;
    const world = new World(options, await loadSuite(suite, "native"));
    await world.clock.runUntil(milliseconds(GENESIS + 3_000));
    return world;
  }

  private constructor(options: WorldOptions, suite: Suite) {
    this.#options = options;
    this.suite = suite;
    this.net = new NetworkInMemory({ clock: this.clock, seed: options.seed });
    const parameters = options.parameters ?? SIM_PARAMETERS;
    this.#test = testNetwork({ suite, genesis: GENESIS, bootstrap: seconds(8), parameters, name: options.seed });
    this.network = this.#test.network;
    this.startAuthorities();
    for (const name of this.nodeNames) this.startNode(name);
  }

  get nodeNames(): string[] {
    return [...Array.from({ length: MIXES }, (_, i) => `mix${i}`), "a", "b"];
  }

  startNode(name: string): void {
    const dependencies = this.#nodeDependencies(name);
    const node =
      name === "a" || name === "b"
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
    this.net.listen({ address: addressOf(name), key, accept: (link) => node.accept(link) });
    node.start();
  }

  /** As kill -9 does, from outside: everybody's links to it are gone, what it held is lost; its disk stays. */
  async killNode(name: string): Promise<void> {
    this.net.darken(addressOf(name));
    await this.#nodes.get(name)?.stop();
    this.#nodes.delete(name);
  }

  /** Each with its disk as it is. */
  startAuthorities(): void {
    for (const self of this.network.authorities.keys()) this.#startAuthority(self);
  }

  killAuthorities(): void {
    for (const [self, authority] of this.#authorities) {
      this.net.darken((this.network.authorities[self] as Network["authorities"][number]).address);
      authority.stop();
    }
    this.#authorities.clear();
  }

  /** Signed by a majority of the authorities, whatever it says. */
  signedConsensus(fields: ConsensusFields): Uint8Array {
    return signedConsensus(this.#test, this.suite, fields);
  }

  /** The clock of a node's machine; it may be set wrong at any time. */
  clockOf(name: string): WrongClock {
    const clock = this.#clocks.get(name) ?? new WrongClock(this.clock);
    this.#clocks.set(name, clock);
    return clock;
  }

  database(name: "a" | "b"): ProviderDatabase {
    return this.#database(name);
  }

  provider(name: "a" | "b"): ProviderNode {
    return this.#nodes.get(name) as ProviderNode;
  }

  mixes(): MixNode[] {
    return [...this.#nodes.values()].filter((node) => node instanceof MixNode);
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

  async stop(): Promise<void> {
    for (const client of this.#clients) await this.clock.runUntilSettled(client.stop(), seconds(120));
    this.killAuthorities();
    for (const node of this.#nodes.values()) await node.stop();
    for (const database of this.#databases.values()) database.close();
  }

  #nodeDependencies(name: string): NodeDependencies {
    const { suite, network } = this;
    const clock = this.clockOf(name);
    const seed = `${this.#options.seed}/${name}`;
    const linkKey = suite.ed25519.publicKey(seedOf(`${seed}/link`));
    const dialer = this.net.dialer({ name, key: linkKey });
    const streams = seededNodeStreams(seed);
    const epochs = this.#epochStores.get(name) ?? new MemoryEpochStore();
    this.#epochStores.set(name, epochs);
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
      epochs,
      log: new Log({ clock, sink: (line) => this.log.push(`${name}: ${line}`) }),
      observer: this.#options.observer,
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

  #startAuthority(self: number): void {
    const { clock, suite, network } = this;
    const linkSeed = this.#test.linkSeeds[self] as Uint8Array;
    const linkKey = suite.ed25519.publicKey(linkSeed);
    const dialer = this.net.dialer({ name: `authority${self}`, key: linkKey });
    const random = new SeededRandom(`${this.#options.seed}/authority${self}`);
    const client = new DirectoryClient({ dialer, network, suite, clock, random });
    const at = (position: number) => network.authorities[position] as Network["authorities"][number];
    const peers: Peers = {
      ask: (position, frame) => client.ask(at(position), frame),
      fetch: async (position, epoch) => (await client.fetchFrom(at(position), epoch)).consensus,
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
        this.nodeNames.map((name) => ({ identityKey: suite.ed25519.publicKey(this.#identitySeed(name)) })),
      ),
      peers,
      log: new Log({ clock, sink: (line) => this.log.push(`authority${self}: ${line}`) }),
    });
    this.#authorities.set(self, authority);
    this.net.listen({ address: at(self).address, key: linkKey, accept: (link) => serve(link, authority) });
    authority.start();
  }
}

/** Milliseconds in which the program above takes note of a journey. */
const PROGRESS_COST = 2;

export const addressOf = (name: string): string => `${name}.test:1`;

/** One user's program: the transport client, and above it a reader that keeps what it gets. */
export class SimClient {
  readonly name: string;
  readonly observer = new Observer();
  readonly store = new MemoryClientStore();
  /** What the reader has, by hexadecimal message id; a message offered twice is one message. */
  readonly received = new Map<string, Uint8Array>();
  /** Whether it says so when it has a message. */
  consumes = true;
  /** How often it was offered one. */
  offers = 0;
  readonly #world: World;
  readonly #seed: string;
  readonly #options: ClientOptions;
  #runs = 0;
  client!: TransportClient;

  constructor(world: World, seed: string, options: ClientOptions) {
    this.name = options.name;
    this.#world = world;
    this.#seed = seed;
    this.#options = options;
  }

  /** A new process on the old disk. */
  async start(): Promise<void> {
    const { suite, network, net, clock } = this.#world;
    const { provider, observer, make } = this.#options;
    const run = `${this.#seed}/${this.name}/${this.#runs++}`;
    const machine = new MachineClock(clock);
    const key = suite.ed25519.publicKey(seedOf(`${this.#seed}/${this.name}/device`));
    const options: TransportClientOptions = {
      clock: machine,
      streams: this.#options.streams ?? seededStreams(run),
      suite: costly(suite, machine),
      network,
      dialer: net.dialer({ name: `${this.name}/${this.#runs}`, key, clock: machine, tap: this.observer.tap }),
      provider: { address: addressOf(provider), linkKey: this.#world.providerKeys.get(provider) as Uint8Array },
      store: this.store,
      ...(observer === undefined ? {} : { observer }),
    };
    this.client = make === undefined ? new TransportClient(options) : make(options);
    this.client.on("progress", () => machine.work(PROGRESS_COST));
    this.client.on("message", ({ messageId, body }) => {
      this.offers++;
      const id = Buffer.from(messageId).toString("hex");
      // Taking a message twice is taking it once; giving another under the same name would be a fault.
      const known = this.received.get(id);
      if (known !== undefined && !equalBytes(known, body)) throw new Error("two messages under one id");
      this.received.set(id, body);
      if (this.consumes) void this.client.consumed(messageId);
    });
    await this.client.start();
  }

  async signUp(): Promise<SignedUp> {
    const signUp = this.client.signUp({ localPart: this.name, invite: "", certificate: new Uint8Array(64) });
    return this.#world.clock.runUntilSettled(signUp, seconds(30));
  }

  async stop(): Promise<void> {
    await this.client.stop();
  }

  get address(): string {
    return `${this.name}@${this.#options.provider}.example`;
  }

  texts(): string[] {
    return [...this.received.values()].map((body) => Buffer.from(body).toString());
  }
}

function serve(link: Link, authority: Authority): void {
  link.onFrame((bytes) => {
    const frame = decodeFrame(bytes, { protocol: link.protocol, direction: "fromDialer", sizes: NO_PACKETS });
    link.send(encodeFrame(authority.handle(frame), NO_PACKETS));
  });
}
