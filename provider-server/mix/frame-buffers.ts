/**
 * Memory for the frames of packets that are held, used again and again: a new buffer of a packet's size for each packet would
 * keep the garbage collector busy at the very moments at which packets are due.
 */

import { frameMemory } from "#transport/link/frame-assembler.ts";
import { FRAME_TYPES } from "#transport/link/frame-table.ts";

export class FrameBuffers {
  readonly #frameBytes: number;
  readonly #free: Uint8Array[] = [];

  constructor(packetBytes: number) {
    this.#frameBytes = 1 + packetBytes;
  }

  /** A PACKET frame whose packet is yet to be written. */
  take(): Uint8Array {
    const frame = this.#free.pop() ?? frameMemory(this.#frameBytes);
    frame[0] = FRAME_TYPES.packet;
    return frame;
  }

  /** For frames from `take` that nobody reads any more. */
  giveBack(frame: Uint8Array): void {
    if (this.#free.length < FREE_MAX) this.#free.push(frame);
  }
}

/** The packet's place in a frame. */
export const packetIn = (frame: Uint8Array): Uint8Array => frame.subarray(1);

/** How far the number of held packets swings around its mean; 58 MB at 28 KiB. */
const FREE_MAX = 2048;
