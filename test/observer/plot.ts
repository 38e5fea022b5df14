/**
 * The plots of docs/anonymity.md as SVG, from the figures of a release. Drawn for light and dark pages alike: the page's
 * colour scheme decides.
 */

import type { Figures } from "./figures.ts";
import type { Classifier, PairResult } from "./pair-experiment.ts";
import { burstName, USERS } from "./provider-experiments.ts";

/** By file name, without its ending. */
export function plots(figures: Figures): Record<string, string> {
  return {
    "pairs-provider": provider(figures),
    "pairs-line": line(figures),
    spread: spread(figures),
    entropy: entropy(figures),
    weeks: weeks(figures),
    "destination-provider": destination(figures),
  };
}

const FPR = 1e-2;

/** The best of the three classifiers: the observer may choose. */
export function best(results: readonly PairResult[], packets: number, fpr: number): number {
  const tprs = results
    .filter((result) => result.packets === packets)
    .map(({ points }) => points.find((point) => point.fpr === fpr)?.tpr ?? 0);
  return Math.max(...tprs);
}

/** TPR at FPR 1e-2 over 100 observations, and over others where published: Oldenburg et al., MixMatch, PoPETs 2024(2), from its ROC files. */
export const NYM = {
  "Nym, lab, 50 ms": [
    [100, 0.581],
    [200, 0.99],
    [300, 1],
  ],
  "Nym, lab, 20 ms": [[100, 0.998]],
  "Nym, lab, 200 ms": [[100, 0.123]],
  "Nym, live": [[100, 0.272]],
} as const;

function provider({ pairs }: Figures): string {
  const of = (names: readonly string[]): Point[] =>
    names
      .flatMap((name) => pairs[name] ?? [])
      .filter(({ classifier }) => classifier === "flow")
      .map(({ packets }) => [
        packets,
        best(
          names.flatMap((name) => pairs[name] ?? []),
          packets,
          FPR,
        ),
      ]);
  return chart({
    title: "Observer of all lines, together with the reader's provider",
    x: { label: "packets from one person to one other", ticks: [5, 25, 100, 1000], scale: "log" },
    y: { label: "true positives at 1 false in 100", ticks: [0, 0.25, 0.5, 0.75, 1] },
    series: [
      { name: "slot clock", points: of(["provider, slot"]) },
      { name: "Poisson clock", points: of(["provider, poisson", "provider, poisson, long"]) },
      ...Object.entries(NYM).map(([name, points]) => ({
        name,
        points: points.map(([x, y]): Point => [x, y]),
        marks: true,
      })),
    ],
  });
}

function line({ pairs }: Figures): string {
  const of = (name: string, classifier: Classifier): Series["points"] =>
    (pairs[name] ?? [])
      .filter((result) => result.classifier === classifier)
      .map(({ packets, points }): Point => [packets, points.find(({ fpr }) => fpr === FPR)?.tpr ?? 0]);
  return chart({
    title: "Observer of all lines",
    x: { label: "packets from one person to one other", ticks: [5, 25, 100, 1000], scale: "log" },
    y: { label: "true positives at 1 false in 100", ticks: [0, 0.25, 0.5, 0.75, 1] },
    series: [
      { name: "as it is: flow", points: of("line, slot", "flow") },
      { name: "as it is: matching", points: of("line, slot", "matching") },
      { name: "as it is: learned", points: of("line, slot", "learned") },
      { name: "without cover: flow", points: of("line, slot, no cover", "flow") },
      { name: "without cover: learned", points: of("line, slot, no cover", "learned") },
    ],
  });
}

