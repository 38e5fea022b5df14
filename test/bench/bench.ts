/** `npm run bench -- <name> [--json]`: each bench prints a table, or with --json one object, and exits 1 when over its bar. */

import { runClientBench } from "./client.ts";
import { runDeliveryBench } from "./delivery.ts";
import { runMixBench } from "./mix.ts";
import { runSphinxBench } from "./sphinx.ts";

const BENCHES: Readonly<Record<string, (options: { json: boolean; words: readonly string[] }) => Promise<boolean>>> = {
  client: runClientBench,
  delivery: runDeliveryBench,
  mix: runMixBench,
  sphinx: runSphinxBench,
};

const words = process.argv.slice(2);
const name = words.find((word) => !word.startsWith("--"));
const bench = name === undefined ? undefined : BENCHES[name];
if (bench === undefined) {
  console.error(`Usage: npm run bench -- <${Object.keys(BENCHES).join("|")}> [--json]`);
  process.exitCode = 2;
} else if (!(await bench({ json: words.includes("--json"), words }))) {
  process.exitCode = 1;
}
