/**
 * `npm run local-client`: a client of the mix network that serves other programs of this machine, in whatever language, from its
 * start until it is asked to end. Guide: docs/integrate.md
 */

import { writeSync } from "node:fs";
import { join } from "node:path";
import { ArgumentError, asksForHelp, readArguments } from "../core/command-line.ts";
import { SystemClock } from "../core/system-clock.ts";
import { SystemRandom } from "../core/system-random.ts";
import { Faults } from "./faults.ts";
import { LocalClient } from "./local-client.ts";
import { StartError } from "./start-error.ts";

const STANDARD_ERROR = 2;
const USAGE = `usage: npm run local-client -- --folder FOLDER [--invite INVITE] [--name NAME]
  --folder   where everything of this client is kept, its socket too; made when there is none
  --invite   from a provider's operator, for the first start. Other users may see it in the list of processes: written into
             FOLDER/invite (mode 600) it is read from there
  --name     the part of the address before the @, for the first start; a random one unless given`;

// npm runs a script in the package's folder; paths in arguments are meant from where its user stands.
const { npm_lifecycle_event: script, INIT_CWD: stands } = process.env;
if (script === "local-client" && stands !== undefined) process.chdir(stands);
// The store, its key and the socket are their owner's alone.
process.umask(0o077);

try {
  if (asksForHelp(process.argv)) process.stdout.write(`${USAGE}\n`);
  else await run(process.argv.slice(2));
} catch (error) {
  // What a user can put right is one sentence; anything else is a bug and keeps its stack.
  if (!(error instanceof StartError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error.code === "USAGE" ? 2 : 1;
}

async function run(args: string[]): Promise<void> {
  if (process.platform === "win32")
    throw new StartError("Local clients need Unix domain sockets: there is none on Windows yet.");
  const { folder, invite, name } = read(args);
  const clock = new SystemClock();
  const faults = new Faults({ clock, write: (line) => void writeSync(STANDARD_ERROR, line) });
  const stop = (exitCode: number): void => {
    process.removeAllListeners("SIGTERM").removeAllListeners("SIGINT");
    process.exitCode = exitCode;
    if (client === undefined) process.exit();
    void client.stop();
  };
  // Undefined while it joins.
  let client: LocalClient | undefined = undefined;
  client = await LocalClient.start({
    folder,
    invite,
    name,
    clock,
    random: new SystemRandom(),
    onFault: (error) => faults.say(error),
    onEnd(error) {
      faults.say(error);
      stop(1);
    },
  });
  process.on("SIGTERM", () => stop(0));
  process.on("SIGINT", () => stop(0));
  // Whoever started it may have gone without reading this.
  process.stdout.on("error", () => undefined);
  process.stdout.write(`${JSON.stringify({ ready: true, address: client.address, socket: join(folder, "socket") })}\n`);
}

function read(args: string[]): { folder: string; invite: string | undefined; name: string | undefined } {
  const text = { type: "string" } as const;
  try {
    const { folder, invite, name } = readArguments({
      args,
      options: { folder: text, invite: text, name: text },
    }).values;
    if (folder === undefined) throw new ArgumentError("--folder is missing.");
    return { folder, invite, name };
  } catch (error) {
    throw error instanceof ArgumentError ? new StartError(error.message, "USAGE") : error;
  }
}
