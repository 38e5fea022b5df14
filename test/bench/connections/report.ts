/** What `npm run bench -- connections` finds out, its bar, and its table. */

import type { ResidentMemory } from "../process-usage.ts";

export interface Step {
  /** Those with a link, of as many. */
  readonly clients: number;
  readonly wanted: number;
  /** For the clients that came with this step. */
  readonly accepting: {
    readonly links: number;
    readonly seconds: number;
    readonly cpuUsEach: number;
    /** Handshakes that were not over in ten seconds. */
    readonly redialled: number;
  };
  readonly seconds: number;
  /** Of one core, all threads; and without what the provider takes when nobody is there. */
  readonly share: number;
  readonly shareOfClients: number;
  readonly memory: ResidentMemory;
  /** Of the highest in the period, over the provider before the first client. */
  readonly bytesEach: { readonly resident: number; readonly anonymous: number };
  readonly traffic: Traffic;
  /** What the provider dropped in the period, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** CPU time of clients as a multiple of encrypting and decrypting what they sent and got. */
  readonly cipherMultiple: number;
}

export interface Connections {
  readonly before: ResidentMemory & { readonly share: number };
  readonly cipherUs: { readonly send: number; readonly poll: number };
  readonly steps: readonly Step[];
}

/** Frames of clients: sent, lost where a line did not take them, polls, their answers; links that ended; handshakes that failed. */
export type Traffic = Readonly<Record<"sent" | "lost" | "polls" | "entries" | "closed" | "redialled", number>>;

/** docs/operating.md reckons with it. */
export const BYTES_EACH_BAR = 80e3;

export function printConnections({ before, cipherUs, steps }: Connections): void {
  console.log(
    `Before the first client: ${mb(before.residentBytes)} MB resident, ${mb(before.anonymousBytes)} of them no file's; ` +
      `${percent(before.share)} % of a core.`,
  );
  console.log(
    `The cipher alone: ${cipherUs.send.toFixed(0)} µs for a packet in and out, ${cipherUs.poll.toFixed(0)} for an answer.\n`,
  );
  console.log(
    `| clients | kB each, at the most (bar ${BYTES_EACH_BAR / 1e3}) | of them no file's | MB in all | % of a core | of it clients' | × the cipher alone | accepting: CPU ms each | s for so many links | sent, polls, answers | lost, links ended | dropped |`,
  );
  console.log("|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|");
  for (const o of steps) {
    const { traffic: t, accepting: a } = o;
    const cells = [
      o.clients,
      kb(o.bytesEach.resident),
      kb(o.bytesEach.anonymous),
      mb(o.memory.residentBytes),
      percent(o.share),
      percent(o.shareOfClients),
      o.cipherMultiple.toFixed(1),
      (a.cpuUsEach / 1000).toFixed(2),
      `${a.seconds.toFixed(0)} for ${a.links}${a.redialled > 0 ? `, ${a.redialled} again` : ""}`,
      `${t.sent}, ${t.polls}, ${t.entries}`,
      `${t.lost}, ${t.closed}`,
      Object.entries(o.drops)
        .filter(([, count]) => count > 0)
        .map(([reason, count]) => `${reason} ${count}`)
        .join(", "),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}

const mb = (bytes: number): string => (bytes / 1e6).toFixed(0);
const kb = (bytes: number): string => (bytes / 1e3).toFixed(0);
const percent = (share: number): string => (100 * share).toFixed(1);
