/** Counts what passes between the stages of a network, and what its mixes hold. */

import { FRAME_TYPES } from "#transport/link/frame-table.ts";
import type { Passage } from "./network-in-memory.ts";

/** The kinds of link, and what passes them: a packet goes the first six in this order, an answered poll the last two. */
export const FLOWS = [
  "client to provider: packets",
  "provider to layer 1",
  "layer 1 to layer 2",
  "layer 2 to layer 3",
  "layer 3 to provider",
  "client to provider: polls",
  "provider to client: entries",
  "client to provider: other",
  "provider to client: other",
] as const;
export type Flow = (typeof FLOWS)[number];

const STAGES: Readonly<Record<string, Flow>> = {
  "provider layer1": "provider to layer 1",
  "layer1 layer2": "layer 1 to layer 2",
  "layer2 layer3": "layer 2 to layer 3",
  "layer3 provider": "layer 3 to provider",
};
const CLIENT_FRAMES: ReadonlyMap<number, Flow> = new Map([
  [FRAME_TYPES.send, "client to provider: packets"],
  [FRAME_TYPES.poll, "client to provider: polls"],
  [FRAME_TYPES.entry, "provider to client: entries"],
]);

export class Meter {
  readonly frames = new Map<Flow, number>(FLOWS.map((flow) => [flow, 0]));
  readonly lost = { frames: 0 };
  readonly #stageOf: (machine: string) => string;
  /** By link. */
  readonly #flows = new Map<string, Flow | undefined>();
  readonly #held = new Map<string, { sum: number; samples: number; most: number }>();

  /** `stageOf` says "provider", "layer1" …; undefined for others. */
  constructor(options: { stageOf: (machine: string) => string }) {
    this.#stageOf = options.stageOf;
  }

  passed(passage: Passage): void {
    const flow = this.#flowOf(passage);
    if (flow === undefined) return;
    this.frames.set(flow, (this.frames.get(flow) ?? 0) + 1);
    if (passage.arrives === undefined) this.lost.frames++;
  }

  /** What a mix holds at a moment. */
  held(mix: string, packets: number): void {
    const seen = this.#held.get(mix) ?? { sum: 0, samples: 0, most: 0 };
    seen.sum += packets;
    seen.samples++;
    seen.most = Math.max(seen.most, packets);
    this.#held.set(mix, seen);
  }

  /** Frames a second, by flow. */
  rates(duration: number): Record<Flow, number> {
    const entries = [...this.frames].map(([flow, count]) => [flow, (count * 1000) / duration] as const);
    return Object.fromEntries(entries) as Record<Flow, number>;
  }

  pools(): Record<string, { mean: number; most: number }> {
    return Object.fromEntries(
      [...this.#held].map(([mix, { sum, samples, most }]) => [mix, { mean: sum / Math.max(1, samples), most }]),
    );
  }

  #flowOf({ protocol, direction, from, to, frame }: Passage): Flow | undefined {
    if (protocol === "starling-client/2") {
      const known = CLIENT_FRAMES.get(frame[0] as number);
      return known ?? (direction === "fromDialer" ? "client to provider: other" : "provider to client: other");
    }
    if (protocol !== "starling-node/2") return undefined;
    const link = `${from} ${to}`;
    if (!this.#flows.has(link)) this.#flows.set(link, STAGES[`${this.#stageOf(from)} ${this.#stageOf(to)}`]);
    return this.#flows.get(link);
  }
}

/** Of times in milliseconds. */
export interface Quantiles {
  readonly median: number;
  readonly p95: number;
  readonly p99: number;
  readonly mean: number;
}

export function quantiles(times: readonly number[]): Quantiles | undefined {
  if (times.length === 0) return undefined;
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
  const mean = sorted.reduce((sum, time) => sum + time, 0) / sorted.length;
  return { median: at(0.5), p95: at(0.95), p99: at(0.99), mean: Math.round(mean) };
}