function spread({ pairs }: Figures): string {
  const names = [
    [1, "provider, slot, spread 1"],
    [1 / 2, "provider, slot, spread 0.5"],
    [1 / 4, "provider, slot, spread 0.25"],
    [1 / 8, "provider, slot"],
    [1 / 16, "provider, slot, spread 0.0625"],
  ] as const;
  const of = (packets: number): Point[] =>
    names
      .filter(([, name]) => pairs[name]?.some((result) => result.packets === packets))
      .map(([share, name]) => [1 / share, best(pairs[name] ?? [], packets, FPR)]);
  return chart({
    title: "The narrower everybody's part of a slot, the less a sender stands out",
    x: { label: "peak of the first layer over its mean (1 / spread)", ticks: [1, 4, 8, 16], scale: "log" },
    y: { label: "true positives at 1 false in 100", ticks: [0, 0.25, 0.5, 0.75, 1] },
    series: [25, 100, 1000].map((packets) => ({ name: `${packets} packets`, points: of(packets) })),
  });
}

function entropy({ entropy: results }: Figures): string {
  const of = (clock: string): Point[] => (results[clock] ?? []).map(({ clients, meanBits }) => [clients, meanBits]);
  const clients = of("slot").map(([count]) => count);
  return chart({
    title: "How unsure an observer of every line is where one packet went",
    x: { label: "clients in the mail profile", ticks: clients, scale: "log" },
    y: { label: "entropy in bits", ticks: [0, 2, 4, 6, 8, 10, 12, 14] },
    series: [
      { name: "slot clock", points: of("slot") },
      { name: "Poisson clock", points: of("poisson") },
      { name: "one packet of each client", points: clients.map((count): Point => [count, Math.log2(count)]) },
    ],
  });
}

function destination({ providers: { bursts } }: Figures): string {
  const of = (users: number, value: "right" | "reckoned"): Point[] =>
    (bursts[burstName({ clock: "slot", users, providers: 10 })] ?? []).map((one) => [one.packets, one[value]]);
  return chart({
    title: "Which of ten providers does a long mail go to? Counted on the lines into them",
    x: { label: "packets of the mail", ticks: [5, 25, 100, 1000], scale: "log" },
    y: { label: "guessed rightly (by chance 0.1)", ticks: [0, 0.25, 0.5, 0.75, 1] },
    series: [
      ...USERS.map((users) => ({ name: `${users.toLocaleString("en")} online`, points: of(users, "right") })),
      ...USERS.map((users) => ({
        name: `${users.toLocaleString("en")}, reckoned`,
        points: of(users, "reckoned"),
        marks: true,
      })),
    ],
  });
}

function weeks({ disclosure }: Figures): string {
  const of = (name: string, value: "first" | "firstTen"): Point[] =>
    (disclosure[name] ?? []).map((result) => [result.weeks, result[value]]);
  return chart({
    title: "Who writes to this reader most? Found among 299 people, by hours online",
    x: { label: "weeks watched", ticks: [1, 2, 4, 8, 16, 26], scale: "log" },
    y: { label: "share of readers", ticks: [0, 0.25, 0.5, 0.75, 1] },
    series: [
      { name: "provider: first", points: of("provider, hours as people keep them", "first") },
      { name: "provider: in first ten", points: of("provider, hours as people keep them", "firstTen") },
      { name: "lines only: in first ten", points: of("line, hours as people keep them", "firstTen") },
      { name: "always on: in first ten", points: of("provider, always on", "firstTen") },
    ],
  });
}

type Point = readonly [x: number, y: number];

interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  /** Points alone, without a line. */
  readonly marks?: boolean;
}

interface Chart {
  readonly title: string;
  readonly x: { readonly label: string; readonly ticks: readonly number[]; readonly scale: "log" };
  readonly y: { readonly label: string; readonly ticks: readonly number[] };
  readonly series: readonly Series[];
}

const SIZE = { width: 720, height: 380 } as const;
const AREA = { left: 64, right: 500, top: 48, bottom: 316 } as const;

/** Colours that keep apart on white and on near-black, also for most who see few colours (after Okabe and Ito). */
const LIGHT = ["#0072b2", "#d55e00", "#007a5a", "#8a5a9e", "#6b6b6b", "#a06a00"] as const;
const DARK = ["#56b4e9", "#ff9e4a", "#3ccf9f", "#d9a0e6", "#b0b0b0", "#e6c229"] as const;

