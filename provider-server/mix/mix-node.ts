/**
 * One node of the network: takes packets from the nodes before it, holds them, passes them on, and hands over those whose way
 * ends here. A mix is this and nothing else; a provider is this with a mailbox behind it. Spec: docs/spec/06-mix.md
 */

import { fromHex } from "#transport/core/bytes.ts";
import type { Cancel, Clock } from "#transport/core/clock.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import { type Epoch, type Milliseconds, milliseconds, type NodeId } from "#transport/core/units.ts";
import type { Consensus } from "#transport/directory/model.ts";
import { nodeIdOf, signDescriptor } from "#transport/directory/descriptor.ts";
import { Directory } from "#transport/directory/directory.ts";
import { decodeFrame, encodeFrame } from "#transport/link/frame.ts";
import type { Link } from "#transport/link/link.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";
import type { NodeDependencies, NodeLimits } from "../node/dependencies.ts";
import { Alive } from "../node/alive.ts";
import { DirectoryDuty } from "../node/directory-duty.ts";
import { DEFAULT_NODE_LIMITS, LATENESS_MAX, LATENESS_NOTED } from "../node/limits.ts";
import { consensusInUse } from "../node/consensus-in-use.ts";
import { LinkPool } from "../node/link-pool.ts";
import type { LoopCounts } from "../node/loop-evidence.ts";
import { nodeFigures } from "../node/node-figures.ts";
import { longestDelay, NodeLoops, settledEpoch } from "../node/node-loops.ts";
import { Topology } from "../node/topology.ts";
import type { DropReason } from "../observe/drop-reason.ts";
import type { Gauges } from "../observe/figures.ts";
import { EpochKeys } from "./epoch-keys.ts";
import { type HeldPacket, HeldPackets } from "./held-packets.ts";
import { type Source, Sources } from "./sources.ts";
import { decide, type Delivery, type MixContext, type Outcome, processPacket } from "./mix.ts";
import { type Came, UnwrapThreads } from "./unwrapping/unwrap-threads.ts";

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
  readonly #keys: EpochKeys;
  readonly #held: HeldPackets;
  readonly #threads: UnwrapThreads | undefined;
  readonly #pool: LinkPool;
  readonly #loops: NodeLoops;
  readonly #duty: DirectoryDuty;
  readonly #links = new Set<Link>();
  readonly #alive: Alive;
  readonly #sources = new Sources();
  readonly #context: Omit<MixContext, "now">;
  #topology: Topology;
  #cancelRelease: Cancel | undefined;
  #releaseAt = Number.POSITIVE_INFINITY;
  #late = 0;

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
    this.#held = new HeldPackets({ packetBytes, heldMax: this.#limits.delayQueuePackets });
    this.#threads = this.#startThreads();
    this.#keys = new EpochKeys({
      suite,
      holder: this.#threads,
      random: streams.keys,
      store: deps.epochs,
      replayCapacity: this.#limits.replayCapacity,
      onErasedEarly: (epoch) => log.event("the replay set is full: the key is erased early", { epoch }),
    });
    this.#context = {
      keys: this.#keys,
      delayMax: longestDelay(network),
    };
    const { aliveInterval } = this.#limits;
    this.#pool = new LinkPool({ dialer, clock, random: streams.schedule, aliveInterval });
    this.#alive = new Alive({ clock, links: this.#links, interval: aliveInterval });
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
      describe: (epochs) => this.#describe(epochs),
      onChange: () => this.#useTopology(this.consensuses.held),
      onEpochOver: (epoch) => this.#epochOver(epoch),
    });
  }

  start(): void {
    this.#duty.start();
    this.#loops.start();
    this.#alive.start();
  }

  /** Stops sending and taking; keys and replay tags stay for the next run, packets in the queue are lost. */
  async stop(): Promise<void> {
    this.#duty.stop();
    this.#loops.stop();
    this.#alive.stop();
    this.#cancelRelease?.();
    for (const link of this.#links) link.close();
    this.#links.clear();
    this.#pool.close();
    this.#held.drain();
    await this.#threads?.stop();
    this.#keys.close();
  }

  /** A link from another node. */
  accept(link: Link): void {
    if (!this.#topology.mayEnter(link.peer.key)) {
      this.drop("STRANGER");
      return link.close();
    }
    const source = this.#sources.of(link.peer.key);
    source.add(link);
    this.#links.add(link);
    link.onClose(() => {
      this.#links.delete(link);
      source.ended(link);
    });
    link.onFrame((frame) => this.#receiveFrame(link, source, frame), { lent: true });
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
  current(): { consensus: Consensus; epoch: Epoch; parameters: Parameters } | undefined {
    const now = this.#clock.now();
    const consensus = consensusInUse(this.consensuses, now);
    if (consensus === undefined) return undefined;
    return { consensus, epoch: this.consensuses.keyEpoch(now), parameters: consensus.parameters };
  }

  /** As far as it is certain (`DirectoryDuty`). */
  get knownTime(): Milliseconds | undefined {
    return this.#duty.knownTime;
  }

  /** Takes one packet that arrived now. */
  receive(packet: Uint8Array, source: Source): void {
    const now = this.#clock.now();
    this.#deps.metrics?.count("packets_in");
    if (this.#threads !== undefined) {
      const reason = this.#threads.submit(packet, { arrival: now, source });
      if (reason !== undefined) this.drop(reason);
      return;
    }
    const place = this.#held.take();
    const outcome = processPacket(packet, {
      ...this.#context,
      keys: this.#keys,
      now,
      nodeId: this.nodeId,
      unwrap: (bytes, keys, self) => this.sphinx.unwrap(bytes, keys, self, place.packet),
    });
    this.#settle(outcome, { arrival: now, source }, place);
  }

  get held(): number {
    return this.#held.size;
  }

  /** For whoever runs this node. */
  get gauges(): Gauges {
    const { consensuses, nodeId } = this;
    return nodeFigures({
      network: this.#deps.network,
      nodeId,
      now: this.#clock.now(),
      consensuses,
      keys: this.#keys,
      limits: this.#limits,
      held: this.held,
      waiting: this.#threads?.waiting,
      links: this.#pool.state,
      duty: this.#duty.state,
    });
  }

  #receiveFrame(link: Link, source: Source, bytes: Uint8Array): void {
    let packet: Uint8Array;
    try {
      const frame = decodeFrame(bytes, {
        protocol: "starling-node/2",
        direction: "fromDialer",
        sizes: this.sphinx.geometry,
      });
      if (frame.type !== "packet") throw new RangeError("no other frame passes between nodes");
      packet = frame.packet;
    } catch {
      this.drop("BAD_FRAME");
      return link.close();
    }
    this.receive(packet, source);
  }

  /** `place` is where the packet was unwrapped, if that was not done elsewhere. */
  #settle(outcome: Outcome, came: Came, place?: HeldPacket): void {
    const [{ observer }, { arrival }] = [this.#deps, came];
    if (outcome.kind !== "drop")
      observer?.packetArrived?.({ node: this.nodeId, at: arrival, tag: outcome.tag, epoch: outcome.epoch });
    if (outcome.kind === "hold") return this.#hold(outcome, came, place);
    if (outcome.kind === "drop") this.drop(outcome.reason);
    else this.#deliver({ ...outcome, payload: new Uint8Array(outcome.payload) }, arrival);
    if (place !== undefined) this.#held.giveBack(place);
  }

  #hold(outcome: Outcome & { kind: "hold" }, { arrival, source }: Came, unwrappedIn?: HeldPacket): void {
    const { epoch, tag, delay, due, packet } = outcome;
    // The descriptor's own copy of the id: it outlives the packet anyway.
    const next = this.#topology.next(outcome.next)?.nodeId;
    const reason = next === undefined ? "NEXT_HOP_UNKNOWN" : this.#held.whyNotHeld(source);
    if (next === undefined || reason !== undefined) {
      if (unwrappedIn !== undefined) this.#held.giveBack(unwrappedIn);
      return this.drop(reason ?? "NEXT_HOP_UNKNOWN");
    }
    const place = unwrappedIn ?? this.#held.take();
    if (unwrappedIn === undefined) place.packet.set(packet);
    this.#held.hold(place, { tag, epoch, due, next, source });
    this.#deps.observer?.packetHeld?.({ node: this.nodeId, at: arrival, tag, delay, due, next });
    this.#armRelease();
  }

  /** One timer, for the packet that is due first. */
  #armRelease(): void {
    const due = this.#held.nextDue;
    if (due === undefined || due >= this.#releaseAt) return;
    this.#cancelRelease?.();
    this.#releaseAt = due;
    this.#cancelRelease = this.#clock.at(due, () => this.#release());
  }

  #release(): void {
    this.#releaseAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    for (let held = this.#held.popDue(now); held !== undefined; held = this.#held.popDue(now)) {
      const { due, next } = held;
      const sent = this.#leave(held, now);
      this.#deps.observer?.packetLeft?.({ node: this.nodeId, at: this.#clock.now(), tag: held.tag, due, next, sent });
    }
    this.#armRelease();
  }

  /** Sends a packet that is due; false when it is lost. */
  #leave(held: HeldPacket, now: Milliseconds): boolean {
    const { due, epoch, next, frame } = held;
    const giveBack = (): void => this.#held.giveBack(held);
    if (now - due > LATENESS_NOTED) this.#late++;
    this.#deps.metrics?.late(now - due);
    // A clock that was put back meanwhile brings a packet's time late, and nothing else shows it.
    const isOver = this.#keys.get(epoch) === undefined;
    const reason = isOver || now - due > LATENESS_MAX ? "TOO_LATE" : this.#send(next, frame, giveBack);
    if (reason === undefined) return true;
    giveBack();
    this.drop(reason);
    return false;
  }

  #send(next: NodeId, frame: Uint8Array, onTaken?: () => void): DropReason | undefined {
    if (this.#topology.next(next) === undefined) return "NEXT_HOP_UNKNOWN";
    if (!this.#pool.send(next, frame, onTaken)) return "NEXT_HOP_DOWN";
    this.#deps.metrics?.count("packets_out");
    return undefined;
  }

  #startThreads(): UnwrapThreads | undefined {
    const { clock, log } = this.#deps;
    const { unwrapThreads: threads } = this.#limits;
    if (threads === 0) return undefined;
    return new UnwrapThreads({
      threads,
      clock,
      log,
      nodeId: this.nodeId,
      geometry: this.sphinx.geometry,
      // The clock may have gone on since: a delay counts from when the packet came.
      onUnwrapped: (unwrapped, came) =>
        this.#settle(decide(unwrapped, came.epoch, { ...this.#context, now: came.arrival }), came),
      onLost: () => this.drop("UNWRAP_THREAD_LOST"),
    });
  }

  #deliver(delivery: Delivery, now: Milliseconds): void {
    const { command, tag } = delivery;
    this.#deps.observer?.packetDelivered?.({ node: this.nodeId, at: now, tag, command });
    if (command !== "loop") return this.#role.deliver(delivery);
    if (!this.#loops.returned(delivery)) this.drop("LOOP_UNKNOWN");
  }

  #describe(epochs: readonly Epoch[]): Uint8Array {
    const { suite, identity, address, operator } = this.#deps;
    // Its places are those of this epoch's list; who has none yet has nothing to say.
    const list = this.consensuses.held.find((consensus) => consensus.epoch === epochs[0]);
    const fields = {
      role: this.#role.role,
      domain: this.#role.domain,
      linkKey: identity.linkKey,
      address,
      operator,
      mixKeys: new Map(epochs.map((epoch) => [epoch, this.#keys.ensure(epoch)])),
      tokenKeys: this.#role.tokenKeys(),
      loopReport: list === undefined ? undefined : this.#loops.report(list),
      publishedAt: milliseconds(Math.floor(this.#clock.now())),
    };
    return signDescriptor({ fields, identitySeed: identity.identitySeed, suite }).bytes;
  }

  #useTopology(consensuses: readonly Consensus[]): void {
    this.#topology = new Topology(consensuses, this.nodeId);
    this.#pool.connect(this.#topology.nextHops);
    for (const link of this.#links) if (!this.#topology.mayEnter(link.peer.key)) link.close();
    this.#sources.keep((key) => this.#topology.mayEnter(fromHex(key)));
  }

  #epochOver(epoch: Epoch): void {
    this.#keys.eraseBefore(epoch);
    const { up, wanted } = this.#pool.state;
    const loops = this.#loops.takeCounts(settledEpoch(epoch));
    this.#deps.metrics?.loops(loops);
    this.#deps.log.event("epoch", {
      epoch,
      linksUp: up,
      linksWanted: wanted,
      held: this.held,
      late: this.#late,
      ...loopFields(loops),
    });
    this.#late = 0;
  }
}

const loopFields = (counts: LoopCounts): Record<string, number> => ({
  loopsReturned: counts.returned,
  loopsLate: counts.late,
  loopsLost: counts.lost,
});
