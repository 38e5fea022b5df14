/**
 * A network on paper: no packets, but the production path choice (`chooseLoopPath`), the production report (`LoopEvidence`) and
 * the production judgement (`judge`). Each loop is lost link by link and node by node with given chances. For the many epochs
 * that no simulation of packets could run; `test/attacks/lossy-mixes.test.ts` holds it against real packets.
 */

import { judge, type Judgement } from "#provider-server/authority/judge.ts";
import { LoopEvidence } from "#provider-server/node/loop-evidence.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { testNetwork } from "#test/support/test-network.ts";
import { toHex } from "#transport/core/bytes.ts";
import { below, exponential, uniform } from "#transport/core/random.ts";
import {
  epochNumber,
  type KeyPeriod,
  keyPeriodNumber,
  milliseconds,
  type NodeId,
  nodeId,
  perSecond,
} from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { LoopReport } from "#transport/directory/loop-report.ts";
import type { Consensus, Layers, Network, NodeDescriptor, NodeRole } from "#transport/directory/model.ts";
import { chooseLoopPath } from "#transport/directory/path.ts";

export interface PaperOptions {
  readonly seed: string;
  readonly mixesPerLayer: number;
  readonly providers: number;
  /** By the node's name: m<layer><number>, p<number>. One for each node unless given. */
  readonly operatorOf?: (name: string) => string;
  /** Of each node in an epoch: 900 is one in four seconds for an hour. */
  readonly loopsPerEpoch?: number;
  /** What an honest link loses: 0.01 unless given. */
  readonly linkLoss?: number;
}

/** What somebody does besides, from now on. */
export interface Adversary {
  /** Chance that a packet that `node` took from `from` and would pass on to `to` is lost. */
  readonly drops?: (hop: { readonly from: string; readonly node: string; readonly to: string }) => number;
  /** What a node that lies publishes in place of what it saw. */
  readonly reports?: (o: {
    readonly name: string;
    readonly report: LoopReport | undefined;
    readonly network: PaperNetwork;
  }) => LoopReport | undefined;
}

export class PaperNetwork {
  readonly network: Network;
  readonly names: readonly string[];
  #consensus: Consensus;
  #findings: Judgement["findings"] = [];
  /** What nodes saw in the last epoch, by name. */
  #seen = new Map<string, LoopEvidence>();
  readonly #random: SeededRandom;
  readonly #options: Required<Omit<PaperOptions, "operatorOf">>;
  readonly #byId: ReadonlyMap<string, string>;
  readonly #nodes: ReadonlyMap<string, NodeDescriptor>;

