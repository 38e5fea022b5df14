/**
 * A daemon's figures for whoever runs it, as OpenMetrics text (openmetrics.io, version 1.0.0) and, for the command `status`,
 * with what came in the last minutes. They are taken once a minute and stand still in between: asking at any moment tells
 * nothing about single packets. Nothing here has a user's name, an address or a key in it. docs/operating.md §7
 */

import type { Cancel, Clock } from "#transport/core/clock.ts";
import { milliseconds } from "#transport/core/units.ts";
import { type DropReason, tellingOf } from "./drop-reason.ts";
import { type CounterName, FIGURES, type FigureName, type Gauges, LATENESS_BOUNDS } from "./figures.ts";
import { RECENT_TAKES, TAKE_INTERVAL, TAKES_PER_HOUR } from "./limits.ts";

/** What `status` reads. Figures with a label have `name:value of the label`. */
export interface Recent {
  readonly role: string;
  /** What the text shows now, counters since the start. */
  readonly figures: Readonly<Record<string, number>>;
  /** How many minutes `counts`, `dropped` and `late` look back. */
  readonly minutes: number;
  readonly counts: Readonly<Record<string, number>>;
  /** By reason; those that are told by the hour, in the last hour that was told. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Packets that left later than so many whole milliseconds, by `LATENESS_BOUNDS`; `all` of them. */
  readonly late: { readonly all: number; readonly above: Readonly<Record<string, number>> };
  /** Of the last epoch that is over. */
  readonly loops: Loops;
}

interface Loops {
  readonly returned: number;
  readonly late: number;
  readonly lost: number;
}

/** One look at everything that grows. */
interface Take {
  readonly counts: ReadonlyMap<string, number>;
  readonly drops: ReadonlyMap<DropReason, number>;
  readonly late: readonly number[];
}

export class Metrics {
  readonly #clock: Clock;
  readonly #role: string;
  readonly #counts = new Map<CounterName, number>();
  readonly #refused = new Map<string, number>();
  readonly #drops = new Map<DropReason, number>();
  /** Those told by the hour: of this hour, and of the last one that was told. */
  #held = new Map<DropReason, number>();
  #lastHour: ReadonlyMap<DropReason, number> = new Map();
  /** One more than bounds: the last is for whatever is later. */
  readonly #late = Array.from({ length: LATENESS_BOUNDS.length + 1 }, () => 0);
  #loops: Loops = { returned: 0, late: 0, lost: 0 };
  readonly #takes: Take[] = [];
  #taken = 0;
  readonly #tellings: ((isHourOver: boolean) => void)[] = [];
  #read: () => Gauges = () => ({});
  #gauges: Gauges = {};
  #text = END;
  #cancel: Cancel | undefined;

  constructor(deps: { clock: Clock; role?: string }) {
    this.#clock = deps.clock;
    this.#role = deps.role ?? "mix";
  }

  /** `read` tells the gauges, once a minute from now on. */
  start(read: () => Gauges): void {
    this.#read = read;
    this.#take();
  }

  stop(): void {
    this.#cancel?.();
  }

  /** Calls `tell` whenever a minute is over, with whether an hour is: what is told elsewhere is told of the same minutes. */
  onTake(tell: (isHourOver: boolean) => void): void {
    this.#tellings.push(tell);
  }

