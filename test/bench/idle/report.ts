/** What `npm run bench -- idle` finds out, its bars, and its tables. */

import type { ProfileName } from "#transport/core/parameters.ts";
import type { ResidentMemory } from "../process-usage.ts";
import type { SlotAlone } from "../slot-alone.ts";

export interface Idle {
  readonly profile: ProfileName;
  readonly seconds: number;
  readonly sends: number;
  readonly polls: number;
  /** Of one core, all threads. */
  readonly share: number;
  readonly threadsUs: Readonly<Record<string, number>>;
  /** CPU time for each packet sent, as a multiple of sealing and wrapping one, alone. */
  readonly slotMultiple: number;
  readonly alone: SlotAlone;
  readonly memory: { readonly start: ResidentMemory; readonly end: ResidentMemory };
  readonly megabytesPerDay: { readonly up: PerDay; readonly down: PerDay };
}

interface PerDay {
  /** TLS records as they passed, and with headers of TCP and IP. */
  readonly tls: number;
  readonly wire: number;
  /** `npm run params`. */
  readonly computed: number;
}

/** For the mail profile; chat has no bars but that of bytes. */
export const BARS = { share: 0.01, residentBytes: 150e6, bytesDeviation: 0.05 };

export function printIdle(rows: readonly Idle[]): void {
  const line = (what: string, cell: (row: Idle) => string, bar = ""): void =>
    console.log(`| ${[what, ...rows.map(cell), bar].join(" | ")} |`);
  line("", ({ profile }) => profile, "bar (mail)");
  console.log(`|---|${rows.map(() => "--:|").join("")}---|`);
  line("seconds; packets sent, polls", (o) => `${o.seconds.toFixed(0)}; ${o.sends}, ${o.polls}`);
  line("of one core, all threads", ({ share }) => `${(100 * share).toFixed(2)} %`, `≤ ${100 * BARS.share} %`);
  line("CPU for each packet sent, ms", (o) => ((o.share * o.seconds * 1000) / o.sends).toFixed(1));
  line("the same, × sealing and wrapping one alone", ({ slotMultiple }) => slotMultiple.toFixed(1));
  line(
    "resident MB, start and end",
    ({ memory: { start, end } }) => `${mb(start.residentBytes)}, ${mb(end.residentBytes)}`,
    `≤ ${mb(BARS.residentBytes)}`,
  );
  line("of them no file's", ({ memory: { start, end } }) => `${mb(start.anonymousBytes)}, ${mb(end.anonymousBytes)}`);
  for (const way of ["up", "down"] as const) {
    line(
      `MB a day ${way}: TLS; with TCP and IP; computed`,
      ({ megabytesPerDay: { [way]: o } }) => `${o.tls.toFixed(1)}; ${o.wire.toFixed(1)}; ${o.computed.toFixed(1)}`,
      `within ${100 * BARS.bytesDeviation} %`,
    );
  }
  for (const { profile, threadsUs, seconds, alone } of rows) {
    const threads = Object.entries(threadsUs).filter(([, us]) => us > 0);
    const shares = threads.map(([name, us]) => `${name} ${((100 * us) / (seconds * 1e6)).toFixed(2)} %`);
    console.log(`\n${profile}: ${shares.join(", ")} of one core`);
    console.log(`one slot alone ${alone.slotUs.toFixed(0)} µs, one entry opened ${alone.openUs.toFixed(0)} µs`);
  }
}

const mb = (bytes: number): string => (bytes / 1e6).toFixed(0);
