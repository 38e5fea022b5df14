/** `restored`: to be called once after a provider's database was put back from a backup, before the provider runs. */

import { existsSync } from "node:fs";
import { ProviderDatabase, sentenceFor } from "../database/database.ts";
import { ServerError } from "../errors.ts";
import { NUMBERS_SKIPPED, skipNumbersInUse } from "../mailbox/after-restore.ts";
import { readConfig } from "./config.ts";
import { markDatabase } from "./in-use.ts";
import { readArgs } from "./usage.ts";

export async function restored(args: string[]): Promise<void> {
  const { positionals } = readArgs(args, {}, 1);
  const path = positionals[0] as string;
  const config = readConfig(path);
  if (config.role !== "provider") throw new ServerError("CONFIG", `${path}: role: expected "provider".`);
  // Opening would make a new one.
  if (!existsSync(config.database))
    throw new ServerError("CONFIG", `${path}: database: expected the file that was restored, at ${config.database}.`);
  const todo = "Stop it, put the backup in its place again, and call this once more.";
  const inUse = markDatabase(config.database, todo);
  const database = new ProviderDatabase(config.database);
  try {
    const mailboxes = skipNumbersInUse(database);
    process.stdout.write(`next entries' numbers raised by ${NUMBERS_SKIPPED} in ${mailboxes} mailboxes\n`);
  } catch (error) {
    throw sentenceFor(config.database, error);
  } finally {
    database.close();
    inUse.release();
  }
}
