/**
 * Mixes and providers of one network in one process: the server's own classes over links in memory, a virtual clock and one
 * authority that signs whatever was published in time.
 */

import type { NodeDependencies, NodeStreams } from "#provider-server/node/dependencies.ts";
import { ProviderDatabase } from "#provider-server/database/database.ts";
import { MixNode } from "#provider-server/mix/mix-node.ts";
import type { ClockMemory } from "#provider-server/node/clock-memory.ts";
import { ProviderNode } from "#provider-server/node/provider-node.ts";
import type { Observer } from "#provider-server/observe/observer.ts";
import { Log } from "#provider-server/observe/log.ts";
import { MemoryPeriodStore } from "#test/support/memory-period-store.ts";
import { MemoryLinks } from "#test/support/memory-links.ts";
import { rememberSignatures } from "./remembered-signatures.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { toHex } from "#transport/core/bytes.ts";
import type { Clock } from "#transport/core/clock.ts";
import { DEMO_PARAMETERS, type Parameters } from "#transport/core/parameters.ts";
import { type Epoch, epochNumber, type Milliseconds, milliseconds, perSecond, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import {
  consensusHash,
  encodeConsensus,
  encodeConsensusBody,
  signConsensus,
  verifyConsensus,
} from "#transport/directory/consensus.ts";
import { verifyDescriptor } from "#transport/directory/descriptor.ts";
import { epochAt, scheduleOf } from "#transport/directory/epochs.ts";
import type { Consensus, Layers, Network, NodeDescriptor } from "#transport/directory/model.ts";
import { createNetwork } from "#transport/directory/network.ts";
import { linkKeyOf } from "#transport/link/link-key.ts";

export const SMALL_PARAMETERS: Parameters = {
  ...DEMO_PARAMETERS,
  suite: "x25519",
  packetBytes: 4096,
  nodeLoopRate: perSecond(1 / 20),
  // Tests that count packets count their own; test/sim/minimum-pool.test.ts has decoys.
  minimumPool: 0,
  // Tests of the server alone ask without tokens; test/attacks/tokens.test.ts has them.
  tokens: { ...DEMO_PARAMETERS.tokens, perProvider: 0 },
};

export const GENESIS = milliseconds(1_000_000_000_000);

export interface SmallNetworkOptions {
  readonly parameters?: Parameters;
  readonly observer?: Observer;
  /** For planted faults. */
  readonly provider?: typeof ProviderNode;
  /** Of a node's machine, made of the true one. */
  readonly clockOf?: (name: string, truth: VirtualClock) => Clock;
  /** What a node's machine knows of the time without that clock; nothing unless given. */
  readonly clockMemoryOf?: (name: string, truth: VirtualClock) => ClockMemory | undefined;
}

export class SmallNetwork {
  readonly clock = new VirtualClock({ start: milliseconds(GENESIS - 10_000) });
  readonly links = new MemoryLinks({ clock: this.clock, latency: milliseconds(5) });
  readonly suite: Suite;
  readonly network: Network;
  readonly authority: OneAuthority;
  readonly mixes: MixNode[] = [];
  readonly providers: ProviderNode[] = [];
  readonly databases: ProviderDatabase[] = [];
  readonly lines: string[] = [];

  readonly #clockOf: NonNullable<SmallNetworkOptions["clockOf"]>;
  readonly #clockMemoryOf: NonNullable<SmallNetworkOptions["clockMemoryOf"]>;

  static async create(options: SmallNetworkOptions = {}): Promise<SmallNetwork> {
    const { suite: name } = options.parameters ?? SMALL_PARAMETERS;
    const suite = rememberSignatures(await loadSuite(name, "native"));
    return new SmallNetwork(suite, options);
  }

  private constructor(suite: Suite, options: SmallNetworkOptions) {
    this.suite = suite;
    this.#clockOf = options.clockOf ?? ((_name, truth) => truth);
    this.#clockMemoryOf = options.clockMemoryOf ?? (() => undefined);
    this.authority = new OneAuthority({ suite, clock: this.clock, parameters: options.parameters ?? SMALL_PARAMETERS });
    this.network = this.authority.network;
    for (let i = 0; i < 6; i++) {
      const node = new MixNode(this.dependencies(`mix${i}`, options.observer));
      this.#listen(`mix${i}`, node);
      this.mixes.push(node);
    }
    for (const name of ["a", "b"]) {
      const database = new ProviderDatabase(":memory:");
      this.databases.push(database);
      const node = new (options.provider ?? ProviderNode)({
        ...this.dependencies(name, options.observer),
        domain: `${name}.example`,
        database,
        signUp: { policy: "open" },
      });
      this.#listen(name, node);
      this.providers.push(node);
    }
  }

  /** Starts all nodes and runs until the network is in use. */
  async start(): Promise<void> {
    for (const node of [...this.mixes, ...this.providers]) node.start();
    await this.clock.runUntil(milliseconds(GENESIS + 5_000));
  }

  async stop(): Promise<void> {
    for (const node of [...this.mixes, ...this.providers]) await node.stop();
    for (const database of this.databases) database.close();
  }

  dependencies(name: string, observer?: Observer): NodeDependencies {
    const { suite } = this;
    const clock = this.#clockOf(name, this.clock);
    const identitySeed = new SeededRandom(`${name}/identity`).bytes(32);
    const linkKey = linkKeyOf(suite, new SeededRandom(`${name}/link`).bytes(32));
    const log = new Log({ clock, sink: (line) => this.lines.push(line) });
    return {
      clock,
      streams: seededNodeStreams(name),
      suite,
      network: this.authority.network,
      dialer: this.links.dialer(linkKey),
      directory: this.authority,
      identity: { identitySeed, linkKey },
      address: addressOf(name),
      operator: name,
      periodStore: new MemoryPeriodStore(),
      clockMemory: this.#clockMemoryOf(name, this.clock),
      log,
      observer,
    };
  }

  #listen(name: string, node: MixNode | ProviderNode): void {
    const { linkKey: key } = this.dependencies(name).identity;
    this.links.listen({ address: addressOf(name), key, accept: (link) => node.accept(link) });
  }
}

