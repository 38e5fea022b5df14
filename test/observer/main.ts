/**
 * `npm run observer`: everything of docs/anonymity.md at full size, some fifteen minutes. Prints the figures; with --write they become
 * those of the release: test/observer/figures.json and the plots in docs/plots. With --plots it only draws the release's again.
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Figures, FIGURES_FILE, measure, releasedFigures } from "./figures.ts";
import { plots } from "./plot.ts";

const { values: options } = parseArgs({ options: { write: { type: "boolean" }, plots: { type: "boolean" } } });
if (options.plots) writePlots(releasedFigures());
else run();

function run(): void {
  const begin = performance.now();
  const measured = measure((line) => process.stderr.write(`${line} ...\n`));
  const minutes = Math.round((performance.now() - begin) / 60_000);
  const figures: Figures = { about: { ...about(), minutes }, ...measured };
  const text = `${JSON.stringify(figures, undefined, 1)}\n`;
  process.stdout.write(text);
  if (!options.write) return;
  writeFileSync(FIGURES_FILE, text);
  writePlots(figures);
}

function writePlots(of: Figures): void {
  const folder = fileURLToPath(new URL("../../docs/plots/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  for (const [name, svg] of Object.entries(plots(of))) writeFileSync(`${folder}${name}.svg`, svg);
}

function about(): Omit<Figures["about"], "minutes"> {
  const [cpu] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return {
    commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim(),
    node: process.version,
    machine: `${cpus().length} cores of ${cpu?.model.trim() ?? "unknown"}, ${gigabytes} GB`,
    day: new Date().toISOString().slice(0, 10),
  };
}
