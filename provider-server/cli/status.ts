/** `status`: one screen on a daemon of this machine, from its own figures. Exit code 1 when something is wrong. docs/operating.md §5 */

import { z } from "zod";
import { ServerError } from "../errors.ts";
import type { Recent } from "../observe/metrics.ts";
import { RECENT_PATH } from "../observe/metrics-listener.ts";
import { type Config, readConfig } from "./config.ts";
import { type Finding, findings } from "./health.ts";
import { STATUS_WAIT_MILLISECONDS, TROUBLE } from "./limits.ts";
import { readArgs } from "./usage.ts";

export async function status(args: string[]): Promise<void> {
  const { values, positionals } = readArgs(args, { json: { type: "boolean" } }, 1);
  const { text, isWell } = await statusOf(positionals[0] as string, values.json === true ? "json" : "words");
  process.stdout.write(`${text}\n`);
  process.exitCode = isWell ? 0 : 1;
}

/** Of the daemon that a configuration describes. Throws CONFIG when it names no `metricsListen`. */
export async function statusOf(path: string, form: "json" | "words"): Promise<{ text: string; isWell: boolean }> {
  const config = readConfig(path);
  const recent = await ask(path, config);
  const found = recent === undefined ? [SILENT] : findings(recent);
  const text = form === "json" ? inJson(config, recent, found) : inWords(config, recent, found);
  return { text, isWell: found.length === 0 };
}

/** Nobody answers, or something else than a daemon of this version. */
const SILENT: Finding = {
  name: "StarlingDown",
  what: "The daemon does not answer: it does not run, runs with another configuration, or is an older one.",
  todo: "Start it (`systemctl start starling@NAME`) and read its log (`journalctl -u starling@NAME`). After a change of `metricsListen` restart it.",
};

/** Undefined when nobody answers there. */
async function ask(path: string, { metricsListen, role }: Config): Promise<Recent | undefined> {
  if (metricsListen === undefined || metricsListen.endsWith(":0")) {
    throw new ServerError(
      "CONFIG",
      `${path}: metricsListen: expected 127.0.0.1 or [::1] with a port, by which status asks the daemon.`,
    );
  }
  try {
    const signal = AbortSignal.timeout(STATUS_WAIT_MILLISECONDS);
    const answer = await fetch(`http://${metricsListen}${RECENT_PATH}`, { signal });
    const read = RECENT.safeParse(await answer.json());
    return read.success && read.data.role === role ? read.data : undefined;
  } catch {
    return undefined;
  }
}

const counts = z.record(z.string(), z.number());
const RECENT = z.object({
  role: z.string(),
  figures: counts,
  minutes: z.number(),
  counts,
  dropped: counts,
  late: z.object({ all: z.number(), above: counts }),
  loops: z.object({ returned: z.number(), late: z.number(), lost: z.number() }),
});

function inJson(config: Config, recent: Recent | undefined, found: readonly Finding[]): string {
  return JSON.stringify({ well: found.length === 0, role: config.role, findings: found, recent: recent ?? null });
}

function inWords(config: Config, recent: Recent | undefined, found: readonly Finding[]): string {
  const state =
    found.length === 0 ? "well" : `not well, ${found.length} ${found.length === 1 ? "finding" : "findings"}`;
  const lines = [`${config.role} at ${config.listen}: ${state}`, ...(recent === undefined ? [] : facts(recent))];
  const told = found.flatMap(({ name, what, todo }) => ["", `${name}: ${what}`, `  Do: ${todo}`]);
  return [...lines, ...told].join("\n");
}

/** What a reader wants to see even when all is well; only what the daemon has. */
function facts(recent: Recent): string[] {
  const { figures, minutes, counts: grown, late } = recent;
  const has = (...names: string[]): boolean => names.every((name) => figures[name] !== undefined);
  const of = (name: string): number => figures[name] ?? 0;
  const many = (name: string, one: string, more = `${one}s`): string => `${of(name)} ${of(name) === 1 ? one : more}`;
  const seconds = Math.max(1, minutes * 60);
  const rate = (name: string): string => ((grown[name] ?? 0) / seconds).toFixed(1);
  const bytes = (name: string): string => `${(of(name) / 2 ** 20).toFixed(0)} MiB`;
  const rows: [isThere: boolean, row: string][] = [
    [
      has("up_seconds"),
      `up ${spanOf(of("up_seconds"))}, ${of("cpu_seconds")} s of processor, ${bytes("resident_bytes")} of memory`,
    ],
    [
      has("list_epoch"),
      `epoch ${of("epoch")}; list of epoch ${of("list_epoch")}: ${many("list_mixes", "mix", "mixes")}, ${many("list_providers", "provider")}, ${many("list_signatures", "signature")}, ${of("list_avoided")} avoided`,
    ],
    [has("links_wanted"), `links up ${of("links_up")} of ${of("links_wanted")}`],
    [has("client_links"), `programs connected ${of("client_links")}`],
    [
      has("boxes"),
      `boxes up to ${of("boxes")} of ${of("boxes_max")}; answers to collects that wait up to ${of("collect_answers_waiting")}`,
    ],
    [
      has("packets_held"),
      `last ${minutes} min: ${rate("packets_in")} packets/s in, ${rate("packets_out")} out; held ${of("packets_held")}`,
    ],
    [has("packets_held") && late.all > 0, `99 of 100 leave ${lateness(recent)}`],
    [
      has("agreed_epoch"),
      `last agreement: epoch ${of("agreed_epoch")}, ${many("agreed_votes", "vote")} and ${many("agreed_signatures", "signature")} of ${of("authorities")}, ${of("authorities_needed")} needed`,
    ],
    [has("disk_free_bytes"), `disk free ${bytes("disk_free_bytes")}`],
  ];
  return rows.flatMap(([isThere, row]) => (isThere ? [`  ${row}`] : []));
}

function lateness({ late }: Recent): string {
  const bounds = Object.entries(late.above)
    .map(([bound, above]) => [Number(bound), above] as const)
    .toSorted(([a], [b]) => a - b);
  const within = bounds.find(([, above]) => above <= TROUBLE.late.share * late.all);
  return within === undefined ? `more than ${bounds.at(-1)?.[0] ?? 0} ms late` : `at most ${within[0]} ms late`;
}

function spanOf(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60)];
  return [days > 0 ? `${days} d` : "", hours > 0 ? `${hours} h` : "", `${minutes % 60} min`]
    .filter((part) => part !== "")
    .join(" ");
}