export const addressOf = (name: string): string => `${name}.test:1`;

export function seededNodeStreams(seed: string): NodeStreams {
  const stream = (name: string): SeededRandom => new SeededRandom(`${seed}/${name}`);
  return {
    schedule: stream("schedule"),
    paths: stream("paths"),
    delays: stream("delays"),
    padding: stream("padding"),
    keys: stream("keys"),
    services: stream("services"),
    decoys: stream("decoys"),
    tokens: stream("tokens"),
  };
}

/** Takes descriptors and signs one consensus an epoch, at the time at which authorities publish it. */
export class OneAuthority {
  readonly network: Network;
  readonly published: { at: number; descriptor: NodeDescriptor }[] = [];
  /** Added to what its clock shows. */
  skew = 0;
  readonly #seed = new SeededRandom("authority").bytes(32);
  readonly #suite: Suite;
  readonly #clock: VirtualClock;
  readonly #signed = new Map<Epoch, Consensus>();

  constructor(o: { suite: Suite; clock: VirtualClock; parameters: Parameters }) {
    this.#suite = o.suite;
    this.#clock = o.clock;
    const identityKey = o.suite.hybrid.publicKey(this.#seed);
    const linkKey = o.suite.ed25519.publicKey(this.#seed);
    this.network = createNetwork({
      fields: {
        name: "small",
        kind: "demo",
        authorities: [{ name: "one", identityKey, linkKey, address: "authority.test:1" }],
        threshold: 1,
        genesis: GENESIS,
        bootstrap: seconds(6),
        parameters: o.parameters,
      },
      identitySeeds: [this.#seed],
      suite: o.suite,
    });
  }

  async publishDescriptor(bytes: Uint8Array): Promise<void> {
    this.published.push({ at: this.#clock.now(), descriptor: verifyDescriptor(bytes, this.#suite) });
  }

  async fetchConsensus(
    epoch: Epoch | "current",
    agrees: (time: Milliseconds) => boolean = () => true,
  ): Promise<{ consensus: Consensus | undefined; time: Milliseconds }> {
    const now = this.#clock.now();
    const time = milliseconds(now + this.skew);
    if (!agrees(time)) return { consensus: undefined, time };
    const newest = epochNumber(epochAt(this.network, now) + 1);
    let consensus: Consensus | undefined;
    if (epoch === "current") consensus = this.#consensus(newest) ?? this.#consensus(epochNumber(newest - 1));
    else consensus = this.#consensus(epoch);
    return { consensus, time };
  }

  async fetchTime(): Promise<Milliseconds> {
    const { time } = await this.fetchConsensus("current");
    return time;
  }

  #consensus(epoch: Epoch): Consensus | undefined {
    const { vote, publish } = scheduleOf(this.network, epoch);
    if (this.#clock.now() < publish) return undefined;
    const known = this.#signed.get(epoch);
    if (known !== undefined) return known;
    const previous = epoch === 0 ? undefined : this.#consensus(epochNumber(epoch - 1));
    const signed = this.#sign(epoch, this.#nodesAt(vote), previous?.hash ?? this.network.hash);
    this.#signed.set(epoch, signed);
    return signed;
  }

  #sign(epoch: Epoch, nodes: readonly NodeDescriptor[], previous: Uint8Array): Consensus {
    const mixes = nodes.filter((node) => node.role === "mix");
    const layer = (index: number): NodeDescriptor[] =>
      mixes.filter((node) => Number(node.operator.slice(3)) % 3 === index);
    const layers: Layers = [layer(0), layer(1), layer(2)];
    const providers = nodes.filter((node) => node.role === "provider");
    const { parameters } = this.network;
    const sharedRandom = new Uint8Array(32);
    const fields = { epoch, previous, sharedRandom, parameters, commits: new Map(), layers, providers, demotions: [] };
    const body = encodeConsensusBody(this.network, fields);
    const hash = consensusHash(this.#suite, body);
    const signature = signConsensus({ epoch, hash, identitySeed: this.#seed, suite: this.#suite });
    return verifyConsensus(this.network, encodeConsensus(body, new Map([[0, signature]])), this.#suite);
  }

  /** The newest descriptor of each node that came before the vote, in the order of node ids. */
  #nodesAt(vote: number): NodeDescriptor[] {
    const newest = new Map<string, NodeDescriptor>();
    for (const { at, descriptor } of this.published) if (at <= vote) newest.set(toHex(descriptor.nodeId), descriptor);
    return [...newest].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, descriptor]) => descriptor);
  }
}
