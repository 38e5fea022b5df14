/** What a simulation says at its end: the same object for both modes, and as text. Docs: docs/simulator.md */

import type { Violation } from "./invariants.ts";
import { type Flow, FLOWS, type Quantiles } from "./meter.ts";
import type { SimOptions } from "./options.ts";

export interface SimReport {
  readonly options: SimOptions;
  readonly network: {
    readonly mixesPerLayer: number;
    readonly providers: number;
    /** What ran in place of the suite that a network for people has. */
    readonly suite: string;
    readonly packetBytes: number;
    readonly sendRate: number;
    readonly pollRate: number;
    readonly meanDelayMs: number;
    readonly minimumPool: number;
    /** Answers that each drop slot asks of boxes; 0: there are none. */
    readonly boxReplies: number;
  };
  readonly messages: {
    /** Taken by a client, durably. */
    readonly written: number;
    /** Of them those that were to go to their readers' boxes when they were taken. */
    readonly toBoxes: number;
    readonly read: number;
    /** Their writers' clients know it. */
    readonly delivered: number;
    readonly reportedLost: number;
    /** Neither, at the end of the grace period: must be 0. */
    readonly unsettled: number;
    readonly fragments: number;
    readonly lookups: number;
    /** By one person at one provider, and how many people ask one provider more often than a period's tokens allow. */
    readonly lookupsMost: number;
    readonly beyondTokens: number;
  };
  /** From `send()` to the reader's program. */
  readonly latencyMs: Quantiles | undefined;
  /** Of those to boxes. */
  readonly boxLatencyMs: Quantiles | undefined;
  /** Frames a second on all links of a kind together. */
  readonly rates: Record<Flow, number>;
  /** Packets that each mix held. */
  readonly pools: Record<string, { readonly mean: number; readonly most: number | undefined }>;
  readonly losses: { readonly frames: number; readonly drops: Record<string, number> };
  readonly invariants: {
    readonly checks: Record<string, number>;
    readonly violations: readonly Violation[];
    /** How reply blocks ended, and replies came in vain; not in sampled mode. */
    readonly replyBlocks?: Record<string, number>;
    /** How often the fragment left that left most often. */
    readonly departuresMost?: number;
  };
  readonly run: {
    readonly virtualSeconds: number;
    readonly wallSeconds: number;
    readonly events: number;
    readonly eventsPerSecond: number;
    readonly memoryMB: number;
    /** In sampled mode: how many users were played. */
    readonly sampledUsers: number | undefined;
  };
}

export function reportText(report: SimReport): string {
  const { options, network, messages, latencyMs, boxLatencyMs, rates, pools, losses, run } = report;
  const held = Object.values(pools);
  const mean = held.reduce((sum, pool) => sum + pool.mean, 0) / Math.max(1, held.length);
  const lines = [
    `${options.users} users, ${options.hours} h, profile ${options.profile}, ${options.clock} clock, seed ${options.seed}, mode ${options.mode}${options.tokens ? ", with tokens" : ""}`,
    `network        ${network.mixesPerLayer} mixes a layer, ${network.providers} providers, packets of ${network.packetBytes} bytes, ${network.boxReplies === 0 ? "no boxes" : `boxes with ${network.boxReplies} answers a drop slot`}, cryptography: ${network.suite}`,
    `messages       ${messages.written} written, ${messages.read} read, ${messages.delivered} known to be delivered, ${messages.reportedLost} reported lost, ${messages.unsettled} neither`,
    `               ${messages.fragments} fragments, ${messages.lookups} look-ups, at most ${messages.lookupsMost} by one person at one provider; more than their tokens: ${messages.beyondTokens} people`,
    `latency        ${latencyMs === undefined ? "no message arrived" : quantilesText(latencyMs)}`,
    ...(boxLatencyMs === undefined
      ? []
      : [`               ${quantilesText(boxLatencyMs)} of the ${messages.toBoxes} to boxes`]),
    ...FLOWS.map((flow, i) => (i === 0 ? "frames/s" : "").padEnd(15) + `${flow.padEnd(30)}${rates[flow].toFixed(2)}`),
    `pools          ${held.length} mixes hold ${mean.toFixed(1)} packets on average${most(held)}`,
    `losses         ${losses.frames} frames on lines${list(losses.drops)}`,
    `invariants     ${Object.entries(report.invariants.checks)
      .map(([name, count]) => `${name} ${count}`)
      .join(", ")}`,
    ...endsOf(report),
    `run            ${run.virtualSeconds.toFixed(0)} s in ${run.wallSeconds.toFixed(1)} s, ${run.events} events, ${run.eventsPerSecond.toFixed(0)}/s, ${run.memoryMB.toFixed(0)} MB`,
  ];
  return lines.join("\n");
}

function endsOf({ invariants: { replyBlocks, departuresMost } }: SimReport): string[] {
  if (replyBlocks === undefined) return [];
  const ends = Object.entries(replyBlocks).map(([what, count]) => `${count} ${what}`);
  return [`reply blocks   ${ends.join(", ")}`, `repetition     one fragment left at most ${departuresMost} times`];
}

const quantilesText = ({ median, p95, p99 }: Quantiles): string =>
  `median ${seconds(median)}, 95 % ${seconds(p95)}, 99 % ${seconds(p99)}`;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function list(drops: Readonly<Record<string, number>>): string {
  const entries = Object.entries(drops).map(([reason, count]) => `${count} ${reason}`);
  return entries.length === 0 ? "" : `; dropped: ${entries.join(", ")}`;
}

function most(pools: readonly { readonly most: number | undefined }[]): string {
  const known = pools.flatMap((pool) => (pool.most === undefined ? [] : [pool.most]));
  return known.length === 0 ? "" : `, most at once ${Math.max(...known)}`;
}
