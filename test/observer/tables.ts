/**
 * The tables of docs/anonymity.md, from the figures of a release. In the page each stands between two comments that name it; what
 * is between them is never written by hand.
 */

import { intervalsThatHold } from "./bars.ts";
import { CLOCK_ERRORS } from "./experiments.ts";
import type { About, Figures, Part } from "./figures.ts";
import { CLASSIFIERS, FPRS, type PairResult } from "./pair-experiment.ts";
import { best } from "./plot.ts";
import type { EntropyResult } from "./population.ts";
import { providerTables } from "./provider-tables.ts";
import { type Cell, row, short, table } from "./table.ts";

/** The page with every table as the figures have it. Throws when a table has no place in the page. */
export function fill(page: string, figures: Figures): string {
  return Object.entries(tables(figures)).reduce((text, [name, content]) => {
    const place = new RegExp(`(<!-- ${name} -->\n)(?:(?!<!--)[^])*(\n<!-- end -->)`);
    if (!place.test(text)) throw new Error(`the page has no place for the table ${name}`);
    return text.replace(place, (_, begin: string, end: string) => `${begin}${content}${end}`);
  }, page);
}

function tables(figures: Figures): Record<string, string> {
  const { pairs } = figures;
  const of = (...names: string[]): PairResult[] => names.flatMap((name) => pairs[name] ?? []);
  return {
    about: aboutLines(figures),
    line: [intervals(of("line, slot"), "slot"), intervals(of("line, poisson"), "Poisson")].join("\n\n"),
    "no-cover": table(
      row("clock", "packets", CLASSIFIERS),
      (["slot", "poisson"] as const).flatMap((clock) => {
        const results = of(`line, ${clock}, no cover`);
        return packetsOf(results).map((packets) =>
          row(
            clock,
            packets,
            CLASSIFIERS.map((classifier) => tprOf(results, packets, classifier)),
          ),
        );
      }),
    ),
    provider: table(
      row(
        "profile, clock",
        "packets",
        FPRS.map((fpr) => `TPR at FPR ${fpr}`),
        "AUC",
      ),
      [
        ...bestOf("mail, slot", of("provider, slot")),
        ...bestOf("mail, Poisson", of("provider, poisson", "provider, poisson, long")),
        ...bestOf("chat, slot", of("provider, slot, chat")),
        ...bestOf("chat, Poisson", of("provider, poisson, chat")),
      ],
    ),
    spread: table(
      ["spread", "5 packets", "25", "100", "1,000"],
      [
        bySpread("1", of("provider, slot, spread 1")),
        bySpread("1/2", of("provider, slot, spread 0.5")),
        bySpread("1/4", of("provider, slot, spread 0.25")),
        bySpread("1/8 (as it is)", of("provider, slot")),
        bySpread("1/16", of("provider, slot, spread 0.0625")),
        bySpread("1/8 in each of 8 groups", of("provider, slot, 8 groups")),
      ],
    ),
    entropy: entropyTable(figures),
    weeks: weeksTable(figures),
    ...providerTables(figures),
    clocks: clocksTable(figures),
  };
}

const said = (one: About): string => `commit ${one.commit}, Node ${one.node}, ${one.machine}, ${one.day}.`;

function aboutLines({ about, later }: Figures): string {
  const parts = Object.entries(later).map(([part, one]) => `\n${PART_NAMES[part as Part]}: ${said(one)}`);
  return `Measured at ${said(about)}${parts.join("")}`;
}

const PART_NAMES: Readonly<Record<Part, string>> = {
  providers: '"Which provider"',
  clocks: '"Senders whose clocks are wrong"',
};

/** The best classifier with the reader's provider, and what lines alone give. */
function clocksTable({ pairs }: Figures): string {
  const of = (eye: string, name: string): PairResult[] => [...(pairs[`${eye}, slot, clock ahead by ${name}`] ?? [])];
  const right = [...(pairs["provider, slot"] ?? [])];
  const rows = [
    ...bestOf("right", right),
    ...CLOCK_ERRORS.flatMap(({ name }) => bestOf(`${name} ahead`, of("provider", name))),
  ];
  const fprs = FPRS.map((fpr) => `TPR at FPR ${fpr}`);
  const lines = intervalsThatHold(CLOCK_ERRORS.flatMap(({ name }) => of("line", name)));
  return `${table(row("sender's clock", "packets", fprs, "AUC"), rows)}\n\nFrom lines alone ${lines.holds} of ${lines.of} intervals hold their FPR.`;
}

function bestOf(name: string, results: readonly PairResult[]): Cell[][] {
  return packetsOf(results).map((packets) => {
    const areas = results.filter((one) => one.packets === packets).map(({ auc }) => auc);
    const tprs = FPRS.map((fpr) => short(best(results, packets, fpr)));
    return row(name, packets, tprs, short(Math.max(...areas)));
  });
}

function bySpread(spread: string, results: readonly PairResult[]): Cell[] {
  const measured = packetsOf(results);
  const tprs = [5, 25, 100, 1000].map((packets) =>
    measured.includes(packets) ? short(best(results, packets, 1e-2)) : "not measured",
  );
  return row(spread, tprs);
}

function entropyTable({ entropy }: Figures): string {
  return table(
    ["clients", "slot: mean", "least", "equal to", "Poisson: mean", "least", "equal to"],
    (entropy["slot"] ?? []).map((slot, i) => row(slot.clients, bitsOf(slot), bitsOf(entropy["poisson"]?.[i]))),
  );
}

const bitsOf = (one: EntropyResult | undefined): Cell[] =>
  one === undefined
    ? []
    : [`${one.meanBits.toFixed(1)} bits`, one.leastBits.toFixed(1), `${Math.round(one.equalTo)} packets`];

function weeksTable({ disclosure }: Figures): string {
  const placeIn = (name: string, i: number): number => Math.round(disclosure[name]?.[i]?.medianRank ?? Number.NaN);
  return table(
    ["weeks", "provider: median place", "first", "in first ten", "lines only: median place", "always on: median place"],
    (disclosure["provider, hours as people keep them"] ?? []).map((one, i) => [
      one.weeks,
      Math.round(one.medianRank),
      percent(one.first),
      percent(one.firstTen),
      placeIn("line, hours as people keep them", i),
      placeIn("provider, always on", i),
    ]),
  );
}

/** Every point with its interval, and how many hold. */
function intervals(results: readonly PairResult[], clock: string): string {
  const { holds, of } = intervalsThatHold(results);
  const rows = results.map(({ packets, classifier, points, auc }) => {
    const tprs = points.map(({ tpr, interval }) => `${short(tpr)} (${short(interval.low)}–${short(interval.high)})`);
    return row(packets, classifier, tprs, short(auc));
  });
  const fprs = FPRS.map((fpr) => `TPR at FPR ${fpr}`);
  const head = row(`${clock} clock: packets`, "classifier", fprs, "AUC");
  return `${table(head, rows)}\n\nOf these ${of} intervals ${holds} hold their FPR.`;
}

const packetsOf = (results: readonly PairResult[]): number[] => [...new Set(results.map(({ packets }) => packets))];

function tprOf(results: readonly PairResult[], packets: number, classifier: PairResult["classifier"]): string {
  const found = results.find((one) => one.packets === packets && one.classifier === classifier);
  return short(found?.points.find(({ fpr }) => fpr === 1e-2)?.tpr ?? Number.NaN);
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;