export function chart({ title, x, y, series }: Chart): string {
  const [x0, x1] = [Math.log(x.ticks[0] as number), Math.log(x.ticks.at(-1) as number)];
  const [y0, y1] = [y.ticks[0] as number, y.ticks.at(-1) as number];
  const atX = (value: number): number => AREA.left + ((Math.log(value) - x0) / (x1 - x0)) * (AREA.right - AREA.left);
  const atY = (value: number): number => AREA.bottom - ((value - y0) / (y1 - y0)) * (AREA.bottom - AREA.top);
  const grid = y.ticks.map((tick) => {
    const place = round(atY(tick));
    return `<path class="grid" d="M${AREA.left} ${place}H${AREA.right}"/><text class="end" x="${AREA.left - 10}" y="${place + 4}">${tick}</text>`;
  });
  const below = x.ticks.map((tick) => {
    const place = round(atX(tick));
    return `<path class="tick" d="M${place} ${AREA.bottom}v5"/><text class="middle" x="${place}" y="${AREA.bottom + 20}">${tick}</text>`;
  });
  const drawn = series.map(({ name, points, marks }, i) => {
    const places = points.map(([px, py]) => [round(atX(px)), round(atY(py))] as const);
    const way =
      marks === true ? "" : `<path class="line s${i}" d="M${places.map((place) => place.join(" ")).join("L")}"/>`;
    const dots = places.map(([px, py]) => mark(i, px, py, marks === true));
    const row = AREA.top + 12 + i * 24;
    const key = `${mark(i, AREA.right + 26, row - 4, marks === true)}<text x="${AREA.right + 40}" y="${row}">${name}</text>`;
    return (places.length > 0 ? way + dots.join("") : "") + key;
  });
  const middle = (AREA.left + AREA.right) / 2;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img">
<title>${title}</title>
<style>${style()}</style>
<rect class="page" width="${SIZE.width}" height="${SIZE.height}"/>
<text class="title" x="${AREA.left}" y="26">${title}</text>
${grid.join("\n")}
${below.join("\n")}
<text class="middle" x="${middle}" y="${AREA.bottom + 44}">${x.label}</text>
<text class="middle" transform="translate(18 ${(AREA.top + AREA.bottom) / 2}) rotate(-90)">${y.label}</text>
${drawn.join("\n")}
</svg>
`;
}

/** Shapes differ too, for whoever prints in grey. */
function mark(index: number, x: number, y: number, isHollow: boolean): string {
  const look = isHollow ? `hollow h${index}` : `dot d${index}`;
  if (index % 3 === 0) return `<circle class="${look}" cx="${x}" cy="${y}" r="4"/>`;
  if (index % 3 === 1) return `<rect class="${look}" x="${x - 3.5}" y="${y - 3.5}" width="7" height="7"/>`;
  return `<path class="${look}" d="M${x} ${round(y - 4.5)}l4.5 8h-9z"/>`;
}

function style(): string {
  return [
    "text{font:13px system-ui,sans-serif;fill:#222}.title{font-weight:600;font-size:15px}.end{text-anchor:end}",
    ".middle{text-anchor:middle}.page{fill:#fff}.grid{stroke:#ddd}.tick{stroke:#888}.line{fill:none;stroke-width:2}",
    `.hollow{fill:none;stroke-width:2}${colours(LIGHT)}`,
    `@media(prefers-color-scheme:dark){text{fill:#ddd}.page{fill:#16181d}.grid{stroke:#333842}${colours(DARK)}}`,
  ].join("");
}

/** One colour for each series. */
const colours = (of: readonly string[]): string =>
  of.map((colour, i) => `.s${i},.h${i}{stroke:${colour}}.d${i}{fill:${colour}}`).join("");

const round = (value: number): number => Math.round(value * 10) / 10;
