/**
 * `npm run observer`: everything of docs/anonymity.md at full size, some fifteen minutes. Prints the figures; with --write they become
 * those of the release: test/observer/figures.json and the plots in docs/plots.
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Figures, FIGURES_FILE, measure } from "./figures.ts";
import { plots } from "./plot.ts";

const { values: options } = parseArgs({ options: { write: { type: "boolean" }, plots: { type: "boolean" } } });
const begin = performance.now();
const measured = measure((line) => process.stderr.write(`${line} ...\n`));
const figures: Figures = { about: about(), ...measured };
process.stdout.write(`${JSON.stringify(figures, undefined, 1)}\n`);
if (options.write) {
  writeFileSync(FIGURES_FILE, `${JSON.stringify(figures, undefined, 1)}\n`);
  writePlots(figures);
}

function writePlots(of: Figures): void {
  const folder = fileURLToPath(new URL("../../docs/plots/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  for (const [name, svg] of Object.entries(plots(of))) writeFileSync(`${folder}${name}.svg`, svg);
}

function about(): Figures["about"] {
  const [cpu] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return {
    commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim(),
    node: process.version,
    machine: `${cpus().length} cores of ${cpu?.model.trim() ?? "unknown"}, ${gigabytes} GB`,
    day: new Date().toISOString().slice(0, 10),
    minutes: Math.round((performance.now() - begin) / 60_000),
  };
}
