/** `invite`: a line that brings someone to this provider, with a code where sign-up asks for one. */

import { SystemRandom } from "#transport/core/system-random.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { encodeInvite } from "#transport/directory/invite.ts";
import { linkKeyOf } from "#transport/link/link-key.ts";
import { createInvite } from "../accounts/invites.ts";
import { ProviderDatabase, sentenceFor } from "../database/database.ts";
import { MIGRATIONS } from "../database/migrations.ts";
import { ServerError } from "../errors.ts";
import { readConfig } from "./config.ts";
import { markDatabase } from "./in-use.ts";
import { readKeyFile } from "./key-file.ts";
import { readNetwork } from "./network.ts";
import { readArgs } from "./usage.ts";

export async function invite(args: string[]): Promise<void> {
  const { values, positionals } = readArgs(args, { uses: { type: "string", default: "1" } }, 1);
  const path = positionals[0] as string;
  const config = readConfig(path);
  if (config.role !== "provider") throw new ServerError("CONFIG", `${path}: role: expected "provider" to invite to.`);
  const uses = Number(values.uses);
  if (!Number.isSafeInteger(uses) || uses < 1 || uses > 1_000_000)
    throw new ServerError("USAGE", "--uses is from 1 to 1,000,000");
  const primitives = await loadSuite("xwing", "native");
  const { hash: networkHash } = readNetwork(config.networkFile, primitives);
  const linkKey = linkKeyOf(primitives, readKeyFile(config.keyFile).linkSeed);
  const code = config.signUp.policy === "invite" ? newCode(config.database, uses, primitives) : "";
  const address = config.address ?? config.listen;
  if (address.endsWith(":0"))
    throw new ServerError("CONFIG", `${path}: address: expected host:port, since listen has port 0.`);
  process.stdout.write(`${encodeInvite({ address, linkKey, domain: config.domain, networkHash, code })}\n`);
}

function newCode(path: string, uses: number, primitives: Awaited<ReturnType<typeof loadSuite>>): string {
  const database = openBeside(path);
  try {
    return createInvite(database, { uses, random: new SystemRandom(), primitives });
  } catch (error) {
    throw sentenceFor(path, error);
  } finally {
    database.close();
  }
}

/** A daemon may be running on it. One of an older version would have its tables changed under it: it has to do that itself. */
function openBeside(path: string): ProviderDatabase {
  const version = ProviderDatabase.versionOf(path);
  if (version === 0 || version >= MIGRATIONS.length) return new ProviderDatabase(path);
  const todo =
    "It is of an older version than this program: start it again with this one, which brings the database up to date, and call this once more.";
  const inUse = markDatabase(path, todo);
  try {
    return new ProviderDatabase(path);
  } finally {
    inUse.release();
  }
}