  count(name: CounterName, by = 1): void {
    add(this.#counts, name, by);
  }

  drop(reason: DropReason): void {
    const telling = tellingOf(reason);
    if (telling === "never") return;
    add(telling === "by the hour" ? this.#held : this.#drops, reason, 1);
  }

  /** A packet that leaves so long after it was due. */
  late(by: number): void {
    const at = LATENESS_BOUNDS.findIndex((bound) => by <= bound);
    const slot = at === -1 ? LATENESS_BOUNDS.length : at;
    this.#late[slot] = (this.#late[slot] as number) + 1;
  }

  /** What became of the node's own loops of an epoch that is over. */
  loops(loops: Loops): void {
    this.#loops = loops;
    this.count("loops_returned", loops.returned);
    this.count("loops_late", loops.late);
    this.count("loops_lost", loops.lost);
  }

  /** An authority's: one of its fixed reasons (authority/reasons.ts). */
  refuse(reason: string): void {
    add(this.#refused, reason, 1);
  }

  /** What was taken last: application/openmetrics-text. */
  get text(): string {
    return this.#text;
  }

  /** What was taken last, and what had come in the minutes before. */
  get recent(): Recent {
    const [before, now] = [this.#takes[0], this.#takes.at(-1)];
    if (before === undefined || now === undefined) return { ...NOTHING, role: this.#role };
    const late = now.late.map((count, i) => count - (before.late[i] as number));
    const above = LATENESS_BOUNDS.map((bound, i) => [bound, sum(late.slice(i + 1))] as const);
    return {
      role: this.#role,
      figures: { ...Object.fromEntries(flat(this.#gauges)), ...Object.fromEntries(now.counts) },
      minutes: this.#takes.length - 1,
      counts: Object.fromEntries(since(before.counts, now.counts)),
      dropped: Object.fromEntries([...since(before.drops, now.drops), ...this.#lastHour]),
      late: { all: sum(late), above: Object.fromEntries(above) },
      loops: this.#loops,
    };
  }

  #take(): void {
    const isFirst = this.#taken === 0;
    const isHourOver = !isFirst && this.#taken % TAKES_PER_HOUR === 0;
    this.#taken++;
    if (isHourOver) this.#tellHour();
    this.#gauges = this.#read();
    const counts = new Map<string, number>([...this.#counts, ...labelled("refused", this.#refused)]);
    this.#takes.push({ counts, drops: this.#toldDrops(), late: [...this.#late] });
    if (this.#takes.length > RECENT_TAKES + 1) this.#takes.shift();
    this.#text = this.#write();
    this.#cancel = this.#clock.at(milliseconds(this.#clock.now() + TAKE_INTERVAL), () => this.#take());
    if (!isFirst) for (const tell of this.#tellings) tell(isHourOver);
  }

  #tellHour(): void {
    this.#lastHour = this.#held;
    this.#held = new Map();
    for (const [reason, count] of this.#lastHour) add(this.#drops, reason, count);
  }

  /** Of those that are counted by the minute. */
  #toldDrops(): ReadonlyMap<DropReason, number> {
    return new Map([...this.#drops].filter(([reason]) => tellingOf(reason) === "by the minute"));
  }

  #write(): string {
    const lines: string[] = [];
    for (const [name, figure] of Object.entries(FIGURES) as [FigureName, (typeof FIGURES)[FigureName]][]) {
      const samples = this.#samples(name);
      if (samples.length === 0) continue;
      const full = `starling_${name}`;
      lines.push(`# TYPE ${full} ${figure.type}`, `# HELP ${full} ${figure.help}`);
      const ending = figure.type === "counter" ? "_total" : "";
      const label = "label" in figure ? figure.label : "";
      for (const [value, number] of samples) {
        lines.push(`${full}${ending}${label === "" ? "" : `{${label}="${value}"}`} ${number}`);
      }
    }
    lines.push("# TYPE starling_dropped counter", "# HELP starling_dropped What was dropped, by reason.");
    for (const [reason, count] of sorted(this.#drops))
      lines.push(`starling_dropped_total{reason="${reason}"} ${count}`);
    return [...lines, ...this.#lateLines(), END].join("\n");
  }

  /** Value of the label, or nothing, and number. */
  #samples(name: FigureName): [string, number][] {
    if (name === "refused") return sorted(this.#refused);
    const read = (this.#gauges as Partial<Record<FigureName, number | Readonly<Record<string, number>>>>)[name];
    if (typeof read === "object") return sorted(new Map(Object.entries(read)));
    if (read !== undefined) return [["", read]];
    const isCounted = FIGURES[name].type === "counter" && name !== "cpu_seconds" && ofRole(name, this.#role);
    return isCounted ? [["", this.#counts.get(name as CounterName) ?? 0]] : [];
  }

  /** Without a sum: of a minute with one packet it would be that packet's. An authority has no packets. */
  #lateLines(): string[] {
    if (this.#role === "authority") return [];
    const name = "starling_late_milliseconds";
    const bounds = [...LATENESS_BOUNDS.map((bound) => bound.toFixed(1)), "+Inf"];
    return [
      `# TYPE ${name} histogram`,
      `# HELP ${name} How long after its time a packet left, in milliseconds.`,
      ...bounds.map((bound, i) => `${name}_bucket{le="${bound}"} ${sum(this.#late.slice(0, i + 1))}`),
      `${name}_count ${sum(this.#late)}`,
    ];
  }
}

const END = "# EOF\n";
const NOTHING: Omit<Recent, "role"> = {
  figures: {},
  minutes: 0,
  counts: {},
  dropped: {},
  late: { all: 0, above: {} },
  loops: { returned: 0, late: 0, lost: 0 },
};

/** A node counts no lists, an authority no packets. */
const ofRole = (name: FigureName, role: string): boolean => (name === "lists_missed") === (role === "authority");

function add<K>(counts: Map<K, number>, name: K, by: number): void {
  counts.set(name, (counts.get(name) ?? 0) + by);
}

const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
const sorted = <K extends string>(counts: ReadonlyMap<K, number>): [K, number][] =>
  [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
const since = <K>(before: ReadonlyMap<K, number>, now: ReadonlyMap<K, number>): [K, number][] =>
  [...now].map(([name, count]) => [name, count - (before.get(name) ?? 0)]);
const labelled = (name: string, counts: ReadonlyMap<string, number>): [string, number][] =>
  [...counts].map(([label, count]) => [`${name}:${label}`, count]);
const flat = (gauges: Gauges): [string, number][] =>
  Object.entries(gauges).flatMap(([name, value]): [string, number][] =>
    typeof value === "number" ? [[name, value]] : labelled(name, new Map(Object.entries(value ?? {}))),
  );
