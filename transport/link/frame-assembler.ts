/** Cuts a byte stream, in whatever pieces it comes, into whole frames. Spec: docs/spec/05-link.md §3 */

import { FRAME_LENGTH_BYTES, FRAME_TYPE_BYTES, type FrameTable } from "./frame-table.ts";
import { FRAME_MEMORY_KEPT, OWN_FRAME_BYTES } from "./limits.ts";

export class FrameAssembler {
  readonly #table: FrameTable;
  /** The frame that has begun; grows with what comes, not with what the peer announces. */
  #buffer = new Uint8Array(0);
  #have = 0;
  /** Where the frame ends, as far as its first bytes tell. */
  #needed = FRAME_TYPE_BYTES;
  #broken = false;
  /** Whether a frame is the receiver's only until its handler returns: then others, of any line, lie in the same memory later. */
  lend = false;
  readonly #memory: FrameMemory;

  constructor(table: FrameTable, memory = new FrameMemory()) {
    this.#table = table;
    this.#memory = memory;
  }

  /** How long the frame is that has begun, as far as its first bytes tell. */
  get needed(): number {
    return this.#needed;
  }

  /** Of a frame that has begun and is not whole; 0: there is none. */
  get partialBytes(): number {
    return this.#have;
  }

  /**
   * Takes the next bytes and gives each frame that became whole, in order; the frames are the receiver's. False when the
   * stream is broken: a type that is not in the table or a length over its limit; nothing is read after that.
   */
  push(chunk: Uint8Array, onFrame: (frame: Uint8Array) => void): boolean {
    let offset = 0;
    while (offset < chunk.length && !this.#broken) {
      const piece = chunk.subarray(offset, offset + this.#needed - this.#have);
      this.#append(piece);
      offset += piece.length;
      if (this.#have === this.#needed) this.#advance(onFrame);
    }
    return !this.#broken;
  }

  #append(piece: Uint8Array): void {
    const length = this.#have + piece.length;
    if (length > this.#buffer.length) {
      const grown = this.#roomFor(length);
      grown.set(this.#buffer.subarray(0, this.#have));
      this.#buffer = grown;
    }
    this.#buffer.set(piece, this.#have);
    this.#have = length;
  }

  #roomFor(length: number): Uint8Array<ArrayBuffer> {
    if (this.lend && length > OWN_FRAME_BYTES) return this.#memory.take(this.#needed);
    // Doubling keeps a peer that writes byte by byte from costing a copy of everything for each.
    return frameMemory(Math.min(this.#needed, Math.max(length, 2 * this.#buffer.length)));
  }

  #advance(onFrame: (frame: Uint8Array) => void): void {
    const length = this.#frameLength();
    if (length === undefined) {
      this.#broken = true;
    } else if (length > this.#have) {
      this.#needed = length;
      return;
    }
    const frame = this.#take();
    this.#have = 0;
    this.#needed = FRAME_TYPE_BYTES;
    if (!this.#broken) onFrame(frame);
    if (this.lend && frame.length > OWN_FRAME_BYTES) this.#letGo();
  }

  /** Of thousands of lines hardly any is in the midst of a frame: memory for each would be idle, and new memory garbage. */
  #letGo(): void {
    this.#memory.giveBack(this.#buffer);
    this.#buffer = new Uint8Array(0);
  }

  #take(): Uint8Array {
    const { length } = this.#buffer;
    if (this.lend) return length === this.#have ? this.#buffer : this.#buffer.subarray(0, this.#have);
    const frame = length === this.#have ? this.#buffer : this.#buffer.slice(0, this.#have);
    this.#buffer = new Uint8Array(0);
    return frame;
  }

  /** The header's length until a length-prefixed frame's header is whole; undefined for a frame that may not come. */
  #frameLength(): number | undefined {
    const rule = this.#table.get(this.#buffer[0] as number);
    if (rule === undefined) return undefined;
    if ("exact" in rule) return rule.exact;
    if (this.#have < HEADER_BYTES) return HEADER_BYTES;
    const length = new DataView(this.#buffer.buffer, this.#buffer.byteOffset).getUint32(FRAME_TYPE_BYTES);
    return length > rule.atMost ? undefined : HEADER_BYTES + length;
  }
}

/** Where lent frames lie, one after the other, of all lines that share it. */
export class FrameMemory {
  readonly #free: Uint8Array<ArrayBuffer>[] = [];

  /** At least so many bytes, with anything in them. */
  take(length: number): Uint8Array<ArrayBuffer> {
    const last = this.#free.pop();
    return last !== undefined && last.length >= length ? last : frameMemory(length);
  }

  giveBack(memory: Uint8Array<ArrayBuffer>): void {
    if (this.#free.length < FRAME_MEMORY_KEPT) this.#free.push(memory);
  }
}

/**
 * Room for a frame whose content lies at a multiple of eight: V8 copies to and from shared memory byte by byte unless both
 * sides do, in four times the time.
 */
export const frameMemory = (length: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(new ArrayBuffer(WORD_BYTES - FRAME_TYPE_BYTES + length), WORD_BYTES - FRAME_TYPE_BYTES, length);

const WORD_BYTES = 8;
const HEADER_BYTES = FRAME_TYPE_BYTES + FRAME_LENGTH_BYTES;
