/**
 * One node of the network: takes packets from the nodes before it, holds them, passes them on, and hands over those whose way
 * ends here. A mix is this and nothing else; a provider is this with a mailbox behind it. Spec: docs/spec/06-mix.md
 */

import type { Clock } from "#transport/core/clock.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import { type Epoch, type KeyPeriod, type Milliseconds, milliseconds, type NodeId } from "#transport/core/units.ts";
import type { Consensus } from "#transport/directory/model.ts";
import { nodeIdOf, signDescriptor } from "#transport/directory/descriptor.ts";
import { Directory } from "#transport/directory/directory.ts";
import { keyPeriodsAnnounced } from "#transport/directory/epochs.ts";
import { encodeFrame } from "#transport/link/frame.ts";
import type { Link } from "#transport/link/link.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";
import type { NodeDependencies, NodeLimits } from "../node/dependencies.ts";
import { DirectoryDuty } from "../node/directory-duty.ts";
import { DEFAULT_NODE_LIMITS } from "../node/limits.ts";
import { consensusInUse } from "../node/consensus-in-use.ts";
import { LinkPool } from "../node/link-pool.ts";
import type { LoopCounts } from "../node/loop-evidence.ts";
import { nodeFigures } from "../node/node-figures.ts";
import { longestDelay, NodeLoops, settledEpoch } from "../node/node-loops.ts";
import { Topology } from "../node/topology.ts";
import type { DropReason } from "../observe/drop-reason.ts";
import type { Gauges } from "../observe/figures.ts";
import { Entrance } from "./entrance.ts";
import type { Delivery } from "./mix.ts";
import { PacketFlow } from "./packet-flow.ts";
import type { Source } from "./sources.ts";

/** What a provider adds: where its descriptor says mail for a domain goes, and who takes packets that end here. */
export interface MixNodeRole {
  readonly role: "mix" | "provider";
  readonly domain: string;
  readonly deliver: (delivery: Delivery) => void;
  /** The public keys of its tokens, by period, at publication. */
  readonly tokenKeys: () => ReadonlyMap<number, Uint8Array>;
}

export class MixNode {
  readonly nodeId: NodeId;
  readonly sphinx: Sphinx;
  /** What this node holds of the directory; a provider hands it to its clients. */
  readonly consensuses: Directory;
  readonly #deps: NodeDependencies;
  readonly #clock: Clock;
  readonly #role: MixNodeRole;
  readonly #limits: NodeLimits;
  readonly #entrance: Entrance;
  readonly #flow: PacketFlow;
  readonly #pool: LinkPool;
  readonly #loops: NodeLoops;
  readonly #duty: DirectoryDuty;
  #topology: Topology;

