/** `run`: one node in this process, until it is asked to stop. */

import { writeSync } from "node:fs";
import { sentenceForEnd } from "../database/database.ts";
import { readConfig } from "./config.ts";
import { EXIT_DAMAGED } from "./limits.ts";
import { startConfigured } from "./start.ts";
import { readArgs } from "./usage.ts";

export async function run(args: string[]): Promise<void> {
  const { positionals } = readArgs(args, {}, 1);
  for (const signal of SIGNALS) process.on(signal, leave);
  const config = readConfig(positionals[0] as string);
  if (config.role === "provider") endWith(config.database);
  const running = await startConfigured(config);
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

/** A database that fails while the daemon runs ends it, with a sentence in place of a stack. Anything else stays the bug that it is. */
function endWith(database: string): void {
  const end = (error: unknown): void => {
    const sentence = sentenceForEnd(database, error);
    if (sentence === undefined) {
      process.removeListener("uncaughtException", end);
      process.nextTick(() => {
        throw error;
      });
      return;
    }
    try {
      writeSync(process.stderr.fd, `${sentence.text}\n`);
    } finally {
      process.exit(sentence.isDamage ? EXIT_DAMAGED : 1);
    }
  };
  process.on("uncaughtException", end);
}

/** Nothing has left yet that had to be ended well; but the first process of a container dies of no signal that it does not hear. */
const leave = (): void => process.exit();

const SIGNALS = ["SIGTERM", "SIGINT"] as const;
