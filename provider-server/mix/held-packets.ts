/**
 * Places for packets that are held, used again and again. What is made anew for each packet and lives as long as its delay
 * moves among the old objects of the collector: there it adds up to a collection of the whole heap, at the very moments at
 * which packets are due. Spec: docs/spec/06-mix.md §4
 */

import {
  type KeyPeriod,
  keyPeriodNumber,
  type Milliseconds,
  milliseconds,
  type NodeId,
  nodeId,
  NODE_ID_BYTES,
  REPLAY_TAG_BYTES,
  type ReplayTag,
  replayTag,
} from "#transport/core/units.ts";
import { frameMemory } from "#transport/link/frame-assembler.ts";
import { FRAME_TYPES } from "#transport/link/frame-table.ts";
import { DelayQueue } from "./delay-queue.ts";
import { mayTake, Source } from "./sources.ts";

/** A packet with the frame in which it will leave. */
export class HeldPacket {
  /** A PACKET frame. */
  readonly frame: Uint8Array;
  /** The packet's place in the frame. */
  readonly packet: Uint8Array;
  readonly #tag = replayTag(new Uint8Array(REPLAY_TAG_BYTES));
  #period = keyPeriodNumber(0);
  #due = milliseconds(0);
  #next = NOBODY;
  #source = NOWHERE;

  constructor(packetBytes: number) {
    this.frame = frameMemory(1 + packetBytes);
    this.frame[0] = FRAME_TYPES.packet;
    this.packet = this.frame.subarray(1);
  }

  /** Says what it is that was written to `packet`. Copies the tag; keeps `next` and `source`. */
  hold(o: { tag: ReplayTag; period: KeyPeriod; due: Milliseconds; next: NodeId; source: Source }): void {
    this.#tag.set(o.tag);
    this.#period = o.period;
    this.#due = o.due;
    this.#next = o.next;
    this.#source = o.source;
  }

  /** A copy, to keep. */
  get tag(): ReplayTag {
    return replayTag(this.#tag.slice());
  }

  get period(): KeyPeriod {
    return this.#period;
  }

  get due(): Milliseconds {
    return this.#due;
  }

  get next(): NodeId {
    return this.#next;
  }

  get source(): Source {
    return this.#source;
  }
}

/** The packets that a node holds, and the memory of those that it does not hold any more. */
export class HeldPackets {
  readonly #packetBytes: number;
  readonly #heldMax: number;
  readonly #queue = new DelayQueue();
  /** Places that hold a packet, by its number in the queue; one whose packet has left is its link's, and may never come back. */
  readonly #places: (HeldPacket | undefined)[] = [];
  /** Numbers below the highest that no packet has. */
  readonly #numbers: number[] = [];
  readonly #free: HeldPacket[] = [];

  constructor(o: { packetBytes: number; heldMax: number }) {
    this.#packetBytes = o.packetBytes;
    this.#heldMax = o.heldMax;
  }

  get size(): number {
    return this.#queue.size;
  }

  get nextDue(): Milliseconds | undefined {
    return this.#queue.nextDue;
  }

  /** A place whose packet is yet to be written. */
  take(): HeldPacket {
    return this.#free.pop() ?? new HeldPacket(this.#packetBytes);
  }

  /** For places from `take` that nobody reads any more. */
  giveBack(place: HeldPacket): void {
    if (this.#free.length < FREE_MAX) this.#free.push(place);
  }

  whyNotHeld(source: Source): "DELAY_QUEUE_FULL" | "SOURCE_SHARE" | undefined {
    const free = this.#heldMax - this.size;
    if (mayTake(source.held, free)) return undefined;
    return free <= 0 ? "DELAY_QUEUE_FULL" : "SOURCE_SHARE";
  }

  /** Holds the packet that was written to a place from `take`. */
  hold(place: HeldPacket, of: Parameters<HeldPacket["hold"]>[0]): void {
    place.hold(of);
    of.source.held++;
    const number = this.#numbers.pop() ?? this.#places.length;
    this.#places[number] = place;
    this.#queue.push(of.due, number);
  }

  /** Takes the packet that is due first if it is due at `now`; the caller gives its place back. */
  popDue(now: Milliseconds): HeldPacket | undefined {
    const number = this.#queue.popDue(now);
    return number === undefined ? undefined : this.#leaves(number);
  }

  /** Forgets everything. */
  drain(): void {
    for (const number of this.#queue.drain()) this.giveBack(this.#leaves(number));
  }

  #leaves(number: number): HeldPacket {
    const place = this.#places[number] as HeldPacket;
    this.#places[number] = undefined;
    this.#numbers.push(number);
    place.source.held--;
    return place;
  }
}

// Where nothing was held yet.
const NOBODY: NodeId = nodeId(new Uint8Array(NODE_ID_BYTES));
const NOWHERE = new Source();

/** How far the number of held packets swings around its mean; 58 MB at 28 KiB. */
const FREE_MAX = 2048;
