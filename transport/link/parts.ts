/** A document (a consensus, the network file) as frames of one size, and back. Spec: docs/spec/05-link.md §5 */

import { concat } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import type { Milliseconds } from "../core/units.ts";
import type { Frame } from "./frame.ts";
import { CONSENSUS_PART_BYTES, DIRECTORY_MESSAGE_BYTES_MAX } from "./limits.ts";
import { paddedLength } from "./padding.ts";

export type Part = Extract<Frame, { type: "consensusPart" }>;

/**
 * As many parts as a document of `room` bytes takes, if that is more: how many there are must not tell which document it was,
 * nor that there is none. Parts past its end are empty. `time` is the clock of whoever answers.
 */
export function toParts(document: Uint8Array | undefined, o: { time: Milliseconds; room: number }): Part[] {
  const bytes = document ?? new Uint8Array(0);
  const count = Math.ceil(paddedLength(Math.max(bytes.length, o.room)) / CONSENSUS_PART_BYTES);
  return Array.from({ length: count }, (_, index) => {
    const start = index * CONSENSUS_PART_BYTES;
    const part = bytes.subarray(start, start + CONSENSUS_PART_BYTES);
    return { type: "consensusPart", time: o.time, index, count, part };
  });
}

export type Collected =
  | { readonly kind: "incomplete" }
  | { readonly kind: "absent"; readonly time: Milliseconds }
  | { readonly kind: "document"; readonly bytes: Uint8Array; readonly time: Milliseconds };

/** Joins the parts of one answer, which come in order. The first part of a new answer ends one that a lost link cut short. */
export class PartCollector {
  #parts: Uint8Array[] = [];
  #count = 0;

  /** Throws MALFORMED for parts out of order or too many; the collector is then empty again. */
  add(part: Part): Collected {
    if (part.index === 0) {
      this.#parts = [];
      this.#count = part.count;
    }
    const before = this.#parts.at(-1);
    const isOver = before !== undefined && before.length < CONSENSUS_PART_BYTES;
    const isNext = part.index === this.#parts.length && part.count === this.#count;
    if (!isNext || (isOver && part.part.length > 0) || part.count === 0 || part.count > PARTS_MAX) {
      this.#end(undefined);
      throw new TransportError("MALFORMED");
    }
    this.#parts.push(part.part);
    if (this.#parts.length < this.#count) return { kind: "incomplete" };
    const { time } = part;
    const bytes = concat(...this.#parts);
    return this.#end(bytes.length === 0 ? { kind: "absent", time } : { kind: "document", bytes, time });
  }

  #end<T>(result: T): T {
    this.#parts = [];
    this.#count = 0;
    return result;
  }
}

const PARTS_MAX = DIRECTORY_MESSAGE_BYTES_MAX / CONSENSUS_PART_BYTES;
