/**
 * A node's figures for whoever runs it, as OpenMetrics text (openmetrics.io, version 1.0.0). They are taken once a minute and
 * stand still in between: asking at any moment tells nothing about single packets. Nothing here has a name, an address or a
 * key in it. docs/operating.md
 */

import type { Cancel, Clock } from "#transport/core/clock.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";
import type { DropReason } from "./drop-reason.ts";

/** Counters only grow; gauges are read when the figures are taken. */
export const METRICS = {
  packets_in: { type: "counter", help: "Packets that came from other nodes." },
  packets_out: { type: "counter", help: "Packets handed to links to other nodes." },
  loops_returned: { type: "counter", help: "Loop packets of this node that came back." },
  loops_lost: { type: "counter", help: "Loop packets of this node that did not come back in time." },
  packets_held: { type: "gauge", help: "Packets in the delay queue." },
  links_up: { type: "gauge", help: "Links to nodes behind this one that are up." },
  links_wanted: { type: "gauge", help: "Nodes behind this one in the consensus." },
  client_links: { type: "gauge", help: "Links of clients that are up." },
  epoch: { type: "gauge", help: "The epoch of the network." },
  resident_bytes: { type: "gauge", help: "Memory of the process." },
} as const satisfies Record<string, { type: "counter" | "gauge"; help: string }>;

type Named<T extends "counter" | "gauge"> = {
  [K in keyof typeof METRICS]: (typeof METRICS)[K]["type"] extends T ? K : never;
}[keyof typeof METRICS];
export type CounterName = Named<"counter">;
export type Gauges = Partial<Record<Named<"gauge">, number>>;

export class Metrics {
  readonly #clock: Clock;
  readonly #counts = new Map<CounterName, number>();
  readonly #drops = new Map<DropReason, number>();
  #read: () => Gauges = () => ({});
  #text = END;
  #cancel: Cancel | undefined;

  constructor(deps: { clock: Clock }) {
    this.#clock = deps.clock;
  }

  /** `read` tells the gauges, once a minute from now on. */
  start(read: () => Gauges): void {
    this.#read = read;
    this.#take();
  }

  stop(): void {
    this.#cancel?.();
  }

  count(name: CounterName, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  drop(reason: DropReason): void {
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + 1);
  }

  /** What was taken last: application/openmetrics-text. */
  get text(): string {
    return this.#text;
  }

  #take(): void {
    this.#text = this.#write();
    this.#cancel = this.#clock.at(milliseconds(this.#clock.now() + INTERVAL), () => this.#take());
  }

  #write(): string {
    const gauges = this.#read();
    const lines: string[] = [];
    for (const [name, { type, help }] of Object.entries(METRICS)) {
      const value = type === "counter" ? (this.#counts.get(name as CounterName) ?? 0) : gauges[name as keyof Gauges];
      if (value === undefined) continue;
      const full = `starling_${name}`;
      lines.push(`# TYPE ${full} ${type}`, `# HELP ${full} ${help}`);
      lines.push(`${full}${type === "counter" ? "_total" : ""} ${value}`);
    }
    lines.push("# TYPE starling_dropped counter", "# HELP starling_dropped What was dropped, by reason.");
    for (const [reason, count] of [...this.#drops].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      lines.push(`starling_dropped_total{reason="${reason}"} ${count}`);
    }
    return `${lines.join("\n")}\n${END}`;
  }
}

const END = "# EOF\n";
const INTERVAL: Milliseconds = milliseconds(60_000);
