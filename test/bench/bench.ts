/** `npm run bench -- <name> [--json]`: each bench prints a table, or with --json one object, and exits 1 when over its bar. */

import { ArgumentError, asksForHelp } from "#transport/core/command-line.ts";

type Bench = (options: { json: boolean; words: readonly string[] }) => Promise<boolean>;

/** Loaded when asked for: what one measures is not in the memory of another. */
const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  browser: async () => (await import("./browser.ts")).runBrowserBench,
  client: async () => (await import("./client.ts")).runClientBench,
  idle: async () => (await import("./idle.ts")).runIdleBench,
  connections: async () => (await import("./connections.ts")).runConnectionsBench,
  delivery: async () => (await import("./delivery.ts")).runDeliveryBench,
  mix: async () => (await import("./mix.ts")).runMixBench,
  queue: async () => (await import("./queue.ts")).runQueueBench,
  signatures: async () => (await import("./signatures.ts")).runSignatureBench,
  sphinx: async () => (await import("./sphinx.ts")).runSphinxBench,
};

const words = process.argv.slice(2);
const name = words.find((word) => !word.startsWith("--"));
const load = name === undefined || !Object.hasOwn(BENCHES, name) ? undefined : BENCHES[name];
if (asksForHelp(words)) {
  console.log(`Usage: npm run bench -- <${Object.keys(BENCHES).join("|")}> [--json]`);
} else if (load === undefined) {
  console.error(new ArgumentError(`A bench is one of ${Object.keys(BENCHES).join(", ")}.`).message);
  process.exitCode = 2;
} else {
  const bench = await load();
  if (!(await bench({ json: words.includes("--json"), words }))) process.exitCode = 1;
}
