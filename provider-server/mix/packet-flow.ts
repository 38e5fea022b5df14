/**
 * The way of a packet through a node, with the keys that open it: unwrapped, by this thread or another, then delivered, or held
 * until it is due and sent on. What to do with each is decided in `mix.ts`. Spec: docs/spec/06-mix.md §2-4
 */

import type { Cancel, Clock } from "#transport/core/clock.ts";
import type { Milliseconds, NodeId } from "#transport/core/units.ts";
import { keyPeriodLatest } from "#transport/directory/epochs.ts";
import type { Sphinx } from "#transport/sphinx/sphinx.ts";
import type { NodeDependencies, NodeLimits } from "../node/dependencies.ts";
import { LATENESS_MAX, LATENESS_NOTED } from "../node/limits.ts";
import type { DropReason } from "../observe/drop-reason.ts";
import { PeriodKeys } from "./period-keys.ts";
import { type HeldPacket, HeldPackets } from "./held-packets.ts";
import { decide, type Delivery, type MixContext, type Outcome, processPacket } from "./mix.ts";
import type { Source } from "./sources.ts";
import { type Came, UnwrapThreads } from "./unwrapping/unwrap-threads.ts";

export interface PacketFlowDependencies {
  readonly node: NodeDependencies;
  readonly limits: NodeLimits;
  readonly nodeId: NodeId;
  readonly sphinx: Sphinx;
  /** The longest delay that a sender may draw. */
  readonly delayMax: Milliseconds;
  /** For the id of a node behind this one, a copy of it that outlives any packet. */
  readonly nextHop: (next: NodeId) => NodeId | undefined;
  /** Why a frame was not sent, if it was not. `onTaken` is called once nobody reads it any more. */
  readonly send: (next: NodeId, frame: Uint8Array, onTaken: () => void) => DropReason | undefined;
  /** For packets whose way ends here. */
  readonly deliver: (delivery: Delivery) => void;
  readonly drop: (reason: DropReason) => void;
}

export class PacketFlow {
  readonly keys: PeriodKeys;
  readonly #deps: PacketFlowDependencies;
  readonly #node: NodeDependencies;
  readonly #clock: Clock;
  readonly #context: Omit<MixContext, "now" | "latest">;
  readonly #threads: UnwrapThreads | undefined;
  readonly #held: HeldPackets;
  #cancelRelease: Cancel | undefined;
  #releaseAt = Number.POSITIVE_INFINITY;
  #late = 0;

  constructor(deps: PacketFlowDependencies) {
    const { node, limits, sphinx, delayMax } = deps;
    this.#deps = deps;
    this.#node = node;
    this.#clock = node.clock;
    this.#held = new HeldPackets({ packetBytes: sphinx.geometry.packetBytes, heldMax: limits.delayQueuePackets });
    this.#threads = limits.unwrapThreads === 0 ? undefined : this.#startThreads(limits.unwrapThreads);
    this.keys = new PeriodKeys({
      suite: node.suite,
      holder: this.#threads,
      random: node.streams.keys,
      store: node.periodStore,
      replayCapacity: limits.replayCapacity,
      onErasedEarly: (period) => node.log.event("the replay set is full: the key is erased early", { period }),
    });
    this.#context = { keys: this.keys, delayMax };
  }

  /** Keys and replay tags stay for the next run, held packets are lost. */
  async stop(): Promise<void> {
    this.#cancelRelease?.();
    this.#held.drain();
    await this.#threads?.stop();
    this.keys.close();
  }

  get held(): number {
    return this.#held.size;
  }

  /** Packets that are with other threads; undefined where no other thread unwraps. */
  get waiting(): number | undefined {
    return this.#threads?.waiting;
  }

  /** How many left late since this was last asked. */
  takeLate(): number {
    const late = this.#late;
    this.#late = 0;
    return late;
  }

