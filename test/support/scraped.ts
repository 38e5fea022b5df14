/** What Prometheus would have collected of a daemon minute by minute: its own text, on a virtual clock. */

import { type DropReason, tellingOf } from "#provider-server/observe/drop-reason.ts";
import { type CounterName, FIGURES, type FigureName, type Gauges } from "#provider-server/observe/figures.ts";
import { Metrics, type Recent } from "#provider-server/observe/metrics.ts";
import { seconds, milliseconds } from "#transport/core/units.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** By name and labels, a number for each minute; undefined where the daemon did not tell it. */
export type Series = ReadonlyMap<string, readonly (string | undefined)[]>;

/** `at` says how the daemon is in each minute from 0 on. */
export async function scraped(minutes: number, at: (minute: number) => Recent): Promise<Series> {
  const clock = new VirtualClock();
  const metrics = new Metrics({ clock, role: at(0).role });
  let minute = 0;
  metrics.start(() => gaugesOf(at(minute)));
  const series = new Map<string, (string | undefined)[]>();
  for (; minute < minutes; minute++) {
    for (const [name, value] of samplesOf(metrics.text)) {
      const values = series.get(name) ?? Array.from<string | undefined>({ length: minutes });
      values[minute] = value;
      series.set(name, values);
    }
    live(metrics, at(minute), minute);
    await clock.runFor(seconds(60));
  }
  metrics.stop();
  return series;
}

const EPOCH_MINUTES = 60;

/** One of the minutes that `recent` looks back to; no fewer of anything than its share. */
function live(metrics: Metrics, recent: Recent, minute: number): void {
  const share = (count: number): number => Math.ceil(count / recent.minutes);
  for (const [name, count] of Object.entries(recent.counts)) metrics.count(name as CounterName, share(count));
  for (const [reason, count] of Object.entries(recent.dropped)) {
    const isOfHour = tellingOf(reason as DropReason) === "by the hour";
    for (let i = 0; i < (isOfHour ? count : share(count)); i++) metrics.drop(reason as DropReason);
  }
  for (const reason of refusedIn(recent)) metrics.refuse(reason);
  const late = share(recent.late.above[LATE] ?? 0);
  for (let i = 0; i < share(recent.late.all); i++) metrics.late(i < late ? LATE + 1 : 0);
  if (minute % EPOCH_MINUTES === EPOCH_MINUTES - 1) metrics.loops(recent.loops);
}

const REFUSED = "refused:";
const refusedIn = ({ figures }: Recent): string[] =>
  Object.keys(figures).flatMap((key) => (key.startsWith(REFUSED) ? [key.slice(REFUSED.length)] : []));

/** The bound that a rule looks at. */
const LATE = milliseconds(100);

function gaugesOf({ figures }: Recent): Gauges {
  const gauges: Record<string, number | Record<string, number>> = {};
  for (const [key, value] of Object.entries(figures)) {
    if (key.startsWith(REFUSED)) continue;
    const [name = "", label] = key.split(":");
    if (!Object.hasOwn(FIGURES, name)) throw new Error(`${name} is no figure`);
    if (label === undefined) gauges[name as FigureName] = value;
    else gauges[name] = { ...(gauges[name] as Record<string, number> | undefined), [label]: value };
  }
  return gauges;
}

function samplesOf(text: string): [series: string, value: string][] {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => {
    const at = line.lastIndexOf(" ");
    return [line.slice(0, at), line.slice(at + 1)];
  });
}
