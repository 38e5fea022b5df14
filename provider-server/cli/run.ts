/** `run`: one node in this process, until it is asked to stop. */

import { readConfig } from "./config.ts";
import { startConfigured } from "./start.ts";
import { readArgs } from "./usage.ts";

export async function run(args: string[]): Promise<void> {
  const { positionals } = readArgs(args, {}, 1);
  for (const signal of SIGNALS) process.on(signal, leave);
  const running = await startConfigured(readConfig(positionals[0] as string));
  // Whoever started it may have gone without reading this.
  process.stdout.on("error", () => undefined);
  process.stdout.write(`${JSON.stringify({ ready: true, ...running.ready })}\n`);
  const stop = (): void => {
    for (const signal of SIGNALS) process.removeListener(signal, stop);
    void running.stop();
  };
  for (const signal of SIGNALS) {
    process.on(signal, stop);
    process.removeListener(signal, leave);
  }
}

/** Nothing has left yet that had to be ended well; but the first process of a container dies of no signal that it does not hear. */
const leave = (): void => process.exit();

const SIGNALS = ["SIGTERM", "SIGINT"] as const;