  /** Takes one packet that arrived now. */
  receive(packet: Uint8Array, source: Source): void {
    const now = this.#clock.now();
    this.#node.metrics?.count("packets_in");
    if (this.#threads !== undefined) {
      const reason = this.#threads.submit(packet, { arrival: now, source });
      if (reason !== undefined) this.#deps.drop(reason);
      return;
    }
    const place = this.#held.take();
    const outcome = processPacket(packet, {
      ...this.#context,
      keys: this.keys,
      now,
      latest: keyPeriodLatest(this.#node.network, now),
      nodeId: this.#deps.nodeId,
      unwrap: (bytes, keys, self) => this.#deps.sphinx.unwrap(bytes, keys, self, place.packet),
    });
    this.#settle(outcome, { arrival: now, source }, place);
  }

  #startThreads(threads: number): UnwrapThreads {
    const node = this.#node;
    return new UnwrapThreads({
      threads,
      clock: this.#clock,
      log: this.#node.log,
      nodeId: this.#deps.nodeId,
      geometry: this.#deps.sphinx.geometry,
      // The clock may have gone on since: a delay counts from when the packet came.
      onUnwrapped: (unwrapped, came) => {
        const latest = keyPeriodLatest(node.network, came.arrival);
        this.#settle(decide(unwrapped, came.period, { ...this.#context, now: came.arrival, latest }), came);
      },
      onLost: () => this.#deps.drop("UNWRAP_THREAD_LOST"),
    });
  }

  /** `place` is where the packet was unwrapped, if that was not done elsewhere. */
  #settle(outcome: Outcome, came: Came, place?: HeldPacket): void {
    const [{ observer }, { arrival }] = [this.#node, came];
    if (outcome.kind !== "drop")
      observer?.packetArrived?.({ node: this.#deps.nodeId, at: arrival, tag: outcome.tag, period: outcome.period });
    if (outcome.kind === "hold") return this.#hold(outcome, came, place);
    if (outcome.kind === "drop") this.#deps.drop(outcome.reason);
    else this.#deliver({ ...outcome, payload: new Uint8Array(outcome.payload) }, arrival);
    if (place !== undefined) this.#held.giveBack(place);
  }

  #deliver(delivery: Delivery, at: Milliseconds): void {
    const { command, tag } = delivery;
    this.#node.observer?.packetDelivered?.({ node: this.#deps.nodeId, at, tag, command });
    this.#deps.deliver(delivery);
  }

  #hold(outcome: Outcome & { kind: "hold" }, { arrival, source }: Came, unwrappedIn?: HeldPacket): void {
    const { period, tag, delay, due, packet } = outcome;
    const next = this.#deps.nextHop(outcome.next);
    const reason = next === undefined ? "NEXT_HOP_UNKNOWN" : this.#held.whyNotHeld(source);
    if (next === undefined || reason !== undefined) {
      if (unwrappedIn !== undefined) this.#held.giveBack(unwrappedIn);
      return this.#deps.drop(reason ?? "NEXT_HOP_UNKNOWN");
    }
    const place = unwrappedIn ?? this.#held.take();
    if (unwrappedIn === undefined) place.packet.set(packet);
    this.#held.hold(place, { tag, period, due, next, source });
    this.#node.observer?.packetHeld?.({ node: this.#deps.nodeId, at: arrival, tag, delay, due, next });
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
      const node = this.#deps.nodeId;
      this.#node.observer?.packetLeft?.({ node, at: this.#clock.now(), tag: held.tag, due, next, sent });
    }
    this.#armRelease();
  }

  /** Sends a packet that is due; false when it is lost. */
  #leave(held: HeldPacket, now: Milliseconds): boolean {
    const { due, period, next, frame } = held;
    const giveBack = (): void => this.#held.giveBack(held);
    if (now - due > LATENESS_NOTED) this.#late++;
    this.#node.metrics?.late(now - due);
    // A clock that was put back meanwhile brings a packet's time late, and nothing else shows it.
    const isOver = this.keys.get(period) === undefined;
    const reason = isOver || now - due > LATENESS_MAX ? "TOO_LATE" : this.#deps.send(next, frame, giveBack);
    if (reason === undefined) return true;
    giveBack();
    this.#deps.drop(reason);
    return false;
  }
}