  constructor(options: PaperOptions) {
    const { seed, mixesPerLayer, providers, operatorOf = (name) => `operator of ${name}` } = options;
    this.#options = { loopsPerEpoch: 900, linkLoss: 0.01, ...options };
    this.#random = new SeededRandom(seed);
    this.network = paperNetwork;
    const layer = (number: number): NodeDescriptor[] =>
      Array.from({ length: mixesPerLayer }, (_, index) => paperNode(`m${number}${index}`, "mix", operatorOf));
    const layers: Layers = [layer(1), layer(2), layer(3)];
    const ends = Array.from({ length: providers }, (_, index) => paperNode(`p${index}`, "provider", operatorOf));
    const nodes = [...layers.flat(), ...ends];
    this.names = nodes.map((node) => node.address);
    this.#byId = new Map(nodes.map((node) => [toHex(node.nodeId), node.address]));
    this.#nodes = new Map(nodes.map((node) => [node.address, node]));
    const { epoch } = this.network.parameters;
    const nodeLoopRate = perSecond((this.#options.loopsPerEpoch * 1000) / epoch.duration);
    const parameters = { ...this.network.parameters, nodeLoopRate };
    this.#consensus = { ...paperConsensus(this.network, layers, ends), parameters };
  }

  get consensus(): Consensus {
    return this.#consensus;
  }

  /** What the last judgement found. */
  get findings(): readonly {
    readonly target: string;
    readonly by: string;
    readonly lost: number;
    readonly expected: number;
  }[] {
    return this.#findings.map(({ node, to, by, lost, expected }) => ({
      target: this.nameOf({ node, to }),
      by,
      lost,
      expected,
    }));
  }

  /** Demotions in force, by effect: "m12", or "m12>m20" for a link. */
  demoted(effect: "avoided" | "kept" | "probation"): string[] {
    return this.#consensus.demotions.filter((entry) => entry.effect === effect).map((entry) => this.nameOf(entry));
  }

  id(name: string): NodeId {
    return (this.#nodes.get(name) as NodeDescriptor).nodeId;
  }

  place(name: string): number {
    return this.names.indexOf(name);
  }

  nameOf({ node, to }: { node: NodeId; to?: NodeId | undefined }): string {
    const name = (id: NodeId): string => this.#byId.get(toHex(id)) ?? "?";
    return to === undefined ? name(node) : `${name(node)}>${name(to)}`;
  }

  /**
   * One epoch passes: loops are sent and lost. Then the next consensus is made, with the reports on the epoch before this one,
   * as in the network. So what happens in epoch e is in the consensus of e + 2.
   */
  epoch(adversary: Adversary = {}): void {
    const before = this.#seen;
    this.#seen = new Map(this.names.map((name) => [name, this.#loopsOf(name, adversary)]));
    const { epoch } = this.#consensus;
    const report = (node: NodeDescriptor): NodeDescriptor => {
      const name = node.address;
      const seen = before.get(name)?.report({ consensus: this.#consensus, now: AFTERWARDS, random: this.#random });
      return { ...node, loopReport: adversary.reports?.({ name, report: seen, network: this }) ?? seen };
    };
    const [first, second, third] = this.#consensus.layers;
    const layers: Layers = [first.map(report), second.map(report), third.map(report)];
    const providers = this.#consensus.providers.map(report);
    const next = epochNumber(epoch + 1);
    const { demotions, findings } = judge({ epoch: next, layers, providers, previous: this.#consensus });
    this.#findings = findings;
    this.#consensus = { ...this.#consensus, epoch: next, layers, providers, demotions };
  }

  #loopsOf(name: string, adversary: Adversary): LoopEvidence {
    const evidence = new LoopEvidence();
    const { loopsPerEpoch } = this.#options;
    const { epoch } = this.#consensus;
    const node = this.id(name);
    // As many as a Poisson process has in the time.
    const count = poisson(this.#random, loopsPerEpoch);
    for (let i = 0; i < count; i++) {
      const streams = { paths: this.#random, delays: NO_DELAYS };
      const path = chooseLoopPath({
        consensus: this.#consensus,
        period: KEYS_OF,
        node,
        meanDelay: milliseconds(1),
        ...streams,
      });
      const way = path.hops.slice(0, -1).map((hop) => hop.nodeId);
      const recipient = this.#random.bytes(32);
      evidence.sent({ recipient, payload: recipient, epoch, way, lateAt: milliseconds(2) });
      if (this.#arrives([name, ...way.map((id) => this.nameOf({ node: id })), name], adversary)) {
        evidence.returned({ recipient, payload: recipient }, milliseconds(1));
      }
    }
    return evidence;
  }

  #arrives(way: readonly string[], { drops }: Adversary): boolean {
    const { linkLoss } = this.#options;
    return way.slice(1).every((to, index) => {
      const [from, node] = [way[index - 1], way[index] as string];
      const dropped = from === undefined || drops === undefined ? 0 : drops({ from, node, to });
      return uniform(this.#random) >= dropped && uniform(this.#random) >= linkLoss;
    });
  }
}

const AFTERWARDS = milliseconds(10);
/** One period's keys serve for all: nothing is encrypted. */
export const KEYS_OF: KeyPeriod = keyPeriodNumber(0);
export const NO_DELAYS = { bytes: (length: number) => new Uint8Array(length).fill(0xff) };
export const paperSuite = await loadSuite("x25519", "native");
export const paperNetwork = testNetwork({ suite: paperSuite }).network;

/** Its address is its name; nothing else of it is looked at but id and operator. */
export function paperNode(name: string, role: NodeRole, operatorOf: (name: string) => string): NodeDescriptor {
  const id = nodeId(new SeededRandom(name).bytes(32));
  return {
    version: 1,
    role,
    nodeId: id,
    signingKey: id,
    linkKey: id,
    address: name,
    operator: operatorOf(name),
    domain: role === "provider" ? `${name}.example` : "",
    mixKeys: new Map([[KEYS_OF, id]]),
    tokenKeys: new Map(),
    loopReport: undefined,
    publishedAt: milliseconds(0),
    listed: id,
  };
}

export function paperConsensus(network: Network, layers: Layers, providers: readonly NodeDescriptor[]): Consensus {
  return {
    networkHash: network.hash,
    epoch: epochNumber(1),
    validFrom: milliseconds(0),
    validUntil: milliseconds(Number.MAX_SAFE_INTEGER),
    parameters: network.parameters,
    previous: network.hash,
    sharedRandom: network.hash,
    commits: new Map(),
    layers,
    providers,
    demotions: [],
    hash: network.hash,
    signatures: new Map(),
    bytes: network.hash,
  };
}

function poisson(random: SeededRandom, mean: number): number {
  let count = 0;
  for (let sum: number = exponential(random, milliseconds(1)); sum < mean; sum += exponential(random, milliseconds(1)))
    count++;
  return count;
}

/** A share of the nodes of a list, drawn by lot. */
export function someOf(random: SeededRandom, names: readonly string[], count: number): string[] {
  const left = [...names];
  return Array.from({ length: count }, () => left.splice(below(random, left.length), 1)[0] as string);
}
