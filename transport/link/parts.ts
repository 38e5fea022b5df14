/** A document (a consensus, the network file) as frames of one size, and back. Spec: docs/spec/05-link.md §5 */

import { concat } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import type { Milliseconds } from "../core/units.ts";
import type { Frame } from "./frame.ts";
import { CONSENSUS_PART_BYTES, DIRECTORY_MESSAGE_BYTES_MAX } from "./limits.ts";

export type Part = Extract<Frame, { type: "consensusPart" }>;

/** At least one part; one with count 0 when there is no such document. `time` is the clock of whoever answers. */
export function toParts(document: Uint8Array | undefined, time: Milliseconds): Part[] {
  if (document === undefined) return [{ type: "consensusPart", time, index: 0, count: 0, part: new Uint8Array(0) }];
  const count = Math.ceil(document.length / CONSENSUS_PART_BYTES);
  return Array.from({ length: count }, (_, index) => {
    const start = index * CONSENSUS_PART_BYTES;
    const part = document.subarray(start, start + CONSENSUS_PART_BYTES);
    return { type: "consensusPart", time, index, count, part };
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
    if (part.count === 0) return this.#end({ kind: "absent", time: part.time });
    if (part.index === 0) {
      this.#parts = [];
      this.#count = part.count;
    }
    const isNext = part.index === this.#parts.length && part.count === this.#count;
    const isFull = part.index === part.count - 1 || part.part.length === CONSENSUS_PART_BYTES;
    if (!isNext || !isFull || part.count > PARTS_MAX) {
      this.#end(undefined);
      throw new TransportError("MALFORMED");
    }
    this.#parts.push(part.part);
    if (this.#parts.length < this.#count) return { kind: "incomplete" };
    return this.#end({ kind: "document", bytes: concat(...this.#parts), time: part.time });
  }

  #end<T>(result: T): T {
    this.#parts = [];
    this.#count = 0;
    return result;
  }
}

const PARTS_MAX = DIRECTORY_MESSAGE_BYTES_MAX / CONSENSUS_PART_BYTES;
