/**
 * ENTRY frames, used again and again: with thousands of clients a new one for each answer is 48 KB of garbage for each poll
 * (docs/benchmarks.md, `bench -- connections`). Spec: docs/spec/07-mailbox.md §1.2
 */

import type { RandomSource } from "#transport/core/random.ts";
import { surbId } from "#transport/core/units.ts";
import type { Primitives } from "#transport/crypto/suite.ts";
import { type EntryFrame, writeEntry } from "#transport/link/frame.ts";
import { entryFrameBytes, type FrameSizes } from "#transport/link/frame-table.ts";
import { ANSWER_FRAMES_KEPT } from "./limits.ts";

export class AnswerFrames {
  readonly #deps: AnswerFramesDependencies;
  readonly #free: Uint8Array[] = [];

  constructor(deps: AnswerFramesDependencies) {
    this.#deps = deps;
  }

  /** An answer that carries something. The caller gives the frame back once it has left. */
  carrying(entry: Omit<EntryFrame, "type">): Uint8Array {
    const frame = this.#take();
    writeEntry(frame, entry, this.#deps.sizes);
    return frame;
  }

  /** One that carries nothing: nothing of what a frame carried before is left in it. */
  empty(kind: "none" | "no-account"): Uint8Array {
    const { padding, primitives, sizes } = this.#deps;
    const frame = this.#take();
    const body = frame.subarray(frame.length - sizes.payloadBytes);
    // A keystream over anything is noise; drawing so much from the system's generator costs more.
    primitives.chacha20InPlace(padding.bytes(32), body);
    writeEntry(frame, { cursor: 0, kind, surbId: surbId(padding.bytes(16)), body }, sizes);
    return frame;
  }

  /** For frames that nobody reads any more, once each. */
  giveBack(frame: Uint8Array): void {
    if (this.#free.length < ANSWER_FRAMES_KEPT) this.#free.push(frame);
  }

  #take(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(entryFrameBytes(this.#deps.sizes));
  }
}

export interface AnswerFramesDependencies {
  readonly sizes: FrameSizes;
  /** Keys of the noise in answers that carry nothing. */
  readonly padding: RandomSource;
  readonly primitives: Pick<Primitives, "chacha20InPlace">;
}
