/** `run`: one node in this process, until it is asked to stop. */

import { readConfig } from "./config.ts";
import { startConfigured } from "./start.ts";
import { readArgs } from "./usage.ts";

export async function run(args: string[]): Promise<void> {
  const { positionals } = readArgs(args, {}, 1);
  const running = await startConfigured(readConfig(positionals[0] as string));
  // Whoever started it may have gone without reading this.
  process.stdout.on("error", () => undefined);
  process.stdout.write(`${JSON.stringify({ ready: true, ...running.ready })}\n`);
  const stop = (): void => {
    process.removeListener("SIGTERM", stop);
    process.removeListener("SIGINT", stop);
    void running.stop();
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}
