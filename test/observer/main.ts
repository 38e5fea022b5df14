/**
 * `npm run observer`: everything of docs/anonymity.md at full size, many minutes. Prints the figures; with --write they become
 * those of the release: test/observer/figures.json, the tables of the page and the plots. With --publish it only writes the release's again.
 * With --only providers, or --only clocks, it measures that part alone and keeps the other figures.
 * With --pair NAME it measures one pair experiment (test/observer/experiments.ts) and prints that.
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { argumentsOrExit } from "#transport/core/command-line.ts";
import { type Figures, FIGURES_FILE, measure, measurePair, measurePart, PARTS, releasedFigures } from "./figures.ts";
import { plots } from "./plot.ts";
import { fill } from "./tables.ts";

const { values: options } = argumentsOrExit({
  args: process.argv.slice(2),
  usage: `Usage: npm run observer [-- [--write] [--publish] [--only ${PARTS.join("|")}] [--pair NAME]]`,
  options: {
    write: { type: "boolean" },
    publish: { type: "boolean" },
    only: { type: "string" },
    pair: { type: "string" },
  },
});
if (options.pair !== undefined) console.log(JSON.stringify(measurePair(options.pair), undefined, 1));
else if (options.publish) publish(releasedFigures());
else run();

function run(): void {
  const figures = options.only === undefined ? everything() : only(options.only);
  const text = `${JSON.stringify(figures, undefined, 2)}\n`;
  process.stdout.write(text);
  if (!options.write) return;
  writeFileSync(FIGURES_FILE, text);
  publish(figures);
}

function tell(line: string): void {
  process.stderr.write(`${line} ...\n`);
}

function everything(): Figures {
  return { about: about(), later: {}, ...measure(tell) };
}

function only(wanted: string): Figures {
  const part = PARTS.find((name) => name === wanted);
  if (part === undefined) throw new Error(`there is no part "${wanted}", but: ${PARTS.join(", ")}`);
  const released = releasedFigures();
  const later = { ...released.later, [part]: about() };
  return { ...measurePart(part, released, tell), about: released.about, later };
}

function publish(of: Figures): void {
  const folder = fileURLToPath(new URL("../../docs/plots/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  for (const [name, svg] of Object.entries(plots(of))) writeFileSync(`${folder}${name}.svg`, svg);
  const page = fileURLToPath(new URL("../../docs/anonymity.md", import.meta.url));
  writeFileSync(page, fill(readFileSync(page, "utf8"), of));
}

function about(): Figures["about"] {
  const [cpu] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return {
    commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim(),
    node: process.version,
    machine: `${cpus().length} cores of ${cpu?.model.trim() ?? "unknown"}, ${gigabytes} GB`,
    day: new Date().toISOString().slice(0, 10),
  };
}
