/**
 * Places for packets that are held, used again and again. What is made anew for each packet and lives as long as its delay
 * moves among the old objects of the collector: there it adds up to a collection of the whole heap, at the very moments at
 * which packets are due. Spec: docs/spec/06-mix.md §4
 */

import {
  type Epoch,
  epochNumber,
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

/** A packet with the frame in which it will leave. */
export class HeldPacket {
  /** A PACKET frame. */
  readonly frame: Uint8Array;
  /** The packet's place in the frame. */
  readonly packet: Uint8Array;
  readonly #tag = replayTag(new Uint8Array(REPLAY_TAG_BYTES));
  #epoch = epochNumber(0);
  #due = milliseconds(0);
  #next = NOBODY;

  constructor(packetBytes: number) {
    this.frame = frameMemory(1 + packetBytes);
    this.frame[0] = FRAME_TYPES.packet;
    this.packet = this.frame.subarray(1);
  }

  /** Says what it is that was written to `packet`. Copies the tag; keeps `next`. */
  hold(o: { tag: ReplayTag; epoch: Epoch; due: Milliseconds; next: NodeId }): void {
    this.#tag.set(o.tag);
    this.#epoch = o.epoch;
    this.#due = o.due;
    this.#next = o.next;
  }

  /** A copy, to keep. */
  get tag(): ReplayTag {
    return replayTag(this.#tag.slice());
  }

  get epoch(): Epoch {
    return this.#epoch;
  }

  get due(): Milliseconds {
    return this.#due;
  }

  get next(): NodeId {
    return this.#next;
  }
}

/** Where nothing was held yet. */
const NOBODY: NodeId = nodeId(new Uint8Array(NODE_ID_BYTES));

export class HeldPackets {
  readonly #packetBytes: number;
  readonly #free: HeldPacket[] = [];

  constructor(packetBytes: number) {
    this.#packetBytes = packetBytes;
  }

  /** A place whose packet is yet to be written. */
  take(): HeldPacket {
    return this.#free.pop() ?? new HeldPacket(this.#packetBytes);
  }

  /** For places from `take` that nobody reads any more. */
  giveBack(place: HeldPacket): void {
    if (this.#free.length < FREE_MAX) this.#free.push(place);
  }
}

/** How far the number of held packets swings around its mean; 58 MB at 28 KiB. */
const FREE_MAX = 2048;
