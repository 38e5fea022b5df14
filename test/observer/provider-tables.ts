/** The tables of docs/anonymity.md, "Which provider", from the figures of a release. */

import type { Figures } from "./figures.ts";
import { burstName, NO_COVER, PACKETS, PROVIDERS, USERS, weeksName } from "./provider-experiments.ts";
import type { Oracle, WeeksResult } from "./provider-weeks.ts";
import { type Cell, rough, row, table } from "./table.ts";

export function providerTables({ providers }: Figures): Record<string, string> {
  return { bursts: burstsTable(providers), "destination-weeks": destinationWeeks(providers) };
}

function burstsTable({ bursts }: Figures["providers"]): string {
  const right = (name: string, packets: number): Cell => {
    const found = bursts[name]?.find((result) => result.packets === packets);
    if (found === undefined) return "not measured";
    return `${rough(found.right)} (${rough(found.interval.low)}–${rough(found.interval.high)})`;
  };
  const reckoned = (name: string, packets: number): Cell =>
    rough(bursts[name]?.find((result) => result.packets === packets)?.reckoned ?? Number.NaN);
  const rows = USERS.flatMap((users) =>
    PACKETS.map((packets) => {
      const slot = PROVIDERS.map((providers) => burstName({ clock: "slot", users, providers }));
      const poisson = burstName({ clock: "poisson", users, providers: 10 });
      return row(
        users,
        packets,
        slot.map((name) => right(name, packets)),
        reckoned(slot.at(-1) as string, packets),
        right(poisson, packets),
      );
    }),
  );
  const heads = PROVIDERS.map((providers) => `of ${providers}`);
  const head = row("online", "packets", heads, "of 10, reckoned", "of 10, Poisson clock");
  const bare = (bursts[NO_COVER] ?? []).map(
    ({ packets }) => `${rough(bursts[NO_COVER]?.find((r) => r.packets === packets)?.right ?? 0)} from ${packets}`,
  );
  return `${table(head, rows)}\n\nWithout cover, of 10 among 1,000 people: ${bare.join(", ")}.`;
}

function destinationWeeks({ weeks }: Figures["providers"]): string {
  const columns = [2, 10].flatMap((providers) => [
    { providers, oracle: "none", weeks: 4 } as const,
    { providers, oracle: "none", weeks: 26 } as const,
    { providers, oracle: "hours", weeks: 26 } as const,
  ]);
  const rows = USERS.flatMap((users) =>
    PACKETS.map((packets) =>
      row(
        users,
        packets,
        columns.map((column) =>
          better(weeks[weeksName({ users, providers: column.providers })] ?? [], { ...column, packets }),
        ),
      ),
    ),
  );
  const heads = columns.map(({ providers, oracle, weeks: count }) =>
    oracle === "none" ? `of ${providers}: ${count} weeks` : `${count} weeks, told hours`,
  );
  return table(row("members", "packets a day", heads), rows);
}

/** The better basis: an observer may choose. */
const better = (results: readonly WeeksResult[], wanted: { packets: number; oracle: Oracle; weeks: number }): Cell => {
  const found = results.filter(
    (one) => one.packets === wanted.packets && one.oracle === wanted.oracle && one.weeks === wanted.weeks,
  );
  return rough(Math.max(...found.map((one) => one.right)));
};