  constructor(deps: NodeDependencies, role?: MixNodeRole) {
    const { clock, streams, suite, network, dialer, directory, identity, log } = deps;
    this.#deps = deps;
    this.#clock = clock;
    this.#role = role ?? { role: "mix", domain: "", deliver: () => this.drop("NO_ROLE"), tokenKeys: () => new Map() };
    this.#limits = { ...DEFAULT_NODE_LIMITS, ...deps.limits };
    this.nodeId = nodeIdOf(suite, suite.hybrid.publicKey(identity.identitySeed));
    const { suite: name, packetBytes } = network.parameters;
    this.sphinx = new Sphinx({ suite, geometry: geometry({ suite: name, packetBytes }) });
    this.consensuses = new Directory({ network, suite });
    this.#topology = new Topology([], this.nodeId);
    this.#flow = new PacketFlow({
      node: deps,
      limits: this.#limits,
      nodeId: this.nodeId,
      sphinx: this.sphinx,
      delayMax: longestDelay(network),
      // The descriptor's own copy of the id: it outlives the packet anyway.
      nextHop: (next) => this.#topology.next(next)?.nodeId,
      send: (next, frame, onTaken) => this.#send(next, frame, onTaken),
      deliver: (delivery) => this.#deliver(delivery),
      drop: (reason) => this.drop(reason),
    });
    const { aliveInterval } = this.#limits;
    this.#pool = new LinkPool({ dialer, clock, random: streams.schedule, aliveInterval });
    this.#entrance = new Entrance({
      clock,
      aliveInterval,
      geometry: this.sphinx.geometry,
      mayEnter: (linkKey) => this.#topology.mayEnter(linkKey),
      receive: (packet, source) => this.#flow.receive(packet, source),
      drop: (reason) => this.drop(reason),
    });
    this.#loops = new NodeLoops({
      clock,
      streams,
      network,
      sphinx: this.sphinx,
      nodeId: this.nodeId,
      current: () => this.current(),
      send: ({ firstHop, packet }) => this.forward(firstHop, packet),
    });
    this.#duty = new DirectoryDuty({
      clock,
      random: streams.schedule,
      network,
      directory,
      consensuses: this.consensuses,
      log,
      clockMemory: deps.clockMemory,
      describe: (epoch) => this.#describe(epoch),
      onChange: () => this.#useTopology(this.consensuses.held),
      onKeysOver: (period) => this.#flow.keys.eraseBefore(period),
      onEpochOver: (epoch) => this.#epochOver(epoch),
    });
  }

  start(): void {
    this.#duty.start();
    this.#loops.start();
    this.#entrance.start();
  }

  /** Stops sending and taking; keys and replay tags stay for the next run, packets in the queue are lost. */
  async stop(): Promise<void> {
    this.#duty.stop();
    this.#loops.stop();
    this.#entrance.stop();
    this.#pool.close();
    await this.#flow.stop();
  }

  /** A link from another node. */
  accept(link: Link): void {
    this.#entrance.accept(link);
  }

  /** Takes one packet that arrived now. */
  receive(packet: Uint8Array, source: Source): void {
    this.#flow.receive(packet, source);
  }

  /** Sends a packet of this node's own, or of its clients, to a node behind it at once; false when it is lost. */
  forward(next: NodeId, packet: Uint8Array): boolean {
    const reason = this.#send(next, encodeFrame({ type: "packet", packet }, this.sphinx.geometry));
    if (reason !== undefined) this.drop(reason);
    return reason === undefined;
  }

  drop(reason: DropReason): void {
    this.#deps.log.drop(reason);
    this.#deps.observer?.dropped?.({ node: this.nodeId, at: this.#clock.now(), reason });
  }

  /** What to choose paths and rates from now; undefined while there is no consensus. */
  current(): { consensus: Consensus; period: KeyPeriod; parameters: Parameters } | undefined {
    const now = this.#clock.now();
    const consensus = consensusInUse(this.consensuses, now);
    if (consensus === undefined) return undefined;
    return { consensus, period: this.consensuses.keyPeriod(now), parameters: consensus.parameters };
  }

  /** As far as it is certain (`DirectoryDuty`). */
  get knownTime(): Milliseconds | undefined {
    return this.#duty.knownTime;
  }

  /** The clock's own, while it is certain (`DirectoryDuty`). */
  get certainTime(): Milliseconds | undefined {
    return this.#duty.certainTime;
  }

  get held(): number {
    return this.#flow.held;
  }

  /** For whoever runs this node. */
  get gauges(): Gauges {
    const { consensuses, nodeId } = this;
    return nodeFigures({
      network: this.#deps.network,
      nodeId,
      now: this.#clock.now(),
      consensuses,
      keys: this.#flow.keys,
      limits: this.#limits,
      held: this.held,
      waiting: this.#flow.waiting,
      links: this.#pool.state,
      duty: this.#duty.state,
    });
  }

  #send(next: NodeId, frame: Uint8Array, onTaken?: () => void): DropReason | undefined {
    if (this.#topology.next(next) === undefined) return "NEXT_HOP_UNKNOWN";
    if (!this.#pool.send(next, frame, onTaken)) return "NEXT_HOP_DOWN";
    this.#deps.metrics?.count("packets_out");
    return undefined;
  }

  #deliver(delivery: Delivery): void {
    if (delivery.command !== "loop") return this.#role.deliver(delivery);
    if (!this.#loops.returned(delivery)) this.drop("LOOP_UNKNOWN");
  }

  #describe(epoch: Epoch): Uint8Array {
    const { suite, network, identity, address, operator } = this.#deps;
    // Its places are those of this epoch's list; who has none yet has nothing to say.
    const list = this.consensuses.held.find((consensus) => consensus.epoch === epoch);
    const fields = {
      role: this.#role.role,
      domain: this.#role.domain,
      linkKey: identity.linkKey,
      address,
      operator,
      mixKeys: new Map(keyPeriodsAnnounced(network, epoch).map((period) => [period, this.#flow.keys.ensure(period)])),
      tokenKeys: this.#role.tokenKeys(),
      loopReport: list === undefined ? undefined : this.#loops.report(list),
      publishedAt: milliseconds(Math.floor(this.#clock.now())),
    };
    return signDescriptor({ fields, identitySeed: identity.identitySeed, suite }).bytes;
  }

  #useTopology(consensuses: readonly Consensus[]): void {
    this.#topology = new Topology(consensuses, this.nodeId);
    this.#pool.connect(this.#topology.nextHops);
    this.#entrance.sift();
  }

  #epochOver(epoch: Epoch): void {
    const { up, wanted } = this.#pool.state;
    const loops = this.#loops.takeCounts(settledEpoch(epoch));
    this.#deps.metrics?.loops(loops);
    this.#deps.log.event("epoch", {
      epoch,
      linksUp: up,
      linksWanted: wanted,
      held: this.held,
      late: this.#flow.takeLate(),
      ...loopFields(loops),
    });
  }
}

const loopFields = (counts: LoopCounts): Record<string, number> => ({
  loopsReturned: counts.returned,
  loopsLate: counts.late,
  loopsLost: counts.lost,
});
